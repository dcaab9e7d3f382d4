"""Calls a function about a hundred times a second until there is a line of input, or its end, and for two minutes at most; says whether all counted, and ends."""
import select
import sys
import time


def step(count):
    return count + 1


def main():
    count = rounds = 0
    end = time.time() + 120
    while time.time() < end and not select.select([sys.stdin], [], [], 0.01)[0]:
        count = step(count)
        rounds += 1
    print("counted", count, "right" if count == rounds else "wrong")


main()
