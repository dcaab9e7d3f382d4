"""Forks while its probe is watched; child and parent fire, and wait until nobody listens any more. Arguments: the module's folder, and a directory for the provider's file or -."""

import os
import sys
import time

sys.path.insert(0, sys.argv[1])
import sonde_usdt as usdt  # noqa: E402

provider = usdt.Provider("forked", directory=None if sys.argv[2] == "-" else sys.argv[2])
probe = provider.add_probe("said", int)
provider.load()
print("ready", provider.path, flush=True)
while not probe.is_enabled:
    time.sleep(0.002)
child = os.fork()
if child == 0:
    probe.fire(1)
    while probe.is_enabled:
        time.sleep(0.002)
    # One of its own, as a worker of a server would have it.
    own = usdt.Provider("worker")
    said = own.add_probe("said", int)
    own.load()
    said.fire(3)
    own.unload()
    sys.exit(7)
probe.fire(2)
while probe.is_enabled:
    time.sleep(0.002)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
print("file", provider.path is None or os.path.exists(provider.path), flush=True)
provider.unload()
print("done", flush=True)
