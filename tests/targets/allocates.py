"""Asks for known amounts of memory in known functions: 64 MB in large pieces, 32 MB in pieces of some kilobytes, 16 MB of small objects.

Says "ready PID", waits for a line, says "done", and ends after another line.
"""
import os
import sys

MB = 1 << 20


def large():
    return [bytearray(4 * MB) for _ in range(16)]


def medium():
    return [bytearray(4000) for _ in range(8 * 1024)]


def small():
    return [b"%0100d" % i for i in range(128 * 1024)]


def main():
    return large(), medium(), small()


print("ready %d" % os.getpid())
sys.stdout.flush()
sys.stdin.readline()
kept = main()
print("done")
sys.stdout.flush()
sys.stdin.readline()
