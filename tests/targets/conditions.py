"""Calls tried() with many arguments, and knows for which of them a condition holds.

For each line, a condition: says "truth" with a JSON list of the indices of the calls where Python itself finds it true, then waits for a line and makes all the
calls, then says "called". Says "ready PID" first; an empty line ends it.
"""
import sys
sys.path.pop(0)

import collections
import decimal
import enum
import json
import os
import time

NAN = float("nan")


class Text(str):
    pass


class Empty(object):
    def __len__(self):
        return 0


NUMBERS = [0, 1, -1, 5, 42, 100, 2 ** 30 - 1, 2 ** 30, -2 ** 30, 2 ** 53 + 1, 2 ** 60, 2 ** 62, 2 ** 63 - 1, -2 ** 63 + 1, 2 ** 63, -2 ** 63, 2 ** 64, 10 ** 30, -10 ** 30,
           True, False, 0.0, -0.0, 0.5, -0.5, 5.0, 42.0, 42.5, 1e300, -1e300, 9007199254740992.0, float("inf"), -float("inf"), NAN, None, "42", "", b"42", [], [42], (), {}]
TEXTS = [u"", u"a", u"abc", u"GET /index.html", u"x" * 100, u"x" * 99 + u"y", u"\xe9t\xe9", u"\u65e5\u672c", u"\u65e5\u672c\u8a9e", u"ab\u65e5", u"\U0001f600", u"a\U0001f600b", Text(u"abc"), Text(u"\u65e5\u672c"),
         b"", b"abc", b"\x00\xff", b"y" * 300, bytearray(b"abc"), None, 3]
CONTAINERS = [[], [1], list(range(101)), (), (1, 2), {}, {1: 2}, set(), {1, 2, 3}, frozenset([1]), u"abc", b"ab", None, 7, bytearray(b"xyz")]


class Plain(object):
    limit = 10

    def __init__(self, id, name, items=()):
        self.id = id
        self.name = name
        self.items = list(items)

    @property
    def double(self):
        return 2 * self.id


class Slots(object):
    __slots__ = ("id", "name")

    def __init__(self, id, name):
        self.id = id
        self.name = name


class MoreSlots(Slots):
    __slots__ = ("items", "unset")

    def __init__(self, id, name, items):
        Slots.__init__(self, id, name)
        self.items = items


class Late(object):
    """Attributes that come in another order each time, and go again."""


def late(names, **values):
    made = Late()
    for name in names.split():
        setattr(made, name, values[name])
    made.gone = 1
    del made.gone
    return made


def with_dictionary(made):
    made.__dict__["extra"] = 1  # The attributes move into a dictionary.
    return made


def many(**more):
    found = {"k%d" % index: index for index in range(300)}
    found.update(more)
    for index in range(100):
        del found["k%d" % index]
    return found


OBJECTS = [Plain(5, u"abc", [1, 2, 3, 4]), Plain(-7, u"\u65e5\u672c"), Plain(2 ** 40, None, [[5]]), Plain(2 ** 70, u"big"), Plain(2.5, u"a"), Plain(True, u""), Slots(5, u"abc"), MoreSlots(6, u"x", [1]),
           late("id name items", id=5, name=u"abc", items=[1]), late("items name id", id=8, name=u"b", items=(1, 2, 3, 4)), late("name", name=u"abc"), with_dictionary(Plain(5, u"abc", [7])), Plain(Plain(11, u"inner", [1]), u"outer"), {"id": 5, "name": u"abc", 3: u"x", -1: 1}, {"name": {"id": 4, u"\xe9": 1}}, many(id=5, name=u"abc"),
           {}, [5, u"abc", [1, 2]], [1], (5, u"abc"), (), u"abc", b"abc", 3, len, Plain]


class OwnDictionary(dict):
    """Holds items that it does not give."""

    def __getitem__(self, key):
        raise KeyError(key)


class OwnList(list):
    def __getitem__(self, index):
        raise IndexError(index)


class OwnTuple(tuple):
    def __getitem__(self, index):
        raise IndexError(index)


class Length(list):
    def __len__(self):
        return 0


class Truth(list):
    def __bool__(self):
        return False


class Equal(int):
    def __eq__(self, other):
        return False

    __hash__ = None


class Contains(str):
    def __contains__(self, other):
        return False


class PlainList(list):
    pass


class PlainDictionary(dict):
    pass


class Whole(enum.IntEnum):
    FIVE = 5


Named = collections.namedtuple("Named", "name id items")


class MoreNamed(Named):
    """With a dictionary of its own, and something beside the fields."""
    limit = 5

    @property
    def double(self):
        return 2 * self.id


class NoGetter(Named):
    __slots__ = ()

    def __getitem__(self, index):
        raise IndexError(index)


class Keeps(object):
    """A method, and a plain value, give way to what an instance keeps by the same name."""
    id = 3

    def __init__(self, values):
        self.__dict__.update(values)

    @property
    def unrelated(self):
        return 1

    def items(self):
        return []


class MoreKeeps(Keeps):
    pass


class Shadows(MoreKeeps):
    """What its class computes does not."""

    @property
    def name(self):
        return u"computed"


class MoreShadows(Shadows):
    pass


