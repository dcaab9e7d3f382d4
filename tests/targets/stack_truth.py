"""Threads that wait at known points of all kinds of Python code. Says "ready PID"; at each line on its input it says
"truth JSON": what Python itself knows of the frames of all threads at that moment."""
import functools
import gc
import json
import os
import re
import sys
import threading

try:
    import asyncio
except ImportError:
    asyncio = None
try:
    import _interpreters as interpreters
except ImportError:
    try:
        import _xxsubinterpreters as interpreters
    except ImportError:
        interpreters = None

gate = threading.Lock()
gate.acquire()
arrived = []
native = {}


# Each thread's own frame where it waits. sys._current_frames() would make objects of a sub-interpreter's frames in the main one's memory, which 3.12 does not survive.
waiting = {}


def here():
    waiting[threading.get_ident()] = sys._getframe(); arrived.append(1); gate.acquire()
    return 1


def recurse(depth):
    return here() if depth == 0 else 1 + recurse(depth - 1)


def shallow():
    recurse(2)


def deep():
    recurse(150)


def produce(count):
    for number in range(count):
        yield number + here()


def delegate():
    yield from produce(3)


def generators():
    total = 0
    for value in delegate():
        total += value
    return total


async def inner(value):
    return (value +
            here())


async def outer():
    return [await inner(1),
            await inner(2)]


def coroutines():
    try:
        outer().send(None)
    except StopIteration:
        pass


def callbacks():
    sorted([2, 1], key=lambda item: functools.reduce(
        lambda left, right: left + here(), [item, 1]))


def substitution():
    re.sub("a", lambda match: str(here()), "bab")


def exceptions():
    try:
        try:
            raise ValueError("first")
        except ValueError:
            raise KeyError("second")
    except KeyError:
        here()
    finally:
        arrived.append(0)


def class_bodies():
    class Outer:
        class Inner:
            value = here()
    return Outer


def comprehensions():
    return {key: [here() for _ in range(1)] for key in (1,)}, sum(here() for _ in range(1))


class Special:
    def __init__(self, value=0):
        self.value = value or here()

    def __add__(self, other):
        return here()

    def __getitem__(self, item):
        return here()

    @property
    def attribute(self):
        return here()

    def __enter__(self):
        return here()

    def __exit__(self, *_):
        return None

    def __call__(self, *arguments, **keywords):
        return here()

    def __del__(self):
        if self.value == 7:
            here()

    @classmethod
    def made(cls):
        return cls()


def initialise():
    return Special.made()


def add():
    return Special(1) + Special(2)


def item():
    return Special(1)[
        0]


def attribute():
    return Special(1).attribute


def context():
    with Special(1):
        pass


def call():
    Special(1)(1, *(2, 3), key=4)


def delete():
    gone = Special(7)
    del gone


def decorate(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)
    return wrapper


@decorate
def decorated(value):
    def nested():
        return value + here()
    return nested()


def compiled():
    exec(compile("\n\nhere()\n", "made up", "exec"), globals())


def large_cells(first=1, *others, **rest):
    captured = first
    return (lambda: [captured for _ in range(here())])()


SUBINTERPRETER = """
import json, os, sys

def wait_below(reader, writer):
    def say():
        frame, frames = sys._getframe(1), []
        while frame:
            frames.append([frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno])
            frame = frame.f_back
        os.write(writer, (json.dumps(frames) + chr(10)).encode())
    say(); os.read(reader, 1)

wait_below(%d, %d)
"""


def subinterpreter(truth_writer):
    reader, _ = os.pipe()
    number = interpreters.create()
    run = getattr(interpreters, "run_string", None) or interpreters.exec
    waiting[threading.get_ident()] = sys._getframe()
    run(number, SUBINTERPRETER % (reader, truth_writer))


WORK = [shallow, deep, generators, coroutines, callbacks, substitution, exceptions, class_bodies, comprehensions, initialise, add, item, attribute, context, call, delete,
        functools.partial(decorated, 1), compiled, large_cells]


def run(work):
    native[threading.get_ident()] = int(os.readlink("/proc/thread-self").rpartition("/")[2])
    work()


def describe(frame, names):
    code = frame.f_code
    position = None
    if sys.version_info >= (3, 11):
        position = list(code.co_positions())[frame.f_lasti // 2]
    return {
        "name": code.co_name,
        "qualified": getattr(code, "co_qualname", None) or names.get(id(code)),
        "file": code.co_filename,
        "line": frame.f_lineno,
        "position": position,
    }


def frames_of(frame, names):
    frames = []
    while frame:
        frames.append(describe(frame, names))
        frame = frame.f_back
    return frames


def truth():
    names = {}
    if sys.version_info < (3, 11):
        # The functions of class bodies, which are not optimized, and those that pass for another are not called as what is in the source.
        optimized = 1
        functions = [found for found in gc.get_objects() if type(found) is type(truth)]
        names = {id(found.__code__): found.__qualname__ for found in functions if found.__code__.co_flags & optimized and not hasattr(found, "__wrapped__")}
    threads = []
    known = {thread.ident: thread.name for thread in threading.enumerate()}
    # This function will have returned.
    for ident, frame in [(threading.get_ident(), sys._getframe(1))] + list(waiting.items()):
        threads.append({"ident": ident, "native": native.get(ident), "name": known.get(ident), "frames": frames_of(frame, names)})
    return {"threads": threads, "main": threading.main_thread().ident}


def answer():
    print("truth " + json.dumps(truth()), flush=True); return os.read(0, 100)


def main():
    native[threading.get_ident()] = os.getpid()
    sub_frames = None
    for number, work in enumerate(WORK):
        name = "work %d \u00fc\u2603\U0001f40d" % number
        threading.Thread(target=run, args=(work,), name=name, daemon=True).start()
    if interpreters is not None:
        reader, writer = os.pipe()
        threading.Thread(target=run, args=(functools.partial(subinterpreter, writer),), name="host", daemon=True).start()
        sub_frames = os.read(reader, 1 << 16).decode()
    while len(arrived) < len(WORK):
        gate.acquire(timeout=0.001)
    print("ready %d" % os.getpid(), flush=True)
    print("sub " + (sub_frames or "none").strip(), flush=True)
    os.read(0, 100)
    while answer():
        pass


if __name__ == "__main__":
    main()
