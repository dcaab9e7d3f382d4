"""USDT probes of your own, in a Python program: one file, no compiler, nothing to install.

    import sonde_usdt

    provider = sonde_usdt.Provider("simplehttp")
    transfer = provider.add_probe("file_transfer", str, str, sonde_usdt.uint32, names=["client", "path", "size"])
    provider.load()

    if transfer.is_enabled:
        transfer.fire("127.0.0.1", "/index.html", 4096)

Tracers see the probe as simplehttp:file_transfer in this process:

    sudo sonde -p PID -e 'usdt:*:simplehttp:file_transfer { printf("%s %s %d\\n", str(args.client), str(args.path), args.size); }'

A probe nobody listens to costs one look at a semaphore. CPython 3.6 and later on Linux, x86-64 and aarch64.
"""

import atexit
import ctypes
import os
import platform
import re
import struct
import threading

__all__ = ["Provider", "Probe", "ArgTypes", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "single", "double", "text", "buffer"]

MOST_ARGUMENTS = 12

# Longer texts and buffers are cut: no tracer copies as much.
MOST_BYTES = 64 << 10


class _Type(object):
    """How tracers see an argument: its size in bytes as a probe's note writes it, negative when it is signed, and "f" behind it for floating point."""

    def __init__(self, name, size, mark=""):
        self.name, self.size, self.mark = name, size, mark

    def __repr__(self):
        return "sonde_usdt." + self.name


int8, uint8 = _Type("int8", -1), _Type("uint8", 1)
int16, uint16 = _Type("int16", -2), _Type("uint16", 2)
int32, uint32 = _Type("int32", -4), _Type("uint32", 4)
int64, uint64 = _Type("int64", -8), _Type("uint64", 8)
single, double = _Type("single", 4, "f"), _Type("double", 8, "f")
text, buffer = _Type("text", 8), _Type("buffer", 8)

_PYTHON_TYPES = {int: int64, bool: uint8, float: double, str: text, bytes: buffer}


class ArgTypes(object):
    """The types by the names libstapsdt's bindings have for them."""

    noarg = None
    uint8, int8, uint16, int16 = uint8, int8, uint16, int16
    uint32, int32, uint64, int64 = uint32, int32, uint64, int64


class _Machine(object):
    """The code a firing calls, and where its arguments then are."""

    def __init__(self, number, stub, back, registers, on_stack, memory_file):
        self.number, self.stub, self.back, self.registers, self.on_stack, self.memory_file = number, stub, back, registers, on_stack, memory_file

    def operand(self, kind, place):
        width = {1: 0, 2: 1, 4: 2, 8: 3}[abs(kind.size)]
        where = self.registers[place][width] if place < len(self.registers) else self.on_stack(place - len(self.registers))
        return "%d%s@%s" % (kind.size, kind.mark, where)


# Tools attach at the one-byte nop, which every kernel emulates. The five-byte nop is for kernels that turn a probe on it into a call, which writes below
# the stack pointer: harmless here, because a stub keeps nothing there.
_MACHINES = {
    "x86_64": _Machine(
        62, b"\x90\x0f\x1f\x44\x00\x00\xc3", b"\xc3",
        [["%dil", "%di", "%edi", "%rdi"], ["%sil", "%si", "%esi", "%rsi"], ["%dl", "%dx", "%edx", "%rdx"], ["%cl", "%cx", "%ecx", "%rcx"],
         ["%r8b", "%r8w", "%r8d", "%r8"], ["%r9b", "%r9w", "%r9d", "%r9"]],
        lambda place: "%d(%%rsp)" % (8 + 8 * place), 319),
    "aarch64": _Machine(
        183, b"\x1f\x20\x03\xd5\xc0\x03\x5f\xd6", b"\xc0\x03\x5f\xd6",
        [["x%d" % number] * 4 for number in range(8)],
        lambda place: "[sp, %d]" % (8 * place), 279),
}

_STRIDE = 16
_PAGE = os.sysconf("SC_PAGESIZE")
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
_libc.syscall.restype = ctypes.c_long

# Called with the interpreter's lock held: it returns at once, and giving the lock away would cost more than the firing.
_FIRE = ctypes.PYFUNCTYPE(None, *[ctypes.c_int64] * MOST_ARGUMENTS)

_NAME = re.compile(r"[^:/\s\x00-\x1f\x7f]{1,128}\Z")

# Pages of providers that are gone, by their length and that of the code at their start. They are never unmapped: a thread may be about to look at a semaphore there.
_spare = {}


