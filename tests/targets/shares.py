"""Burns known shares of its own processor time in known functions, and says at the end how much each took.

shares.py SECONDS [sleep]: half, three_tenths and two_tenths of the time; with "sleep", 40 % of the time by the clock is spent in rest, the rest in half.
Says "ready PID", waits for a line, and ends after another line.
"""
import os
import sys
import time

clock = time.thread_time if hasattr(time, "thread_time") else time.process_time
spent = {}


def burn(name, until):
    start = clock()
    x = 0
    while clock() < until:
        for i in range(200):
            x += i
    spent[name] = spent.get(name, 0) + clock() - start


def half(seconds):
    burn("half", clock() + seconds * 0.5)


def three_tenths(seconds):
    burn("three_tenths", clock() + seconds * 0.3)


def two_tenths(seconds):
    burn("two_tenths", clock() + seconds * 0.2)


def rest(seconds):
    start = time.time()
    time.sleep(seconds)
    spent["rest"] = spent.get("rest", 0) + time.time() - start


def main():
    seconds = float(sys.argv[1])
    begin = time.time()
    cpu = clock()
    while clock() - cpu + spent.get("rest", 0) < seconds:
        if len(sys.argv) > 2:
            half(0.06)
            rest(0.02)
        else:
            half(0.01)
            three_tenths(0.01)
            two_tenths(0.01)
    print("done cpu=%.6f wall=%.6f %s" % (clock() - cpu, time.time() - begin, " ".join("%s=%.6f" % item for item in sorted(spent.items()))))


print("ready %d" % os.getpid())
sys.stdout.flush()
sys.stdin.readline()
main()
sys.stdout.flush()
sys.stdin.readline()
