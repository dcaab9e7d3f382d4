"""Values of every kind, with what Python itself shows for them.

Says "ready PID", then "value NAME ADDRESS REPR" for each as JSON, then "end"; keeps them all until a line comes,
then calls told(value) with each, and ends at the next line.
With "vanish" as argument it instead changes and frees what it has said.
"""
import sys
# The other programs beside this one are no modules of the standard library, whatever they are called.
sys.path.pop(0)

import array
import collections
import datetime
import decimal
import enum
import fractions
import functools
import json
import os
import pathlib
import types
import uuid
import weakref

VERSION = sys.version_info[:2]
VALUES = []


def add(name, value):
    VALUES.append((name, value))
    return value


# ---- numbers
for number in (0, 1, -1, 7, 255, 2 ** 30 - 1, 2 ** 30, -2 ** 30, 2 ** 60, 2 ** 63, -2 ** 63, 2 ** 64 + 1, 10 ** 40, -(10 ** 100) + 7):
    add("int", number)
for text in ("0.0", "-0.0", "1.0", "0.1", "1e15", "9999999999999998.0", "1e16", "1e17", "123456789012345680.0", "1e-4", "0.00012345", "1e-5", "1.5e-7", "1e22", "1e23",
             "5e-324", "1.7976931348623157e308", "3.141592653589793", "2.5", "100.0", "1234567.891", "inf", "-inf", "nan", "1e100", "12345678901234567890.0", "0.30000000000000004"):
    add("float", float(text))
for real in (1j, -1j, 1 + 2j, -1.5 - 2.25j, complex(-0.0, 1), complex(0, -0.0), complex("nan"), complex(1e20, float("inf")), complex(float("nan"), -float("inf")), 3 + 0j, 0j):
    add("complex", real)
add("bool", True)
add("bool", False)
add("none", None)
add("ellipsis", Ellipsis)
add("notimplemented", NotImplemented)


class MyInt(int):
    pass


class MyStr(str):
    pass


class MyList(list):
    pass


class MyDict(dict):
    pass


class MyTuple(tuple):
    pass


class MySet(set):
    pass


class MyFloat(float):
    pass


with_attribute = MyInt(41)
with_attribute.extra = "yes"
add("int subclass", with_attribute)
add("int subclass", MyInt(2 ** 70))
add("float subclass", MyFloat(2.5))

# ---- texts
for text in (u"", u"plain", u"it's", u'say "x"', u"it's \"both\"", u"back\\slash", u"tab\tline\nreturn\rzero\0bell\x07del\x7f", u"\xe9t\xe9", u"\xa0\xad", u"\u0416\u4e2d\u6587",
             u"\U0001f600 ok", u"\ud800", u"a\udfff\U0001f680", u"\u200b\u202e\u2028\ufeff", u"\U000e0001", u"\U0010ffff", u"x" * 200, u"\u20ac" * 90, u"'" * 3, u"\x80\x9f\xff", u"\u3000",
             u"\ue000", u"e\u0301"):
    add("str", text)
add("str subclass", MyStr(u"sub"))
add("str subclass", MyStr(u"s\u4e2d\U0001f600"))
for data in (b"", b"plain", b"it's", b'say "x"', b"it's \"both\"", b"\x00\x01\t\n\r\\\x7f\x80\xff", b"x" * 300):
    add("bytes", data)
    add("bytearray", bytearray(data))
shifted = bytearray(b"abcdefgh")
del shifted[:3]
add("bytearray shifted", shifted)

# ---- containers
add("list", [])
add("list", [1])
add("list", [1, "two", 3.0, None, [4, [5, [6]]]])
add("list long", list(range(1000)))
add("list subclass", MyList([1, 2]))
loop = [1]
loop.append(loop)
add("list cycle", loop)
add("tuple", ())
add("tuple", (1,))
add("tuple", (1, (2, (3,))))
add("tuple subclass", MyTuple((1, 2)))
tuple_loop = ([],)
tuple_loop[0].append(tuple_loop)
add("tuple cycle", tuple_loop)
Point = collections.namedtuple("Point", "x y")


