"""Places a probe that knows nothing of Python is hit at: system calls, sleep and work on known lines, deep down and in two threads.

Says "ready PID", waits for a line, makes ROUNDS rounds, says "done", and ends after another line.
"""
import os
import sys
import threading
import time

ROUNDS = 50
DEPTH = 300


def ask():
    return os.getppid()


def between():
    before = 0
    return before + ask()


def deep(n):
    if n == 0:
        return os.getpgid(0)
    return deep(n - 1)


def rest():
    time.sleep(0.002)


def work():
    total = 0
    for i in range(20000):
        total += i
    return total


def in_thread():
    for _ in range(ROUNDS):
        os.getuid()


def main():
    for _ in range(ROUNDS):
        between()
        rest()
        work()
    deep(DEPTH)
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()


sys.setrecursionlimit(2 * DEPTH)
print("ready %d" % os.getpid())
sys.stdout.flush()
sys.stdin.readline()
main()
print("done")
sys.stdout.flush()
sys.stdin.readline()
