"""Python that calls C that calls Python: native_join.py wait|spin|crash. The chain is leaf, numbers, step, by_key, outer, <module>."""
import functools
import mmap
import os
import sys
import tempfile

file = tempfile.TemporaryFile()
file.truncate(1)
behind_its_file = mmap.mmap(file.fileno(), 1)
file.truncate(0)


def leaf():
    if sys.argv[1] == "spin":
        n = 0
        while True:
            n += 1
    if sys.argv[1] == "crash":
        behind_its_file[0]
    return os.read(0, 1)


def numbers():
    leaf()
    yield 1


def plain(total, value):
    return step(total, value)


def step(total, value):
    return total + value + sum(numbers())


def by_key(value):
    return functools.reduce(plain, [value, 2])


def outer():
    return sorted([3], key=by_key)


print("ready", os.getpid(), flush=True)
outer()