class OverSlot(Slots):
    """What comes before a slot is asked first."""
    @property
    def name(self):
        return u"computed"


class PlainOverSlot(Slots):
    name = u"plain"


class UnderMixin(PlainOverSlot):
    pass


class Mixin(object):
    __slots__ = ()

    @property
    def id(self):
        return 7


class MixedOverSlot(Mixin, Slots):
    __slots__ = ()


class Replaced(object):
    __slots__ = ("id",)

    def __init__(self, id):
        self.id = id


def replaced(id):
    made = Replaced(id)
    Replaced.id = property(lambda self: 7)
    return made


def over_slot(made, name):
    """Fills the slot itself, whatever is over it."""
    Slots.name.__set__(made, name)
    return made


def unfilled(kind):
    return kind.__new__(kind)


def mixed(id):
    made = unfilled(MixedOverSlot)
    Slots.id.__set__(made, id)
    return made


class OverNumber(OSError):
    """What comes before a built-in type's member is asked first."""
    errno = 7


class UnderSlots(MoreSlots):
    __slots__ = ()


class PlainError(OSError):
    pass


def called(name):
    """An object of a class that is only called as a built-in one is."""
    return type(name, (object,), {"__slots__": ("a", "b", "c")})()


CLASSES = [time.gmtime(5), os.stat_result(range(10)), PlainList([5, u"abc"]), PlainDictionary(id=5, name=u"abc"), Keeps({"id": 5, "items": [1, 2, 3, 4]}), MoreKeeps({"id": 5, "items": [1]}),
           Keeps({u"".join(["i", "d"]): -7, "other": 1}), MoreKeeps({"_%d" % number: number for number in range(50)}),
           UnderSlots(5, u"abc", [1, 2, 3, 4]), PlainError(5, u"abc"), called("NoneTypeProxy"), called("NoneType")]
if sys.version_info >= (3, 8):
    CLASSES += [Named(u"abc", 5, [1, 2, 3, 4]), MoreNamed(u"b", 5, (1,)), MoreNamed(u"abc", -7, [])]

# What a class does in a way of its own is never taken for what its instance holds: (condition, value).
ODD = [("o.name == 'abc'", Shadows({"name": u"abc"})), ("o.name == 'abc'", MoreShadows({"name": u"abc", "id": 5})), ("o == 5", Equal(5)), ("o != 6", Equal(6)), ("len(o) == 1", Length([1])), ("o", Truth([1])),
       ("'b' in o", Contains(u"abc")), ("o[0] == 5", NoGetter(5, 5, 5)), ("o.limit == 5", MoreNamed(1, 2, 3)), ("o.double == 4", MoreNamed(1, 2, 3)),
       ("o.name == 'abc'", over_slot(unfilled(OverSlot), u"abc")), ("o.name == 'abc'", over_slot(unfilled(PlainOverSlot), u"abc")), ("o.name == 'abc'", over_slot(unfilled(UnderMixin), u"abc")),
       ("o.id == 5", mixed(5)), ("o.id == 5", replaced(5)), ("o.errno == 5", OverNumber(5, "abc")),
       ("o == None", called("NoneTypeProxy")), ("o != None", called("NoneType")), ("not o", called("NoneType")), ("o == b''", called("bytearrayX")), ("len(o) == 0", called("bytearray")), ("len(o) == 0", called("set")),
       ("len(o) == 0", called("frozensets")), ("not o", called("float")), ("o == 5", called("float")), ("len(o) == 3", iter(bytearray(b"abc")))]

# Of seven items, which nothing else has.
OWN = [OwnDictionary({"id": 5, "name": u"abc", 0: 5, -1: u"abc", 3: u"x", "k250": 250, 2: 0}), OwnList([5, u"abc", [1, 2], 0, 0, 0, 1]), OwnTuple((5, u"abc", [1, 2], 0, 0, 0, 1))]


def tried(index, n, s, items, o=None, *rest, **named):
    inner = lambda: items
    return index


def odd(number, o):
    return number


def started(index, n):
    yield index
    yield n


CALLS = [(n, u"abc", [], None) for n in NUMBERS] + [(1, s, [1], None) for s in TEXTS] + [(42, u"", items, None) for items in CONTAINERS] + [(1, u"", [], o) for o in OBJECTS + OWN + CLASSES] + [(Whole.FIVE, u"", [], None)]


def truth(condition):
    found = []
    for index, (n, s, items, o) in enumerate(CALLS):
        try:
            if eval(condition, {"len": len}, {"index": index, "n": n, "s": s, "items": items, "o": o, "rest": (), "named": {}}):
                found.append(index)
        except (TypeError, AttributeError, LookupError, ArithmeticError, ValueError):
            pass
    return found


def main():
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    while True:
        condition = sys.stdin.readline().strip()
        if not condition:
            return
        sys.stdout.write("truth %s\n" % json.dumps([condition for condition, _ in ODD] if condition == "odd" else truth(condition)))
        sys.stdout.flush()
        sys.stdin.readline()
        for index, (n, s, items, o) in enumerate(CALLS):
            tried(index, n, s, items, o)
            list(started(index, n))
        for index, (_, o) in enumerate(ODD):
            odd(index, o)
        sys.stdout.write("called\n")
        sys.stdout.flush()


main()
