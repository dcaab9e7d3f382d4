"""Fires texts while a tracer is there, and prints by how many KiB that made it grow. Arguments: the module's folder, and how many firings."""

import sys
import time

sys.path.insert(0, sys.argv[1])
import sonde_usdt as usdt  # noqa: E402


def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


provider = usdt.Provider("memory")
probe = provider.add_probe("said", str, bytes, int)
provider.load()
print("ready", flush=True)
while not probe.is_enabled:
    time.sleep(0.002)
for number in range(1000):
    probe.fire("x" * 1000, b"y" * 5000, number)
before = resident()
for number in range(int(sys.argv[2])):
    probe.fire("x" * 1000, b"y" * 5000, number)
print("grown", resident() - before, flush=True)
sys.stdin.readline()
