"""Calls a function of COUNT arguments, watched from outside: CALLS times for every line on its input.

Says "ready PID", and after each line the nanoseconds of processor time that one call took.
"""
import os
import sys
import time

VALUES = [42, "a text of some length", 2.5, None, [1, 2, 3], {"key": "value"}, (1, "two"), b"bytes"]


def main():
    count, calls = int(sys.argv[1]), int(sys.argv[2])
    names = ["value%d" % i for i in range(count)]
    scope = {}
    exec("def valued(%s):\n    return value0\n" % ", ".join(names), scope)
    valued = scope["valued"]
    arguments = [VALUES[i % len(VALUES)] for i in range(count)]
    print("ready %d" % os.getpid(), flush=True)
    for line in sys.stdin:
        # A pause between calls, in microseconds, leaves the reader time; without one it is what it can stand.
        pause = float(line or 0) * 1e3
        spent = 0
        for _ in range(calls):
            begin = time.thread_time_ns()
            valued(*arguments)
            spent += time.thread_time_ns() - begin
            until = time.perf_counter_ns() + pause
            while time.perf_counter_ns() < until:
                pass
        print(spent / calls, flush=True)


main()
