"""Values that would hurt whoever looks at them carelessly. Says "ready PID", and for each line the value of that expression."""
import enum
import functools
import os
import select
import signal
import sys
import threading


class Liar(object):
    """Everything that Python asks an object is answered with a lie, an exception or a loop."""
    ran = []
    is_armed = False

    @property
    def __class__(self):
        Liar.ran.append("__class__")
        return int

    def __getattribute__(self, name):
        Liar.ran.append(name)
        raise SystemExit(name)

    def __repr__(self):
        Liar.ran.append("__repr__")
        while True:
            pass

    __str__ = __repr__

    def __eq__(self, other):
        if not Liar.is_armed:
            return False
        Liar.ran.append("__eq__")
        while True:
            pass

    def __hash__(self):
        return hash("key")

    def __len__(self):
        Liar.ran.append("__len__")
        raise MemoryError

    def __iter__(self):
        Liar.ran.append("__iter__")
        raise KeyboardInterrupt

    def __del__(self):
        pass


class LyingList(list):
    def __len__(self):
        Liar.ran.append("len of a list")
        return 1 << 60

    def __iter__(self):
        Liar.ran.append("iter of a list")
        raise SystemExit

    def __repr__(self):
        Liar.ran.append("repr of a list")
        os._exit(3)

    __getitem__ = __iter__


class LyingClass(type):
    def __getattribute__(cls, name):
        Liar.ran.append("class " + name)
        raise SystemExit(name)

    def __repr__(cls):
        os._exit(4)


Odd = LyingClass("Odd", (object,), {})


class LoudError(Exception):
    def __str__(self):
        Liar.ran.append("str of an error")
        os._exit(5)

    __repr__ = __str__


def makes_deep(depth):
    deep = []
    for i in range(depth):
        deep = [deep]
    return deep


class Interrupted(object):
    def __repr__(self):
        os.kill(os.getpid(), signal.SIGUSR1)
        for _ in range(100000):
            pass
        return "not interrupted"


class Mimics(object):
    """Raises out of what looks like a signal's handler and is none."""
    def __repr__(self):
        return handles(signal.SIGUSR1, sys._getframe())


def handles(number, frame):
    raise SystemExit(number)


class Interrupts(object):
    def __repr__(self):
        raise KeyboardInterrupt


class Text(str):
    def __len__(self):
        raise SystemExit

    __getitem__ = __add__ = __str__ = __repr__ = __len__


class Misleads(object):
    def __repr__(self):
        return Text("misleading")


def mimics():
    """None of what its objects' own __repr__ raise reaches it."""
    mimicking, interrupting, misleading = Mimics(), Interrupts(), Misleads()
    return "stayed"


def shows():
    shown = Interrupted()
    return "stayed"


class Handler(object):
    def handle(self, number, frame):
        raise SystemExit(4)

    def __call__(self, number, frame):
        raise SystemExit(5)


def handle(number, frame):
    raise SystemExit(3)


def handle_once(number, frame):
    signal.signal(number, signal.SIG_IGN)
    number = frame = None
    raise SystemExit(6)


def handle_more(more, *arguments):
    raise SystemExit(more)


HANDLERS = [handle, Handler().handle, Handler(), handle_once, functools.partial(handle_more, 7), lambda *arguments: handle(*arguments)]


def leaves(handler):
    """A signal that comes while an object is shown by its own __repr__, whose handler ends the program."""
    signal.signal(signal.SIGUSR1, handler)
    try:
        return shows()
    except (SystemExit, KeyboardInterrupt) as error:
        return "left with %s" % (error.code if isinstance(error, SystemExit) else "interrupt")


def looks():
    itself = [1]
    itself.append(itself)
    deep = makes_deep(5000)
    huge = "x" * (1 << 30)
    many = dict.fromkeys(range(100000), [1])
    liar = Liar()
    liars = {"key": 1, liar: 2}
    turned = {liar: 2, "key": 1}
    members = {liar, "key"}
    Liar.is_armed = True
    lying = LyingList([1, 2, 3])
    odd = type.__call__(Odd)
    digits = 10 ** 20000
    escape = "\x1b[2J\u202e\n"
    half = "\ud800"
    cases = dict((number, number) for number in range(100001))
    try:
        raise LoudError("loud", liar)
    except LoudError:
        pass
    Liar.is_armed = False
    return "unharmed"


def resized():
    """A dictionary that another thread changes all the time."""
    values, over = {}, []

    def change():
        i = 0
        while not over:
            i += 1
            values[i % 5000] = i
            if i % 5000 == 0:
                values.clear()

    thread = threading.Thread(target=change)
    thread.start()
    for i in range(20):
        last = i
    over.append(True)
    thread.join()
    values = None
    return last


shade = "of the module"


class Mapping(object):
    """Names for code that runs, and is not to be asked for them by anybody else."""
    read = []

    def __init__(self):
        self.held = {}

    def __setitem__(self, name, value):
        self.held[name] = value

    def __getitem__(self, name):
        Mapping.read.append(name)
        return self.held[name]

    def keys(self):
        Mapping.read.append("keys")
        return self.held.keys()


class Missing(dict):
    def __missing__(self, name):
        Mapping.read.append(name)
        raise KeyError(name)


def enumerates():
    class Colour(enum.Enum):
        shade = "of the class"
        other = "enumerated"
        last = 3
    return "enumerated"


# In a function of its own, so that it is among those that are found.
mapped = type(enumerates)(compile("shade = 'of the mapping'\nother = 1\nlast = 2\n", "/mapped.py", "exec"), {})


def maps(names):
    exec(mapped.__code__, globals(), names)
    return len(Mapping.read)


def finalizes():
    """When an object goes is part of what a program does."""
    gone = []

    class Goes(object):
        def __del__(self):
            gone.append(self)

    first = Goes()
    first = None
    return len(gone)


def next_line():
    """The next line, waited for as a server waits: it does something every now and then."""
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        pass
    return sys.stdin.readline()


sys.stdout.write("ready %d\n" % os.getpid())
sys.stdout.flush()
for line in iter(next_line, "end\n"):
    sys.stdout.write("results %s\n" % (eval(line),))
    sys.stdout.flush()
