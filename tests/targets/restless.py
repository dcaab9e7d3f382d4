"""Two threads whose variables never rest, and are related: j is 7 * i + 3, of this turn of the loop or the last one."""
import os
import sys
import threading


def spin(i):
    j = i * 7 + 3
    pair = [i, j]
    # From here on it is in this function, whenever it is stopped.
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    while True:
        i = i + 1
        j = i * 7 + 3
        pair = [i, j]


def inner(x):
    y = x * 7 + 3
    both = (x, y)
    return both


def outer(a):
    while True:
        a = a + 1
        inner(a)


worker = threading.Thread(target=outer, args=(10 ** 9,))
worker.daemon = True
worker.start()
spin(10 ** 9)
