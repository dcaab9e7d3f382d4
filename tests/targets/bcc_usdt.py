"""Lists a process's USDT probes as BCC finds them, which is what its tplist prints. Arguments: the path of libbcc, the process, the provider."""

import ctypes
import sys


# struct bcc_usdt, bcc_usdt_location and bcc_usdt_argument of BCC's bcc_usdt.h
class Probe(ctypes.Structure):
    _fields_ = [("provider", ctypes.c_char_p), ("name", ctypes.c_char_p), ("file", ctypes.c_char_p), ("semaphore", ctypes.c_uint64),
                ("locations", ctypes.c_int), ("arguments", ctypes.c_int), ("semaphore_offset", ctypes.c_uint64)]


class Location(ctypes.Structure):
    _fields_ = [("address", ctypes.c_uint64), ("file", ctypes.c_char_p)]


class Argument(ctypes.Structure):
    _fields_ = [("size", ctypes.c_int), ("valid", ctypes.c_int), ("constant", ctypes.c_longlong), ("offset", ctypes.c_int),
                ("symbol", ctypes.c_char_p), ("base", ctypes.c_char_p), ("index", ctypes.c_char_p), ("scale", ctypes.c_int)]


library = ctypes.CDLL(sys.argv[1])
Found = ctypes.CFUNCTYPE(None, ctypes.POINTER(Probe))
library.bcc_usdt_new_frompid.restype = ctypes.c_void_p
library.bcc_usdt_new_frompid.argtypes = [ctypes.c_int, ctypes.c_char_p]
library.bcc_usdt_foreach.argtypes = [ctypes.c_void_p, Found]
library.bcc_usdt_get_location.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(Location)]
library.bcc_usdt_get_argument.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, ctypes.POINTER(Argument)]
context = library.bcc_usdt_new_frompid(int(sys.argv[2]), None)
probes = []
library.bcc_usdt_foreach(context, Found(lambda probe: probes.append((probe.contents.provider, probe.contents.name, probe.contents.semaphore_offset, probe.contents.locations, probe.contents.arguments))))
for provider, name, semaphore, locations, arguments in probes:
    if provider.decode() == sys.argv[3]:
        location, operands = Location(), []
        library.bcc_usdt_get_location(context, provider, name, 0, ctypes.byref(location))
        for number in range(arguments):
            argument = Argument()
            library.bcc_usdt_get_argument(context, provider, name, 0, number, ctypes.byref(argument))
            operands.append("%d@%s%s" % (argument.size, argument.base.decode(), "%+d" % argument.offset if argument.valid & 2 else ""))
        print(provider.decode(), name.decode(), locations, "0x%x" % semaphore, *operands)
