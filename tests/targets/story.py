"""Some thirty functions that do, between them, everything whose telling could go wrong; run() runs them all and returns what came of it."""
import asyncio
import threading


def arithmetic(a, b=3):
    total = a + b
    total *= 2
    half = total / 4
    half, total = total, half
    return half - total


def strings(text):
    upper = text.upper()
    parts = upper.split(" ")
    joined = "-".join(parts)
    quoted = "it's \"%s\"" % joined
    return quoted.encode("utf-8")


def grows(count):
    items = []
    for i in range(count):
        items.append(i * i)
    items[0] = "first"
    del items[1]
    items.sort(key=str)
    return items


def dictionaries():
    ages = {"Ann": 30}
    ages["Bob"] = 25
    ages.update(Cid=[1, 2])
    ages["Cid"].append(3)
    del ages["Ann"]
    for name, age in ages.items():
        last = (name, age)
    return last


def sets(values):
    seen = set()
    for value in values:
        if value in seen:
            continue
        seen.add(value)
    frozen = frozenset(seen)
    seen.clear()
    return len(frozen), seen


def leaf(n):
    return n + 1


def branch(n):
    first = leaf(n)
    second = leaf(first)
    return first * second


def nested(n):
    result = branch(n) + branch(n + 1)
    return result


def factorial(n):
    if n <= 1:
        return 1
    smaller = factorial(n - 1)
    return n * smaller


def counter(start):
    count = start

    def increment(by=1):
        nonlocal count
        count += by
        return count

    increment()
    increment(by=5)
    return count


def cells(n):
    functions = []
    for i in range(n):
        functions.append(lambda: i)
    total = sum(f() for f in functions)
    return total


def defaults(a, b=[], *, c=None, **rest):
    b.append(a)
    c = c or len(rest)
    return b[-1], c


def everything(first, *args, key="k", **kwargs):
    args = args + (first,)
    kwargs[key] = args
    return sorted(kwargs)


def divides(a, b):
    return a // b


def catches(a):
    try:
        result = divides(a, 0)
    except ZeroDivisionError as error:
        result = str(error)
    return result


def reraises(a):
    try:
        divides(a, 0)
    except ZeroDivisionError:
        a = -a
        raise
    finally:
        a = "finally"


def converts(a):
    try:
        reraises(a)
    except ArithmeticError as error:
        raise KeyError("converted", a) from error


def cleans(flag):
    log = []
    try:
        log.append("try")
        if flag:
            return log
        log.append("more")
    finally:
        log.append("finally")
    return log + ["end"]


class Suppress:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        handled = kind is LookupError
        return handled


def suppressed():
    with Suppress() as context:
        raise LookupError("inside")
    return context is not None


def loops(limit):
    found = None
    for i in range(limit):
        if i == 1:
            continue
        if i == 3:
            found = i
            break
    else:
        found = "else"
    while limit > 0:
        limit -= 2
    else:
        limit = "done"
    return found, limit


def one_line_loops(n):
    total = 0
    for i in range(n): total += i
    while total: total -= 1
    return total


def comprehensions(n):
    squares = [i * i for i in range(n)]
    even = {i: i % 2 == 0 for i in squares}
    unique = {v for v in even.values()}
    total = sum(i for i in squares if i)
    return squares, even, len(unique), total


def one_line(x): return x * 2


def many_lines(a, b):
    value = (a +
             b *
             2)
    pair = [
        value,
        value + 1,
    ]
    return (
        pair
    )


def numbers(n):
    for i in range(n):
        got = yield i
        if got:
            n = got
    return "exhausted"


def delegates(n):
    result = yield from numbers(n)
    yield result


def consumes():
    total = 0
    for number in numbers(3):
        total += number
    stepper = numbers(2)
    next(stepper)
    stepper.send(5)
    stepper.close()
    return total, list(delegates(2))


def throws():
    generator = numbers(3)
    next(generator)
    try:
        generator.throw(ValueError("thrown"))
    except ValueError as error:
        text = repr(error)
    return text


async def sleeps(n):
    await asyncio.sleep(0)
    doubled = n * 2
    return doubled


async def counts(n):
    for i in range(n):
        yield i


async def gathers():
    results = await asyncio.gather(sleeps(1), sleeps(2))
    async for i in counts(2):
        results.append(i)
    return results


def coroutines():
    return asyncio.run(gathers())


class Account:
    rate = 2

    def __init__(self, owner, balance=0):
        self.owner = owner
        self.balance = balance

    def deposit(self, amount):
        self.balance += amount
        return self.balance

    @property
    def interest(self):
        value = self.balance * self.rate
        return value

    @classmethod
    def empty(cls, owner):
        return cls(owner)

    @staticmethod
    def fee(amount):
        return amount // 10


class Savings(Account):
    def deposit(self, amount):
        before = self.balance
        after = super().deposit(amount - self.fee(amount))
        return before, after


def classes():
    account = Account.empty("Ann")
    account.deposit(5)
    savings = Savings("Bob", 100)
    moved = savings.deposit(50)
    return account.interest, moved


def long_values():
    text = "abc" * 100
    numbers_ = list(range(200))
    numbers_[150] = "changed"
    deep = [[[["deep"]]]]
    deep[0][0][0].append(text)
    return {"text": text, "numbers": numbers_}


def unicode_names(größe):
    名前 = "日本" * größe
    naïve = {"ключ": 名前}
    return naïve


def shadows(value):
    value = [value]
    alias = value
    alias.append(alias)
    del alias
    alias = None
    return len(value)


def unwinds(n):
    if n == 0:
        raise RuntimeError("bottom")
    unwinds(n - 1)


def loops_until(is_over):
    rounds = 0
    while not is_over():
        rounds += 1
    return rounds


def works(name, rounds):
    done = []
    for i in range(rounds):
        done.append((name, i))
    return done


def attempt(function, *args):
    """Not told about: the results and exceptions of all others."""
    try:
        return repr(function(*args))
    except Exception as error:
        return "%s: %s" % (type(error).__name__, error)


def run():
    results = [attempt(*call) for call in (
        (arithmetic, 4), (strings, "hello wörld"), (grows, 4), (dictionaries,), (sets, [1, 2, 1]), (nested, 1), (factorial, 4), (counter, 10), (cells, 1),
        (defaults, 1), (defaults, 2), (everything, 1, 2), (catches, 7), (reraises, 7), (converts, 8), (cleans, True), (cleans, False), (suppressed,), (loops, 5), (loops, 2),
        (one_line_loops, 3), (comprehensions, 4), (one_line, 3), (many_lines, 1, 2), (consumes,), (throws,), (coroutines,), (classes,), (long_values,), (unicode_names, 2), (shadows, 1), (unwinds, 3),
    )]
    threads = [threading.Thread(target=works, args=("thread %d" % i, 3), name="worker-%d" % i) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
