"""A program whose calls are known: every way Python code comes to run, each a known number of times.

  known_calls.py --truth         runs the section under the interpreter's own instruments and prints what it called
  known_calls.py                 says "ready PID", waits for a line, runs the same section untouched between
                                 sonde_section_begin() and sonde_section_end(), says "done CHECKSUM", and waits
                                 for another line (or the end of its input) before it exits

Runs on CPython 3.6 and later with the standard library alone.
"""
import argparse
import asyncio
import collections
import contextlib
import copy
import functools
import gc
import itertools
import json
import os
import pickle
import re
import sys
import threading
import weakref

sys.dont_write_bytecode = True


# Functions

def add(left, right=1, *rest, scale=1, **named):
    return (left + right + sum(rest) + sum(named.values())) * scale


def plain_calls():
    total = 0
    for index in range(300):
        total += add(index)
    total += add(1, 2) + add(1, 2, 3, 4) + add(1, scale=3) + add(1, 2, three=3, four=4)
    total += add(*range(5), **{"scale": 2, "extra": 7})
    return total + functools.partial(add, 5, scale=2)(6)


def descend(depth):
    return 0 if depth == 0 else 1 + descend(depth - 1)


def is_even(number):
    return True if number == 0 else is_odd(number - 1)


def is_odd(number):
    return False if number == 0 else is_even(number - 1)


def fibonacci(number):
    return number if number < 2 else fibonacci(number - 1) + fibonacci(number - 2)


def recursion():
    return descend(150) + descend(150) + fibonacci(12) + is_even(40)


def counter(start):
    value = start

    def advance(step):
        nonlocal value
        value += step
        return value

    def undo():
        def back(step):
            return advance(-step)
        return back(1)

    return advance, undo


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) + 1
    return wrapper


@traced
@functools.lru_cache(maxsize=None)
def cached(number):
    return number * 3


def closures():
    advance, undo = counter(10)
    total = sum(advance(step) for step in range(20)) + undo() + undo()
    cached.__wrapped__.cache_clear()
    total += sum(cached(number % 4) for number in range(20))
    return total + (lambda left, right: left * right)(6, 7) + (lambda: (lambda: 5)())()


# Classes

class Field:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else instance.__dict__[self.name]

    def __set__(self, instance, value):
        instance.__dict__[self.name] = value


class Meta(type):
    @classmethod
    def __prepare__(mcs, name, bases, **named):
        return collections.OrderedDict()

    def __new__(mcs, name, bases, namespace, **named):
        return super().__new__(mcs, name, bases, dict(namespace))

    def __init__(cls, name, bases, namespace, **named):
        super().__init__(name, bases, namespace)

    def __call__(cls, *args, **named):
        return super().__call__(*args, **named)


