"""Calls one function as often as it is told, as fast as it can, and nothing else.

Says "ready PID", waits for a line, calls step() COUNT times, says "done" and waits for another line.
"""
import os
import sys

COUNT = int(sys.argv[1])


def step(value):
    return value + 1


def main():
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    value = 0
    while value < COUNT:
        value = step(value)
    print("done %d" % value, flush=True)
    sys.stdin.readline()


main()
