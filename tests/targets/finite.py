"""Calls a function a hundred times a second, for some seconds, and ends."""
import time


def step(count):
    return count + 1


def main():
    count = 0
    for _ in range(800):
        count = step(count)
        time.sleep(0.01)
    print("counted", count)


main()
