"""Calls step() about a hundred times a second; makes a sub-interpreter for each line, after "again" instead of the one before, "made N" then, and ends at the line "end" or the end of its input. Says "ready PID" first; with an argument it has one from the beginning."""
import os
import select
import sys

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

made = [interpreters.create()] if len(sys.argv) > 1 else []


def step(count):
    return count + 1


print("ready", os.getpid(), flush=True)
count = 0
while True:
    count = step(count)
    if select.select([sys.stdin], [], [], 0.01)[0]:
        line = sys.stdin.readline().strip()
        if line in ("", "end"):
            break
        if line == "again":
            interpreters.destroy(made.pop())
        made.append(interpreters.create())
        print("made", len(made), flush=True)
for each in made:
    interpreters.destroy(each)
print("done", flush=True)
