# Loads machine code of Sonde's that the interpreter calls at every entry and exit of a function, and takes it out again. CPython 3.7 and later.
import posix
import sys

import _imp

CALLBACKS = (("PY_START", "py_start"), ("PY_RESUME", "py_resume"), ("PY_THROW", "py_throw"),
             ("PY_RETURN", "py_return"), ("PY_YIELD", "py_yield"), ("PY_UNWIND", "py_unwind"))
monitoring = getattr(sys, "monitoring", None)
module = None
tool = None


def store(image):
    """A file with the image, which has no name: in memory, or where Python does not know that (3.7), in a directory for files that go soon. Gives a descriptor and its path."""
    if hasattr(posix, "memfd_create"):
        try:
            file = posix.memfd_create("sonde-agent", 1 | 16)  # MFD_CLOEXEC, MFD_EXEC (Linux 6.3)
        except OSError:
            file = posix.memfd_create("sonde-agent", 1)
    else:
        file = unnamed("/dev/shm", "/tmp", "/var/tmp")
    posix.write(file, image)
    # The dynamic linker knows what it has loaded by path, and a descriptor's number comes again.
    return file, "/proc/self/fd" + "/" * (NONCE % 3000 + 1) + str(file)


def unnamed(*directories):
    failure = None
    for directory in directories:
        try:
            return posix.open(directory, posix.O_RDWR | posix.O_TMPFILE | posix.O_EXCL | posix.O_CLOEXEC, 0o700)
        except OSError as error:
            failure = error
    raise failure


def load(image):
    file, path = store(image)
    try:
        # A file that is open for writing may not be mapped to be run on every kernel; what is mapped stays when the file goes.
        return _imp.create_dynamic(type(sys.implementation)(name="sonde_agent", origin=path))
    finally:
        posix.close(file)


def watch():
    """Has the interpreter call."""
    global tool
    if monitoring is None:
        others = module.install()
        if others:
            raise RuntimeError("%d of the program's threads have a profile function already (sys.setprofile), and there can be only one" % others)
        return
    free = [number for number in (4, 3) if monitoring.get_tool(number) is None]
    if not free:
        raise RuntimeError("the numbers 3 and 4 of sys.monitoring are in use, by %s and %s" % (monitoring.get_tool(3), monitoring.get_tool(4)))
    monitoring.use_tool_id(free[0], "sonde")
    tool = free[0]
    events = 0
    for name, callback in CALLBACKS:
        event = getattr(monitoring.events, name)
        monitoring.register_callback(tool, event, getattr(module, callback))
        events |= event
    # What an earlier tool of this number has disabled is disabled still.
    monitoring.restart_events()
    monitoring.set_events(tool, events)


def ignore():
    """Has the interpreter call no more."""
    global tool
    if monitoring is None:
        module.remove()
    elif tool is not None:
        monitoring.set_events(tool, 0)
        for name, callback in CALLBACKS:
            monitoring.register_callback(tool, getattr(monitoring.events, name), None)
        monitoring.free_tool_id(tool)
        tool = None


def receive():
    """A descriptor of the memory for the events, which Sonde sends as soon as it sees the channel."""
    socket = channel.socket
    # When Sonde ends this does too; it takes long only where Sonde gets no processor time.
    socket.settimeout(5)
    try:
        # The kernel closes what it hands over at exec: MSG_CMSG_CLOEXEC.
        _, messages, _, _ = socket.recvmsg(1, 64, 0x40000000)
    finally:
        socket.setblocking(False)
    if not messages:
        raise OSError("no descriptor came: too many files are open, or a security module refuses it")
    return int.from_bytes(messages[0][2][:4], sys.byteorder)


def install(configuration):
    global module
    file = receive()
    try:
        loaded = load(bytes.fromhex(IMAGE))
        error = loaded.start(file, None if monitoring is None else monitoring.DISABLE)
        if error:
            raise OSError(-error, "the memory for the events cannot be mapped: " + posix.strerror(-error))
        # From here on whatever comes in between has remove() called.
        module = loaded
    finally:
        posix.close(file)
    watch()


def remove():
    global module
    if module is not None:
        ignore()
        module.stop()
        module = None