def _checked(name, what):
    if not isinstance(name, str) or not _NAME.match(name):
        raise ValueError("%r cannot be the name of a %s: 1 to 128 characters, none of them a colon, a slash, a blank or a control character" % (name, what))
    return name


def _align(value, to):
    return (value + to - 1) // to * to


class _Image(object):
    """The shared object of a provider (ELF64): a stub, a semaphore and a SystemTap note for each probe."""

    def __init__(self, machine, provider, probes):
        self.machine = machine
        names, places = b"\0", []
        for name in [probe.name for probe in probes] + [provider + ".so"]:
            places.append(len(names))
            names += name.encode() + b"\0"

        header = 64 + 3 * 56
        self.code = _align(header, 16)
        code = b"".join(machine.stub + machine.back * ((_STRIDE - len(machine.stub)) // len(machine.back)) for _ in probes)
        base = self.code + len(code)
        strings = base + 1
        symbols = _align(strings + len(names), 8)
        chains = _align(symbols + 24 * (1 + len(probes)), 8)
        end = chains + 4 * (4 + len(probes))
        self.data = _align(end, _PAGE)
        dynamic = self.data
        self.semaphores = dynamic + 7 * 16
        self.end = self.semaphores + max(1, 2 * len(probes))

        symbol_bytes = b"\0" * 24 + b"".join(
            struct.pack("<IBBHQQ", places[i], 0x12, 0, 1, self.stub(i), len(machine.stub)) for i in range(len(probes)))
        chain_bytes = struct.pack("<III", 1, 1 + len(probes), 1 if probes else 0) + b"".join(
            struct.pack("<I", 0 if i in (0, len(probes)) else i + 1) for i in range(1 + len(probes)))
        dynamic_bytes = b"".join(struct.pack("<qQ", *entry) for entry in [
            (14, places[-1]), (4, chains), (5, strings), (6, symbols), (10, len(names)), (11, 24), (0, 0)])
        notes = b"".join(self.note(b"stapsdt", 3, struct.pack("<QQQ", self.stub(i), base, self.semaphore(i)) + self.described(provider, probe)) for i, probe in enumerate(probes))
        named = b"".join(
            self.note(b"sonde", 1, ("%s\0%s\0%s\0" % (provider, probe.name, "\0".join(probe.names))).encode()) for probe in probes if probe.names)

        # name, type, flags, address, offset, bytes, link, info, alignment, entry length
        sections = [
            (".text", 1, 6, self.code, code, 0, 0, 16, 0), (".stapsdt.base", 1, 6, base, b"\0", 0, 0, 1, 0), (".dynstr", 3, 2, strings, names, 0, 0, 1, 0),
            (".dynsym", 11, 2, symbols, symbol_bytes, 3, 1, 8, 24), (".hash", 5, 2, chains, chain_bytes, 4, 0, 8, 4),
            (".dynamic", 6, 3, dynamic, dynamic_bytes, 3, 0, 8, 16), (".probes", 1, 3, self.semaphores, b"\0" * (self.end - self.semaphores), 0, 0, 2, 0),
        ]
        at = _align(self.end, 8)
        for name, contents in [(".note.stapsdt", notes), (".note.sonde", named)]:
            sections.append((name, 7, 0, at, contents, 0, 0, 4, 0))
            at = _align(at + len(contents), 8)
        section_names, name_places = b"\0", []
        for name in [section[0] for section in sections] + [".shstrtab"]:
            name_places.append(len(section_names))
            section_names += name.encode() + b"\0"
        sections.append((".shstrtab", 3, 0, at, section_names, 0, 0, 1, 0))
        table = _align(at + len(section_names), 8)

        image = bytearray(table + 64 * (1 + len(sections)))
        struct.pack_into("<4sBBB9xHHIQQQIHHHHHH", image, 0, b"\x7fELF", 2, 1, 1, 3, machine.number, 1, 0, 64, table, 0, 64, 56, 3, 64, 1 + len(sections), len(sections))
        for i, (kind, flags, offset, length, alignment) in enumerate([
                (1, 5, 0, end, _PAGE), (1, 6, self.data, self.end - self.data, _PAGE), (2, 6, dynamic, len(dynamic_bytes), 8)]):
            struct.pack_into("<IIQQQQQQ", image, 64 + 56 * i, kind, flags, offset, offset, offset, length, length, alignment)
        for i, (name, kind, flags, offset, contents, link, info, alignment, entry) in enumerate(sections):
            image[offset:offset + len(contents)] = contents
            struct.pack_into("<IIQQQQIIQQ", image, table + 64 * (1 + i), name_places[i], kind, flags, offset if flags else 0, offset, len(contents), link, info, alignment, entry)
        self.bytes = bytes(image)

    def stub(self, probe):
        return self.code + probe * _STRIDE

    def semaphore(self, probe):
        return self.semaphores + 2 * probe

    def described(self, provider, probe):
        operands = " ".join(self.machine.operand(kind, place) for place, kind in enumerate(probe.types))
        return ("%s\0%s\0%s\0" % (provider, probe.name, operands)).encode()

    @staticmethod
    def note(name, kind, description):
        return (struct.pack("<III", len(name) + 1, len(description), kind) + (name + b"\0").ljust(_align(len(name) + 1, 4), b"\0")
                + description.ljust(_align(len(description), 4), b"\0"))


class _Nobody(object):
    """The semaphore of a probe that is not loaded."""

    value = 0


class Probe(object):
    """A probe of a provider. Made by Provider.add_probe."""

    def __init__(self, provider, name, types, names):
        self.provider, self.name, self.types, self.names = provider, name, types, names
        self._semaphore, self._call = _Nobody, None

    def __repr__(self):
        return "<sonde_usdt.Probe %s:%s>" % (self.provider, self.name)

    @property
    def is_enabled(self):
        """Whether a tracer is attached. Ask before working out arguments that nobody may want."""
        return self._semaphore.value != 0

    def fire(self, *values):
        """Passes the arguments to the tracers that are attached. Without any it does nothing and returns False.

        Numbers are cut to their type's size; texts are passed in UTF-8 and end at their first NUL; None is passed as 0."""
        call = self._call
        if self._semaphore.value == 0 or call is None:
            return False
        if len(values) != len(self.types):
            raise TypeError("probe %s:%s takes %d arguments, not %d" % (self.provider, self.name, len(self.types), len(values)))
        # The bytes that addresses point to live as long as this list.
        kept, words = [], [0] * MOST_ARGUMENTS
        for place, (kind, value) in enumerate(zip(self.types, values)):
            if value is None:
                continue
            if kind is text or kind is buffer:
                copied = value.encode("utf-8", "replace") if isinstance(value, str) else bytes(value)
                kept.append(ctypes.create_string_buffer(copied[:MOST_BYTES - 1]))
                words[place] = ctypes.addressof(kept[-1])
            elif kind is double:
                words[place] = struct.unpack("<q", struct.pack("<d", value))[0]
            elif kind is single:
                words[place] = struct.unpack("<i", struct.pack("<f", value))[0]
            else:
                words[place] = int(value)
        call(*words)
        return True

    __call__ = fire


class Provider(object):
    """A named set of probes. Add the probes, then load it.

    With a directory the probes are in a file there, which tracers can be given by its path; otherwise in memory, where they find it by this process's number."""

    def __init__(self, name, directory=None):
        self.name = _checked(name, "provider")
        self.path = None
        self._owner = 0
        self._directory = directory
        self._probes = []
        self._lock = threading.Lock()
        self._file = -1
        self._pages = None
        self._loaded = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.unload()

    @property
    def probes(self):
        """The probes, in the order they were added."""
        return list(self._probes)

    @property
    def is_loaded(self):
        """Whether tracers can attach now."""
        return self._loaded

    def add_probe(self, name, *types, **options):
        """Adds a probe. A type is one of this module's, or int (int64), bool, float (double), str or bytes; names=[...] says what the arguments are called."""
        names = list(options.pop("names", ()))
        if options:
            raise TypeError("add_probe: unknown %s" % ", ".join(sorted(options)))
        kinds = [_PYTHON_TYPES.get(kind, kind) for kind in types if kind is not None]
        _checked(name, "probe")
        for kind in kinds:
            if not isinstance(kind, _Type):
                raise TypeError("probe %s:%s: %r is no type of an argument; int, bool, float, str, bytes and those of sonde_usdt are" % (self.name, name, kind))
        if len(kinds) > MOST_ARGUMENTS:
            raise ValueError("probe %s:%s has %d arguments; tracers know %d at most" % (self.name, name, len(kinds), MOST_ARGUMENTS))
        if names and len(names) != len(kinds):
            raise ValueError("probe %s:%s has %d arguments and %d names for them" % (self.name, name, len(kinds), len(names)))
        for argument in names:
            if not isinstance(argument, str) or not argument.isidentifier() or len(argument) > 128 or names.count(argument) > 1:
                raise ValueError("probe %s:%s: %r cannot be what an argument is called; an identifier that no other argument has can" % (self.name, name, argument))
        with self._lock:
            if self._loaded:
                raise RuntimeError("probe %s:%s cannot be added while its provider is loaded; unload it first" % (self.name, name))
            if any(probe.name == name for probe in self._probes):
                raise ValueError("provider %s has a probe %s already" % (self.name, name))
            probe = Probe(self.name, name, kinds, names)
            self._probes.append(probe)
            return probe

    def load(self):
        """Makes the probes visible to tracers. Does nothing when they are."""
        with self._lock:
            if self._loaded:
                return self
            machine = _MACHINES.get(platform.machine())
            if machine is None or not hasattr(os, "uname") or os.uname()[0] != "Linux":
                raise OSError("USDT probes can be made on Linux on x86-64 and aarch64, not on %s %s" % (platform.system(), platform.machine()))
            image = _Image(machine, self.name, self._probes)
            shape = (_align(image.end, _PAGE), image.data)
            if self._pages and self._pages[1] != shape:
                _spare.setdefault(self._pages[1], []).append(self._pages[0])
                self._pages = None
            if self._pages is None:
                spare = _spare.get(shape)
                self._pages = (spare.pop() if spare else _map(None, shape[0], 0, 0x22, -1, 0), shape)
            if self._directory is None:
                self._file = _memory_file(machine, self.name, image.bytes)
            else:
                self._file = self._create(image.bytes)
            try:
                self._map(self._file)
            except OSError:
                os.close(self._file)
                self._file = -1
                self._remove()
                raise
            start = self._pages[0]
            for i, probe in enumerate(self._probes):
                probe._call = _FIRE(start + image.stub(i))
                probe._semaphore = ctypes.c_uint16.from_address(start + image.semaphore(i))
            self._machine = machine
            self._loaded = True
            return self

    def unload(self):
        """Takes the probes away from tracers. They may go on being fired, and do nothing. Does nothing when they are not loaded."""
        with self._lock:
            if not self._loaded:
                return
            for probe in self._probes:
                probe._semaphore, probe._call = _Nobody, None
            _, (length, code) = self._pages
            back = self._machine.back
            idle = _memory_file(self._machine, "usdt-idle", back * (code // len(back)) + b"\0" * (length - code))
            try:
                self._map(idle)
            finally:
                os.close(idle)
            os.close(self._file)
            self._file = -1
            self._remove()
            self._loaded = False

    def _map(self, file):
        start, (length, code) = self._pages
        _map(start, code, 5, 0x12, file, 0)
        _map(start + code, length - code, 3, 0x12, file, code)

    def _create(self, contents):
        os.makedirs(self._directory, exist_ok=True)
        for name in os.listdir(self._directory):
            # What processes left that did not live to remove it.
            parts = name.split(".")
            if name.endswith(".usdt.so") and len(parts) >= 5 and parts[-4].isdigit() and not os.path.exists("/proc/" + parts[-4]):
                _remove(os.path.join(self._directory, name))
        for number in range(10000):
            path = os.path.join(os.path.abspath(self._directory), "%s.%d.%d.usdt.so" % (self.name, os.getpid(), number))
            try:
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o744)
            except FileExistsError:
                continue
            self.path, self._owner = path, os.getpid()
            atexit.register(self._remove)
            _write(file, contents)
            return file
        raise OSError("%s is full of files of provider %s" % (self._directory, self.name))

    def _remove(self):
        if self.path is not None:
            atexit.unregister(self._remove)
            # A child that was forked and ends leaves its parent's file alone.
            if self._owner == os.getpid():
                _remove(self.path)
            self.path = None


def _map(start, length, protection, flags, file, offset):
    address = _libc.mmap(start, length, protection, flags, file, offset)
    if address is None or address == ctypes.c_void_p(-1).value:
        error = ctypes.get_errno()
        raise OSError(error, "mapping a provider of USDT probes, part of it executable: " + os.strerror(error))
    return address


def _memory_file(machine, name, contents):
    # MFD_CLOEXEC, and MFD_EXEC, which Linux knows from 6.3 on.
    for flags in (0x11, 1):
        file = _libc.syscall(ctypes.c_long(machine.memory_file), ctypes.c_char_p(name.encode()), ctypes.c_ulong(flags))
        if file >= 0:
            _write(file, contents)
            return file
    error = ctypes.get_errno()
    raise OSError(error, "creating a file in memory for a provider of USDT probes: " + os.strerror(error))


def _write(file, contents):
    done = 0
    while done < len(contents):
        done += os.write(file, contents[done:])


def _remove(path):
    try:
        os.unlink(path)
    except OSError:
        pass
