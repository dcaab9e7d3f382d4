"""Says "ready PID", then where objects were that are freed by now, as reprs.py does; then "end", and ends after a line."""
import json
import os
import sys


class Plain(object):
    pass


class Slotted(object):
    __slots__ = ("a",)


def main():
    kept = [("instance", [Plain() for _ in range(10)]), ("slotted", [Slotted() for _ in range(10)]), ("list", [[1] for _ in range(10)]),
            ("big list", [list(range(1000)) for _ in range(10)]), ("dict", [{i: i} for i in range(10)]), ("str", ["x%d" % i * 10 for i in range(10)]),
            ("big str", ["y" * (100000 + i) for i in range(10)]), ("bytes", [b"z" * (600 + i) for i in range(10)]), ("int", [10 ** 30 + i for i in range(10)]), ("float", [i / 7 for i in range(10)])]
    # From the middle, since what is freed last is used again first.
    addresses = [(name, id(values[5])) for name, values in kept]
    lines = [json.dumps([name, address, ""]) for name, address in addresses]
    out = sys.stdout
    text = "ready %d\n%s\nend\n" % (os.getpid(), "\n".join(lines))
    data = text.encode()
    del lines, text, addresses
    write, read, number = os.write, os.read, out.fileno()
    for _, values in kept:
        del values[:]
    write(number, data)
    read(0, 1)


main()
