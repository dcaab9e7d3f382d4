"""Recursion: descend() calls itself --depth deep, --times times over. "ready PID", a line to begin, "done DEPTHS"."""
import argparse
import os
import sys
import threading


def descend(depth):
    return 0 if depth == 0 else 1 + descend(depth - 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--depth", type=int, default=900)
    parser.add_argument("--times", type=int, default=10)
    arguments = parser.parse_args()
    sys.setrecursionlimit(arguments.depth + 100)
    threading.stack_size(512 << 20)
    reached = []

    def dive():
        for _ in range(arguments.times):
            reached.append(descend(arguments.depth))

    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    thread = threading.Thread(target=dive, name="diver")
    thread.start()
    thread.join()
    print("done %d" % sum(reached), flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
