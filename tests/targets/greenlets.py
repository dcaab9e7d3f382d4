"""Greenlets, suspended at known places: two in the first thread, which waits in a third one, and one in another thread."""
import os
import sys
import threading

from greenlet import getcurrent, greenlet


class Worker(greenlet):
    pass


def leaf(value):
    getcurrent().parent.switch(value)


def branch(value):
    leaf(value)


def waits(opened):
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    opened.set()


def other_leaf():
    getcurrent().parent.switch()


def other(begun, opened):
    suspended = greenlet(other_leaf)
    suspended.switch()
    begun.set()
    opened.wait()


def main():
    begun, opened = threading.Event(), threading.Event()
    thread = threading.Thread(target=other, args=(begun, opened))
    thread.start()
    begun.wait()
    first, second, ended, unused = greenlet(branch), Worker(leaf), greenlet(len), greenlet(branch)
    first.switch(1)
    second.switch(2)
    ended.switch("")
    greenlet(waits).switch(opened)
    thread.join()


main()