class Point3(Point):
    pass


add("namedtuple", Point(1, "two"))
add("namedtuple subclass", Point3(1, 2))
add("structseq", os.stat_result(range(10)))
add("dict", {})
add("dict", {"a": 1, "b": [2]})
add("dict general", {1: "one", (2,): None, "three": 3.0})
add("dict long", {i: i * i for i in range(300)})
holes = {str(i): i for i in range(40)}
for i in range(35):
    del holes[str(i)]
add("dict holes", holes)
add("dict subclass", MyDict(a=1))
dict_loop = {}
dict_loop["me"] = dict_loop
add("dict cycle", dict_loop)
add("keys", {"a": 1}.keys())
add("values", {"a": 1}.values())
add("items", {"a": 1, "b": 2}.items())
ordered = collections.OrderedDict([("a", 1), ("b", 2), ("c", 3)])
ordered.move_to_end("a")
add("ordered", ordered)
add("ordered", collections.OrderedDict())
default = collections.defaultdict(list)
default["x"].append(1)
add("defaultdict", default)
add("defaultdict", collections.defaultdict(None))
add("counter", collections.Counter("abracadabra"))
add("counter", collections.Counter())
add("deque", collections.deque())
add("deque", collections.deque([1, 2, 3], maxlen=7))
turned = collections.deque(range(100))
turned.rotate(30)
for i in range(85):
    turned.pop()
add("deque turned", turned)
deque_loop = collections.deque()
deque_loop.append(deque_loop)
add("deque cycle", deque_loop)
add("set", set())
add("set", {1})
add("set", {"b", "a", 3, None})
holed = set(range(100))
for i in range(95):
    holed.discard(i)
add("set holes", holed)
add("set subclass", MySet([1]))
add("frozenset", frozenset())
add("frozenset", frozenset([1, 2]))
add("range", range(10))
add("range", range(1, 10, 3))
add("range", range(0, -10 ** 30, -2))
add("slice", slice(1, None, 2))
add("mappingproxy", types.MappingProxyType({"a": 1}))
add("namespace", types.SimpleNamespace(a=1, b="x"))
add("array", array.array("i", [1, -2, 3]))
add("array", array.array("d", [1.5, 0.1]))
add("array", array.array("f", [0.5, 0.1]))
add("array", array.array("B", []))
add("array", array.array("u", u"a\xe9"))
if VERSION >= (3, 15):
    add("frozendict", frozendict(a=1))
    add("frozendict", frozendict())


# ---- callables, classes, modules
def function(a):
    return a


class Plain(object):
    def __init__(self):
        self.x = 1
        self.y = "two"

    def method(self):
        pass

    class Inner(object):
        pass


class Slotted(object):
    __slots__ = ("first", "second", "unset")

    def __init__(self):
        self.first = 1
        self.second = 2


plain = Plain()
add("function", function)
add("lambda", lambda: 0)
add("method", plain.method)
add("builtin", len)
add("builtin method", [].append)
add("builtin classmethod", dict.fromkeys)
add("descriptor", list.append)
add("slot wrapper", object.__init__)
add("attribute", types.FunctionType.__code__)
add("member", Slotted.first)
add("code", function.__code__)
add("class", Plain)
add("class", Plain.Inner)
add("class", int)
add("class", collections.OrderedDict)
add("class", type)
add("class", datetime.datetime)
add("class", Point)
add("module", json)
add("module", sys)
add("module", os)
add("instance", plain)
add("instance", Plain.Inner())
add("instance", object())
add("slotted", Slotted())
add("property", property())
add("weakref", weakref.ref(plain))
add("memoryview", memoryview(b"abc"))
add("iterator", iter([]))
add("partial type", functools.partial)


def generator():
    yield 1


async def coroutine():
    pass


async def agen():
    yield 1


