"""Functions whose calls, arguments, variables, results and exceptions are known.

Says "ready PID", waits for a line, makes ROUNDS rounds of calls, says "done", and ends after another line.
"""
import os
import sys

ROUNDS = 50


def plain(a, b):
    return a + b


def constant():
    return 42


def text(name, other=u"\u00e9t\u00e9"):
    return name * 2


def real(x):
    return x / 2


def many(none, true, large, some):
    return None


def named(secret_of_forty_characters_or_even_some_more=7):
    return secret_of_forty_characters_or_even_some_more


def closure(n):
    def inner(k):
        return n + k
    return inner


class Shop(object):
    def buy(self, item, count):
        price = count * 3
        return self.pay(price)

    def pay(self, price):
        return price


def numbers(n):
    for i in range(n):
        yield i


def recursive(n):
    return n if n == 0 else recursive(n - 1)


def raises(n):
    raise KeyError(n)


def ends():
    return next(iter([]))


def catches(function, *arguments):
    try:
        function(*arguments)
    except Exception:
        return None


def finished():
    pass


def main():
    shop, inner = Shop(), closure(10)
    print("ready %d" % os.getpid())
    sys.stdout.flush()
    sys.stdin.readline()
    for i in range(ROUNDS):
        plain(i, -2 * i)
        constant()
        text("abc")
        real(2.5)
        many(None, True, 1 << 80, [1])
        named()
        inner(i)
        shop.buy("apple", i)
        list(numbers(3))
        recursive(4)
        catches(raises, i)
        catches(ends)
    finished()
    print("done")
    sys.stdout.flush()
    sys.stdin.readline()


main()
