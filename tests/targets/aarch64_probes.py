"""Fires probes on aarch64 and has the kernel tell their arguments where the probes' notes say they are: one of sonde_usdt, and one of a provider that .NET made.

Runs as root. Nothing of Sonde's is in between: the notes are read here, and the kernel's own uprobe events (Documentation/trace/uprobetracer.rst) do the tracing.
Arguments: the module's folder, and the other provider's file. Both have a probe with an argument of every kind first."""

import ctypes

import platform
import random
import re
import struct
import sys

sys.path.insert(0, sys.argv[1])
import sonde_usdt as usdt  # noqa: E402

TRACING = "/sys/kernel/tracing/"
FIRINGS = 200
kept = []


def write(file, text, mode="w"):
    with open(TRACING + file, mode) as out:
        out.write(text)


def notes(path):
    """The SystemTap notes of an ELF64 file: site and semaphore as offsets in the file, provider, name, operands."""
    with open(path, "rb") as file:
        image = file.read()
    table, = struct.unpack_from("<Q", image, 40)
    length, count, names = struct.unpack_from("<HHH", image, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", image, table + i * length) for i in range(count)]
    base = next(section[3] for section in sections if image[sections[names][4] + section[0]:].startswith(b".stapsdt.base\0"))
    for _, kind, _, _, offset, size, *_ in sections:
        at = offset
        while kind == 7 and at < offset + size:
            owner, described, number = struct.unpack_from("<III", image, at)
            name = image[at + 12:at + 12 + owner]
            start = at + 12 + (owner + 3) // 4 * 4
            if (name, number) == (b"stapsdt\0", 3):
                site, was, semaphore = struct.unpack_from("<QQQ", image, start)
                assert was == base, (was, base)
                yield tuple(in_file(image, address) for address in (site, semaphore)) + tuple(text.decode() for text in image[start + 24:start + described].split(b"\0")[:3])
            at = start + (described + 3) // 4 * 4


def in_file(image, address):
    start, = struct.unpack_from("<Q", image, 32)
    length, count = struct.unpack_from("<HH", image, 54)
    for kind, _, offset, virtual, _, size, *_ in (struct.unpack_from("<IIQQQQQQ", image, start + i * length) for i in range(count)):
        if kind == 1 and virtual <= address < virtual + size:
            return address - virtual + offset
    raise AssertionError(address)


def fetched(operand, place):
    """An operand of a note as an argument of a uprobe event. The last two are texts."""
    size, where = operand.split("@")
    register = re.match(r"(x\d+)$", where)
    value = "%" + register.group(1) if register else "+%d(%%sp)" % int(re.match(r"\[sp, (\d+)\]$", where).group(1))
    if place >= 10:
        return "+0(%s):ustring" % value
    return value + ":" + ("s" if size.startswith("-") else "u" if not size.endswith("f") else "x") + str(8 * abs(int(size.rstrip("f"))))


def samples():
    numbers = random.Random(5)
    for number in range(FIRINGS):
        bits = numbers.getrandbits(64)
        whole = [((bits & (1 << 8 * size) - 1) ^ sign) - sign for size in (1, 2, 4, 8) for sign in (1 << 8 * size - 1, 0)]
        yield whole, float(bits & 0xffff) + 0.5, -float(bits >> 32) - 0.25, "text %d" % number, b"bytes %d" % number


def single(value):
    return struct.unpack("<I", struct.pack("<f", value))[0]


def double(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def address(text):
    kept.append(ctypes.create_string_buffer(text))
    return ctypes.addressof(kept[-1])


def traced(what, path, is_enabled, fire):
    """Fires the first probe of a provider while the kernel traces it, and prints how many firings were told and how many of them rightly."""
    site, semaphore, _, _, operands = next(notes(path))
    print(what, "operands", operands)
    places = enumerate(re.findall(r"\S+@(?:\[.*?\]|\S+)", operands))
    print(what, "enabled", is_enabled())
    write("uprobe_events", "p:arm/%s %s:0x%x(0x%x) %s\n" % (what, path, site, semaphore, " ".join("a%d=%s" % (place, fetched(one, place)) for place, one in places)))
    write("events/arm/%s/enable" % what, "1")
    print(what, "enabled", is_enabled())
    expected = []
    for whole, half, quarter, text, data in samples():
        fire(whole, half, quarter, text, data)
        words = whole + ["0x%x" % single(half), "0x%x" % double(quarter), '"%s"' % text, '"%s"' % data.decode()]
        expected.append(" ".join("a%d=%s" % pair for pair in enumerate(words)))
    write("events/arm/%s/enable" % what, "0")
    print(what, "enabled", is_enabled())
    with open(TRACING + "trace") as trace:
        told = [line.split(") ", 1)[1].strip() for line in trace if what + ":" in line]
    print(what, "told", len(told), "right", sum(map(str.__eq__, told, expected)))
    write("uprobe_events", "")


print("machine", platform.machine())
with usdt.Provider("arm", directory="/tmp") as provider:
    kinds = [usdt.int8, usdt.uint8, usdt.int16, usdt.uint16, usdt.int32, usdt.uint32, usdt.int64, usdt.uint64, usdt.single, float, str, bytes]
    probe, other = provider.add_probe("twelve", *kinds), provider.add_probe("other", int)
    provider.load()
    traced("python", provider.path, lambda: (probe.is_enabled, other.is_enabled), lambda whole, *rest: probe.fire(*(whole + list(rest))))
assert not probe.fire(*[None] * 12)

# The stub is called as .NET and C call it: as a function of twelve words.
library = ctypes.CDLL(sys.argv[2])
site, semaphore, _, name, _ = next(notes(sys.argv[2]))
stub = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 12)((name, library))
start = ctypes.cast(stub, ctypes.c_void_p).value - site
counted = ctypes.c_uint16.from_address(start + semaphore)
traced("dotnet", sys.argv[2], lambda: counted.value,
       lambda whole, half, quarter, text, data: stub(*(whole + [single(half), double(quarter), address(text.encode()), address(data)])))
print("done")
