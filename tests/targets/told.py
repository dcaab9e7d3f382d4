"""Calls functions with arguments that are hard to show. Says "ready PID", works after a line, says "done N", ends after another line.

"changes": the lists that are given are changed and emptied by the function itself, 200 times.
"hostile": sizes and pointers in objects that lie, for the time of the call.
"load N": N calls, as fast as it can.
"shapes": arguments of every form, once.
"""
import sys
sys.path.pop(0)

import ctypes
import os


def changed(number, items, named):
    items.append("later")
    named["later"] = number
    del items[:]
    named.clear()
    items.extend([0] * 50)
    return items


def told(what, value):
    return what


def busy(number, items, text):
    return number


def changes():
    for number in range(200):
        changed(number, [number, str(number)], {"n": number})
    return 200


class Word(object):
    """8 bytes of memory that are something else for a while."""

    def __init__(self, address, value):
        self.word = ctypes.c_uint64.from_address(address)
        self.value = value

    def __enter__(self):
        self.before = self.word.value
        self.word.value = self.value

    def __exit__(self, *_):
        self.word.value = self.before


class Large(object):
    def __init__(self):
        self.x = 1


KEPT = []


def hostile():
    told("self", KEPT)
    KEPT.append(KEPT)
    told("cycle", KEPT)
    told("gigabyte", "g" * (1 << 30))
    told("deep", nest(500))
    told("wide", [[[i, [i]] for i in range(100)] for _ in range(100)])
    items = [1, 2, 3]
    for size in (1 << 62, (1 << 64) - 1, 1 << 40):
        with Word(id(items) + 16, size):
            told("list size", items)
    with Word(id(items) + 24, 0xdeadbeeff000):
        told("list items", items)
    for pointer in (0x41414141_41414141, 0x1000, id(items) + 4):
        values = [object(), 2]
        place = ctypes.c_uint64.from_address(id(values) + 24).value
        with Word(place, pointer):
            told("item", values)
    text = "".join(["some ", "text"])
    with Word(id(text) + 16, 1 << 60):
        told("text", text)
    pair = tuple([1, 2])
    with Word(id(pair) + 16, 1 << 61):
        told("tuple", pair)
    thing = Large()
    with Word(id(Large) + 32, 1 << 50):
        told("type size", thing)
    with Word(id(Large) + 24, 0x7fff_ffff_f000):
        told("type name", thing)
    keys = {"a": 1, "b": 2}
    with Word(id(keys) + 32, id(items)):
        told("dict keys", keys)
    some = {1, 2, 3}
    with Word(id(some) + 32, (1 << 62) - 1):
        told("set mask", some)
    number = 10 ** 50
    if sys.version_info < (3, 12):
        with Word(id(number) + 16, 1 << 50):
            told("int size", number)
    told("end", None)
    return 0


def nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def load(count):
    items, text = list(range(20)), "x" * 100
    for number in range(count):
        busy(number, items, text)
    return count


def shapes():
    def plain(a, b=2, *rest, key=None, **named):
        return a

    def kept(a, b):
        return lambda: (a, b)

    def steps(n):
        for i in range(n):
            yield i

    plain(1)
    plain(1, 3, 4, 5, key="k", other=6)
    kept([1], "two")
    list(steps(2))
    return 0


def main():
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    sys.stdin.readline()
    mode = sys.argv[1]
    done = load(int(sys.argv[2])) if mode == "load" else {"changes": changes, "hostile": hostile, "shapes": shapes}[mode]()
    sys.stdout.write("done %d\n" % done)
    sys.stdout.flush()
    sys.stdin.readline()


main()
