"""What Sonde puts into a running Python program, with the user's consent: the part that all its agents share.

Sonde joins this file, values.py and one that watches (snoop.py, for example) to one text, which runs in a dictionary of its own. From outside it is
called through two names: install(settings) begins, remove(reason) takes everything out again. Beforehand it holds channel, which sends, and forget(). The part that watches
defines start(settings), and uses

    send(event)              one JSON object to Sonde; never waits: what finds no room is counted and left out
    render(value)            a value as text: bounded, and none of the program's own code runs for it (values.py)
    guarded(function)        a callback that never raises into the program, is not entered twice, and ends when nobody listens any more
    on_removal(function)     what must be done to leave nothing behind

It runs on CPython 3.7 and newer, and needs only modules that are built into the interpreter.
"""
import sys

FILE = "<sonde>"
PYTHON = sys.version_info[:2]
borrowed = {}


def borrow(name):
    """Imports a module, which is forgotten again at the end if it was loaded for Sonde and only Sonde has it."""
    was_loaded = name in sys.modules
    try:
        module = __import__(name)
    except ImportError:
        raise RuntimeError("this Python lacks the module %s" % name)
    if not was_loaded:
        borrowed[name] = sys.getrefcount(module)
    return module


_thread, gc, itertools, posix, time = map(borrow, ("_thread", "gc", "itertools", "posix", "time"))

settings = {}
pid = posix.getpid()
gone = None      # why it has ended
dropped = 0      # events that found no room
untold = []      # calls that are not told because too many are in progress; one entry each, which threads add in one step
failed = 0       # mistakes of this agent, none of which the program has seen
failure = None   # the last of them
busy = set()     # threads that are in a callback
undo = []
removing = [None]  # whoever takes it takes everything out

ESCAPES = {code: "\\u%04x" % code for code in range(32)}
ESCAPES.update({34: '\\"', 92: "\\\\"})


def encode(value):
    """JSON of None, booleans, integers and texts, and of lists, tuples and dictionaries of them."""
    if value is None:
        return "null"
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return "%d" % value
    if isinstance(value, str):
        return '"%s"' % value.translate(ESCAPES)
    if isinstance(value, dict):
        return "{%s}" % ",".join(['"%s":%s' % (key, encode(item)) for key, item in value.items()])
    return "[%s]" % ",".join([encode(item) for item in value])


def send(event):
    """Sends an event if there is room for it, and tells whether there was; a channel that nobody reads is the end."""
    global gone
    is_sent = channel.send(encode(event).encode("utf-8", "replace"))
    if not channel.is_open:
        gone = gone or "nobody listens any more"
    return is_sent


def lost():
    """How many events have found no room since the beginning."""
    global dropped
    dropped += channel.lost()
    return dropped


# ---- safety

def is_foreign(error):
    """Whether an exception is the program's: one of its signal handlers may run, and raise, in the middle of a callback."""
    if not isinstance(error, Exception) or type(error).__module__ != "builtins":
        return True
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame.f_code.co_filename != FILE


def note_failure(error):
    global failed, failure
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    failed += 1
    failure = "%s at %s:%d" % (type(error).__name__, trace.tb_frame.f_code.co_name, trace.tb_lineno)


def is_inside(frame):
    """Whether a callback runs further down; an exception of a signal's handler may have come between it and its end."""
    while frame is not None:
        if frame.f_code.co_filename == FILE and frame.f_code.co_name == "callback":
            return True
        frame = frame.f_back
    return False


def guarded(body):
    """A callback for the interpreter. In a forked child it removes the agent, which there was copied with everything else."""
    def callback(*arguments):
        me = _thread.get_ident()
        if me in busy and is_inside(sys._getframe(1)):
            return None
        try:
            busy.add(me)
            if gone is None and posix.getpid() == pid:
                return body(*arguments)
        except BaseException as error:
            if is_foreign(error):
                raise
            note_failure(error)
        finally:
            busy.discard(me)
            if gone is not None or posix.getpid() != pid:
                remove("forked")
        return None
    return callback


def claim_tool():
    """A number of sys.monitoring's that nobody has, of those that are for tools without one of their own; it is given back at the end."""
    monitoring = sys.monitoring
    tool = next((number for number in (4, 3) if monitoring.get_tool(number) is None), None)
    if tool is None:
        raise RuntimeError("both tool numbers of sys.monitoring that are for such tools are taken: 3 by %s, 4 by %s" % (monitoring.get_tool(3), monitoring.get_tool(4)))
    monitoring.use_tool_id(tool, "sonde")
    on_removal(monitoring.free_tool_id, tool)
    return tool


def on_removal(function, *arguments):
    undo.append((function, arguments))


def install(with_settings):
    """Begins; raises what prevents it, and then has left nothing behind.

    Settings: "limits" and "hide" for render(), and what the part that watches needs.
    """
    settings.update(with_settings)
    set_limits(settings)
    try:
        send({"e": "hello", "pid": pid, "python": "%d.%d.%d" % sys.version_info[:3], "thread": _thread.get_ident()})
        start(settings)
    except BaseException as error:
        remove("%s: %s" % (type(error).__name__, error))
        raise


def remove(reason="removed"):
    """Takes everything out of the program again. Whoever may call it, at any time, as often as they like; while one thread does, others need not."""
    try:
        removing.pop()
    except IndexError:
        return
    try:
        foreign = take_out(reason)
    except BaseException:
        removing.append(None)
        raise
    if foreign is not None:
        raise foreign


def take_out(reason):
    """Returns what a signal's handler of the program has raised meanwhile. What that interrupted is done again, which does no harm."""
    global gone
    gone = gone or reason
    foreign = None
    while undo:
        function, arguments = undo.pop()
        try:
            function(*arguments)
        except BaseException as error:
            if foreign is None and is_foreign(error):
                foreign = error
                undo.append((function, arguments))
            else:
                note_failure(error)
    is_heard = channel.send_surely(encode({"e": "end", "reason": gone, "dropped": lost(), "untold": len(untold), "failed": failed, "failure": failure}).encode("utf-8", "replace"))
    for name, references in borrowed.items():
        # From 3.14 on a local variable need not count what it refers to, as one did when the module was borrowed.
        if name in sys.modules and sys.getrefcount(sys.modules[name]) <= references + (PYTHON >= (3, 14)):
            sys.modules.pop(name, None)
    if not is_heard:
        # Nobody will come to take away the rest; in a forked child nobody even knows of it.
        channel.close()
        forget()
        for name in [name for name, value in list(sys.__dict__.items()) if value is remove.__globals__]:
            sys.__dict__.pop(name, None)
    return foreign
