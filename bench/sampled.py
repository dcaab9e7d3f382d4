"""What bench/sampling profiles: --threads that each go down --depth calls again and again, and know by their own clock when they stood still.

Says "ready PID". At each line on its input it says "STILL TURNS SECONDS": the milliseconds that the first thread stood still for 50 µs
or longer at a time, how often it went down, and the time since it was asked last.
"""
import argparse
import os
import sys
import threading
import time

clock = time.perf_counter
GAP = 50e-6


def bottom(state):
    """About a millisecond of work; it counts for how long nothing went on."""
    last = clock()
    end = last + 0.001
    while last < end:
        now = clock()
        if now - last > GAP:
            state[0] += now - last
        last = now
    state[1] += 1


def chain(depth):
    """Functions that call each other, each by a name of its own: level_1 calls level_2, and so on."""
    names = {"level_%d" % depth: bottom}
    for level in range(depth - 1, 0, -1):
        exec("def level_%d(state):\n    level_%d(state)\n" % (level, level + 1), names)
    return names["level_1"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--depth", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    first = chain(arguments.depth - 2)
    states = [[0.0, 0] for _ in range(arguments.threads)]

    def run(state):
        while True:
            first(state)
    for state in states:
        threading.Thread(target=run, args=(state,), daemon=True).start()
    print("ready %d" % os.getpid(), flush=True)
    still, turns, began = 0.0, 0, clock()
    while sys.stdin.readline():
        now = clock()
        state = list(states[0])
        print("%.3f %d %.6f" % ((state[0] - still) * 1e3, state[1] - turns, now - began), flush=True)
        still, turns, began = state[0], state[1], now


main()
