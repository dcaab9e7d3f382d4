"""Calls the library by the names and types that Python bindings of libstapsdt use: plain addresses and ints, in place of what C declares with "..."."""

import ctypes
import os
import time

library = ctypes.CDLL("libstapsdt.so")
for name, arguments, result in [
        ("providerInit", [ctypes.c_char_p], ctypes.c_void_p), ("providerAddProbe", [ctypes.c_void_p, ctypes.c_char_p], ctypes.c_void_p),
        ("providerLoad", [ctypes.c_void_p], ctypes.c_int), ("providerUnload", [ctypes.c_void_p], ctypes.c_int), ("providerDestroy", [ctypes.c_void_p], None),
        ("probeFire", [ctypes.c_void_p], None), ("probeIsEnabled", [ctypes.c_void_p], ctypes.c_int)]:
    getattr(library, name).argtypes, getattr(library, name).restype = arguments, result

provider = library.providerInit(b"bound")
probe = library.providerAddProbe(provider, b"said", 3, 8, -4, 8)
assert library.providerLoad(provider) == 0
print("ready", os.getpid(), flush=True)
while not library.probeIsEnabled(probe):
    time.sleep(0.002)
library.probeFire(probe, 5, -7, ctypes.c_char_p("größe".encode()))
# The runtime in the library belongs to the parent's threads; a child must be able to fire all the same, and to load.
child = os.fork()
if child == 0:
    library.probeFire(probe, 6, -8, ctypes.c_char_p(b"child"))
    own = library.providerInit(b"child")
    said = library.providerAddProbe(own, b"said", 1, 8)
    failed = library.providerLoad(own)
    library.probeFire(said, 1)
    library.providerDestroy(own)
    os._exit(7 if failed == 0 else 1)
print("child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
while library.probeIsEnabled(probe):
    time.sleep(0.002)
assert library.providerUnload(provider) == 0 and not library.probeIsEnabled(probe)
library.probeFire(probe, 1, 2, None)
library.providerDestroy(provider)
refused = library.providerInit(b"a:b")
assert library.providerLoad(refused) == -1
print("done", flush=True)
