"""Makes a sub-interpreter, says "ready PID", and after a line on its input works in the main one for as many seconds of processor time as it is told, and in the other for a moment
now and then; says "done" then."""
import os
import sys
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters


def work(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def enter():
    interpreters.run_string(made[0], "for _ in range(1000): pass")


def main():
    print("ready", os.getpid(), flush=True)
    sys.stdin.readline()
    for _ in range(20):
        enter()
        work(float(sys.argv[1]) / 20)
    print("done", flush=True)
    sys.stdin.readline()


made = [interpreters.create()]
main()