class Point:
    __slots__ = ("x", "y")

    def __new__(cls, *args):
        return super().__new__(cls)

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Point(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __lt__(self, other):
        return (self.x, self.y) < (other.x, other.y)

    def __repr__(self):
        return "(%d, %d)" % (self.x, self.y)

    def __deepcopy__(self, memo):
        return Point(self.x, self.y)

    def __reduce__(self):
        return Point, (self.x, self.y)

    @property
    def length(self):
        return abs(self.x) + abs(self.y)

    @length.setter
    def length(self, value):
        self.x, self.y = value, 0

    @classmethod
    def origin(cls):
        return cls(0, 0)

    @staticmethod
    def distance(left, right):
        return abs(left.x - right.x) + abs(left.y - right.y)


class Odd(Exception):
    def __init__(self, value):
        super().__init__(value)
        self.value = value


class Doomed:
    """Counts its own ends."""
    ended = 0

    def __init__(self, other=None):
        self.other = other

    def __del__(self):
        Doomed.ended += 1


def construction():
    class Base(metaclass=Meta):
        size = Field()
        other = Field()

        def __init_subclass__(cls, **named):
            super().__init_subclass__(**named)

        def __init__(self, size):
            self.size = size
            self.other = size + 1

        def __getattr__(self, name):
            return len(name)

        def __call__(self, value):
            return value + self.size

        def __len__(self):
            return self.size

        def __getitem__(self, index):
            if index >= self.size:
                raise IndexError(index)
            return index

        def __contains__(self, value):
            return value < self.size

    class Derived(Base):
        def __init__(self, size):
            super().__init__(size * 2)

        class Inner:
            def answer(self):
                return 42

    total = 0
    for size in range(1, 6):
        item = Derived(size)
        total += item.size + item.other + item.missing + item(3) + len(item) + (2 in item) + sum(item)
        total += Base(size)(1) + Derived.Inner().answer()
    points = [Point(index % 3, index) for index in range(10)]
    total += len(list(map(Point.__hash__, points))) + len(set(points)) + sorted(points)[0].length
    total += (points[1] + points[2]).length + Point.distance(Point.origin(), points[3])
    points[0].length = 9
    total += points[0].length + len(repr(points[:3]))
    total += copy.deepcopy({"points": points, "more": [points[1]]})["points"][4].y
    return total + pickle.loads(pickle.dumps(points[5])).y


def endings():
    before = Doomed.ended
    for _ in range(20):
        Doomed()
    kept = [Doomed() for _ in range(20)]
    kept.clear()
    for _ in range(10):
        kept.append(Doomed())
        kept[-1].other = Doomed(kept[-1])
    kept.clear()
    gc.collect()
    gone = []
    target = Point.origin

    class Watched:
        pass
    watched = Watched()
    watch = weakref.ref(watched, lambda reference: gone.append(1))
    del watched
    return Doomed.ended - before + len(gone) + (watch() is None) + target().length


# Generators

def numbers(limit):
    for number in range(limit):
        yield number


def echo():
    received = 0
    try:
        while True:
            try:
                received += yield received
            except KeyError:
                received += 100
    finally:
        add(received)


def delegating(limit):
    yield from numbers(limit)
    yield from (number * 2 for number in numbers(limit))
    return limit


def fragile():
    yield 1
    yield 2


def leaving(limit):
    result = yield from delegating(limit)
    yield result


def failing_generator(at):
    for number in range(10):
        if number == at:
            raise Odd(number)
        yield number


def tree(depth):
    if depth:
        yield from tree(depth - 1)
        yield depth
        yield from tree(depth - 1)


class Counting:
    def __init__(self, limit):
        self.limit = limit
        self.next = 0

    def __iter__(self):
        return self

    def __next__(self):
        self.next += 1
        if self.next > self.limit:
            raise StopIteration
        return self.next


def generators():
    total = sum(numbers(50)) + sum(leaving(10)) + sum(tree(5)) + sum(Counting(10)) + sum(delegating(5))
    both = echo()
    next(both)
    for value in range(10):
        total += both.send(value)
    total += both.throw(KeyError)
    both.close()
    dropped = [echo()]
    total += next(dropped[0])
    dropped.clear()
    broken = fragile()
    next(broken)
    try:
        broken.throw(Odd(3))
    except Odd as error:
        total += error.value
    try:
        total += sum(failing_generator(4))
    except Odd as error:
        total += error.value
    first, *rest = numbers(4)
    return total + first + len(rest) + sum(value for value in numbers(20) if value % 2)


def comprehensions():
    squares = [add(value) for value in range(20)]
    pairs = {value: add(value, value) for value in squares if value % 2}
    flat = {inner for outer in [[add(value)] for value in range(5)] for inner in outer}

    def line(row):
        return [column * row for column in range(3)]

    nested = [line(row) for row in range(4)]
    return sum(squares) + sum(pairs.values()) + len(flat) + sum(map(sum, nested)) + sum(
        add(value)
        for value in range(10)
    )


# Exceptions

def raise_at(depth):
    if depth == 0:
        raise Odd(7)
    return raise_at(depth - 1) + 1


def pass_through(depth):
    marks = []
    try:
        return raise_at(depth)
    finally:
        marks.append(add(depth))


def convert(depth):
    try:
        pass_through(depth)
    except Odd as error:
        raise KeyError(error.value) from error


def fail_for_two(value):
    if value == 2:
        raise Odd(value)
    return value


def exceptions():
    total = 0
    for depth in (0, 1, 5, 12):
        try:
            convert(depth)
        except KeyError as error:
            total += error.args[0]
        try:
            raise_at(depth)
        except Odd as error:
            total += error.value
    for attempt in (
            lambda: sorted([1, 2, 3], key=fail_for_two),
            lambda: list(map(fail_for_two, [1, 2])),
            lambda: [fail_for_two(value) for value in (1, 2)],
            lambda: sum(fail_for_two(value) for value in (1, 2)),
            lambda: re.sub("b", lambda match: str(fail_for_two(2)), "abc"),
            lambda: functools.reduce(lambda left, right: fail_for_two(right), [1, 2, 3])):
        try:
            attempt()
        except Odd as error:
            total += error.value
    try:
        class Broken:
            value = fail_for_two(2)
        total += Broken.value
    except Odd as error:
        total += error.value
    return total


class Managed:
    def __init__(self, swallow):
        self.swallow = swallow

    def __enter__(self):
        return 3

    def __exit__(self, kind, value, traceback):
        return self.swallow


@contextlib.contextmanager
def managed(value):
    try:
        yield value
    except Odd:
        add(value)
    finally:
        add(value, 2)


def context_managers():
    total = 0
    for swallow in (True, False):
        try:
            with Managed(swallow) as value:
                total += value
                raise_at(2)
        except Odd:
            total += 1
    with Managed(False) as outer, managed(4) as inner:
        total += outer + inner
    with managed(5) as value:
        total += value
        raise_at(1)
    with contextlib.ExitStack() as stack:
        total += stack.enter_context(managed(6))
        stack.callback(add, 1)
    return total


# Called from C

def encode(value):
    return {"x": value.x, "y": value.y}


def decode(pairs):
    return add(len(pairs))


def compare(left, right):
    return (left > right) - (left < right)


def callbacks():
    words = ["pear", "fig", "banana", "kiwi", "apple"]
    total = len(sorted(words, key=lambda word: (len(word), word))[0])
    total += sorted([3, 1, 2], key=functools.cmp_to_key(compare))[0]
    total += sum(map(add, range(30))) + len(list(filter(is_even, range(10))))
    total += functools.reduce(add, range(10)) + len(max(words, key=len)) + min(range(5), key=lambda value: -value)
    total += len(re.sub("[aeiou]", lambda match: match.group().upper() * 2, " ".join(words)))
    total += len(json.dumps([Point(1, 2), Point(3, 4)], default=encode))
    total += json.loads('[{"a": 1}, {"b": {"c": 2}}]', object_hook=decode)[0]
    total += len(list(itertools.takewhile(lambda value: value < 5, map(add, range(10)))))
    total += sum(len(list(group)) for key, group in itertools.groupby(range(12), key=lambda value: value // 4))
    total += sum(iter(iter([4, 3, 2, 1, 0]).__next__, 0)) + sum(itertools.starmap(add, [(1, 2), (3, 4)]))
    lookup = {Point(index, 0): index for index in range(5)}
    total += lookup[Point(3, 0)] + collections.defaultdict(lambda: 8)["missing"]
    return total + any(is_odd(value) for value in (2, 4)) + all(is_even(value) for value in (2, 4))


def dynamic_code():
    names = {"add": add}
    exec(compile("def made(value):\n    return add(value) + 1\ntotal = sum(made(value) for value in range(5))\n",
                 "<known>", "exec"), names)
    total = names["total"] + eval(compile("add(1, 2) + (lambda value: add(value))(3)", "<known>", "eval"), names)
    for _ in range(2):
        sys.modules.pop("known_module", None)
        import known_module
        total += known_module.VALUE + known_module.Imported().value()
    return total


# Coroutines

class Waiting:
    """Suspends its coroutine once, on a future, which is never None."""
    def __await__(self):
        future = asyncio.get_event_loop().create_future()
        asyncio.get_event_loop().call_soon(self.finish, future)
        return (yield from future)

    def finish(self, future):
        if not future.done():
            future.set_result(2)


async def leaf(value):
    return value + await Waiting()


async def branch(value):
    total = 0
    for _ in range(3):
        total += await leaf(value)
    return total


async def ticks(limit):
    try:
        for value in range(limit):
            await Waiting()
            yield value
    finally:
        add(limit)


class Session:
    async def __aenter__(self):
        return await leaf(1)

    async def __aexit__(self, kind, value, traceback):
        await Waiting()
        return kind is Odd


async def fails(depth):
    await Waiting()
    if depth == 0:
        raise Odd(5)
    return await fails(depth - 1)


async def cancelled():
    try:
        while True:
            await leaf(0)
    except asyncio.CancelledError:
        return 6


async def conversation():
    total = await leaf(1) + sum(await asyncio.gather(*[branch(value) for value in range(5)]))
    async for value in ticks(5):
        total += value
    total += sum([value async for value in ticks(4)])
    several = ticks(10)
    total += await several.__anext__() + await several.asend(None)
    await several.aclose()
    async with Session() as opened:
        total += opened
        await fails(2)
    try:
        await fails(3)
    except Odd as error:
        total += error.value
    task = asyncio.ensure_future(cancelled())
    await leaf(0)
    await leaf(0)
    task.cancel()
    return total + await task


def coroutines():
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return 0 + loop.run_until_complete(conversation())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


# Threads

class Worker(threading.Thread):
    def __init__(self, name, limit):
        super().__init__(name=name)
        self.limit = limit
        self.result = 0

    def run(self):
        self.result = self.work() + descend(20)

    def work(self):
        total = 0
        for value in numbers(self.limit):
            total += add(value)
            try:
                fail_for_two(value)
            except Odd:
                total += 1
        return total


def into(results, value):
    results.append(fibonacci(value))


def threads():
    workers = [Worker("worker-%d" % index, 50) for index in range(4)]
    results = []
    workers.append(threading.Thread(target=into, args=(results, 10)))
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(results) + sum(worker.result for worker in workers[:4])


PARTS = (plain_calls, recursion, closures, construction, endings, generators, comprehensions, exceptions,
         context_managers, callbacks, dynamic_code, coroutines, threads)


def section(rounds):
    total = 0
    for _ in range(rounds):
        for part in PARTS:
            total = (total * 31 + part()) % 1000000007
    return total


def sonde_section_begin():
    return 1


def sonde_section_end():
    return 2


def print_truth(rounds):
    import call_truth
    here = os.path.dirname(__file__)
    files = {__file__, os.path.join(here, "known_module.py"), "<known>",
             contextlib.__file__, copy.__file__, json.encoder.__file__, json.decoder.__file__}
    checksum, counts = call_truth.record(functools.partial(section, rounds), files)
    if counts[Doomed.__del__.__code__][0] != Doomed.ended:
        raise AssertionError("%d objects ended, %s were seen" % (Doomed.ended, counts[Doomed.__del__.__code__]))
    call_truth.show(counts, checksum)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--truth", action="store_true", help="print what the section calls")
    parser.add_argument("--rounds", type=int, default=1, help="how many times the section's parts run")
    arguments = parser.parse_args()
    gc.collect()
    gc.disable()
    if arguments.truth:
        print_truth(arguments.rounds)
        return
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    sonde_section_begin()
    checksum = section(arguments.rounds)
    sonde_section_end()
    print("done %d" % checksum, flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
