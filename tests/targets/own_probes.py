"""Defines probes with sonde_usdt (its folder is the first argument), fires them when a tracer is there, and prints what it fired."""

import random
import sys
import time

sys.path.insert(0, sys.argv[1])
import sonde_usdt as usdt  # noqa: E402

FIRINGS = int(sys.argv[2])
provider = usdt.Provider("shop")
probe = provider.add_probe(
    "every_kind", usdt.int8, usdt.uint8, usdt.int16, usdt.uint16, usdt.int32, usdt.uint32, int, usdt.uint64, usdt.single, float, str, bytes,
    names=["i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "single", "number", "text", "data"])
unheard = provider.add_probe("unheard", str)
provider.load()
print("ready", flush=True)
while not probe.is_enabled:
    time.sleep(0.002)
assert not unheard.is_enabled and not unheard.fire("nobody")
numbers = random.Random(3)
letters = "abcXYZ019 äöü漢字\U0001f40d-_/"
for _ in range(FIRINGS):
    bits = numbers.getrandbits(64)
    signed = lambda size: (bits & (1 << size) - 1) - (1 << size if bits >> size - 1 & 1 else 0)
    unsigned = lambda size: bits & (1 << size) - 1
    # Halves have one spelling.
    single, double = float(unsigned(16)) + 0.5, -float(unsigned(32)) - 0.25
    text = "t" + "".join(numbers.choice(letters) for _ in range(numbers.randrange(30)))
    data = bytes(bytearray((bits >> 8 * i & 0x7f) | 0x80 for i in range(4)))
    arguments = (signed(8), unsigned(8), signed(16), unsigned(16), signed(32), unsigned(32), signed(64), unsigned(64), single, double, text, data)
    assert probe.fire(*arguments)
    print(" ".join(str(argument) for argument in arguments[:11]) + " " + "".join("\\x%02x" % byte for byte in bytearray(data)), flush=True)
while probe.is_enabled:
    time.sleep(0.002)
provider.unload()
assert not probe.fire(*arguments)
provider.load()
provider.unload()
print("done", flush=True)