add("generator", generator())
coroutine_object = coroutine()
add("coroutine", coroutine_object)
add("async generator", agen())

# ---- exceptions
for error in (ValueError("bad"), ValueError(), ValueError("a", 1), KeyError("k"), OSError(2, "No such file"), StopIteration(3), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad")):
    add("exception", error)


class OwnError(Exception):
    pass


add("exception", OwnError("mine", [1]))


# ---- enumerations
class Color(enum.Enum):
    RED = 1
    BLUE = "blue"


class Number(enum.IntEnum):
    ONE = 1


class Flags(enum.Flag):
    R = 1
    W = 2


add("enum", Color.RED)
add("enum", Color.BLUE)
add("int enum", Number.ONE)
add("flag", Flags.R)
if VERSION >= (3, 11):
    add("flags", Flags.R | Flags.W)
add("enum class", Color)

# ---- dates
utc = datetime.timezone.utc
cet = datetime.timezone(datetime.timedelta(hours=1))
add("date", datetime.date(2026, 11, 21))
add("datetime", datetime.datetime(2026, 11, 21, 14, 52))
add("datetime", datetime.datetime(2026, 11, 21, 14, 52, 3))
add("datetime", datetime.datetime(1, 1, 1, 0, 0, 0, 123456))
add("datetime", datetime.datetime(2026, 11, 21, 14, 52, 3, 1, tzinfo=utc))
add("datetime", datetime.datetime(2026, 11, 21, 14, 52, fold=1, tzinfo=cet))
add("time", datetime.time(1, 2))
add("time", datetime.time(1, 2, 3, 4, tzinfo=utc, fold=1))
add("timedelta", datetime.timedelta(0))
add("timedelta", datetime.timedelta(days=-1, seconds=5, microseconds=7))
add("timedelta", datetime.timedelta(seconds=5))
add("timezone", utc)
add("timezone", cet)
add("timezone", datetime.timezone(datetime.timedelta(hours=-5, minutes=30), "EST"))
try:
    import zoneinfo
    add("zone", zoneinfo.ZoneInfo("UTC"))
except Exception:
    pass

# ---- the standard library
for text in ("0", "-1.50", "1E+10", "1E-10", "123456789012345678901234567890.5", "NaN", "sNaN12", "-Infinity", "0.000001", "0.0000001", "-0", "1e5", "12e3"):
    add("decimal", decimal.Decimal(text))
add("fraction", fractions.Fraction(1, 3))
add("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678"))
add("path", pathlib.Path("/usr/lib/x.py"))
add("path", pathlib.PurePosixPath("a/b"))
shown_path = pathlib.Path("/tmp/shown")
str(shown_path)
add("path", shown_path)
add("path", pathlib.Path("."))

# ---- data classes
if VERSION >= (3, 7):
    import dataclasses

    @dataclasses.dataclass
    class Data(object):
        x: int
        y: str = "y"
        secret: str = dataclasses.field(default="s", repr=False)
        kind: "typing.ClassVar" = 1

    @dataclasses.dataclass
    class More(Data):
        z: list = dataclasses.field(default_factory=list)

    @dataclasses.dataclass(repr=False)
    class Quiet(object):
        x: int

    add("dataclass", Data(1))
    add("dataclass", More(1, "two", z=[1]))
    add("dataclass quiet", Quiet(1))
    data_loop = More(1)
    data_loop.z.append(data_loop)
    add("dataclass cycle", data_loop)
if VERSION >= (3, 10):
    @dataclasses.dataclass(slots=True)
    class SlottedData(object):
        x: int
        y: int = 2

    add("dataclass slots", SlottedData(1))


def told(value):
    return value


def main():
    sys.stdout.write("ready %d\n" % os.getpid())
    for name, value in VALUES:
        sys.stdout.write(json.dumps([name, id(value), repr(value)]) + "\n")
    sys.stdout.write("end\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for name, value in VALUES:
        told(value)
    sys.stdin.readline()
    coroutine_object.close()


main()
