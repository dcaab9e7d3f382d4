"""Calls of known shape, round after round, until a line arrives on its input (its end counts too).

Says "ready PID TID", where TID is the worker thread's id where the interpreter knows it, else 0; waits for a line and
begins. A round is once_around() -> Outer.call -> middle -> inner, and once_around() -> slow -> quick, nap, quick; nap
takes 20 ms. The worker thread calls tick() every 5 ms. Says "done ROUNDS".
"""
import os
import sys
import threading
import time

stop = False
worker_id = 0
started = threading.Event()


def inner(value):
    return value + 1


def middle(value):
    return inner(value)


class Outer:
    def call(self, value):
        return middle(value)


def quick():
    return 1


def nap():
    time.sleep(0.02)


def slow():
    quick()
    nap()
    quick()


def once_around():
    Outer().call(1)
    slow()


def tick():
    return 1


def work():
    global worker_id
    worker_id = threading.get_native_id() if hasattr(threading, "get_native_id") else 0
    started.set()
    while not stop:
        tick()
        time.sleep(0.005)


def wait():
    global stop
    sys.stdin.readline()
    stop = True


def main():
    threading.Thread(target=work, name="worker", daemon=True).start()
    started.wait()
    print("ready %d %d" % (os.getpid(), worker_id), flush=True)
    sys.stdin.readline()
    threading.Thread(target=wait, name="waiter", daemon=True).start()
    rounds = 0
    while not stop:
        once_around()
        rounds += 1
    print("done %d" % rounds, flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
