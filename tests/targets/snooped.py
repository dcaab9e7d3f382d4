"""Runs story.py, to be snooped upon.

"snooped.py reference" prints, one JSON object a line, what sys.settrace tells of the run: the truth to compare with.
"snooped.py" says "ready PID" and then takes lines: "begin" remembers what is in the process and "left" says, as JSON, what is there since; "loop" runs a function until the
next line; "end" ends; everything else is an expression, whose value it says after "results".
"""
import dis
import gc
import json
import os
import re
import select
import signal
import sys
import threading
import time
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import story

SKIPPED = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>", "Suppress", "Account", "Savings", "<module>", "attempt", "run")
LONGEST = 100


def shorten(text):
    text = re.sub("0x[0-9a-f]+", "0x", text)
    left = (LONGEST - 3) // 2
    return text if len(text) <= LONGEST else text[:left] + "..." + text[-(LONGEST - 3 - left):]


def reference():
    told, seen = [], {}

    def look(frame):
        code = frame.f_code
        order = list(code.co_varnames + code.co_cellvars + code.co_freevars)
        values = frame.f_locals
        texts = {name: repr(values[name]) for name in sorted(values, key=lambda name: order.index(name) if name in order else len(order))}
        before = seen.get(frame, {})
        seen[frame] = texts
        return [["+" if name not in before else "~", name, shorten(text)] for name, text in texts.items() if before.get(name) != text]

    def tell(kind, frame, value=None):
        told.append({"kind": kind, "thread": threading.current_thread().name, "function": frame.f_code.co_name, "line": frame.f_lineno, "changes": look(frame), "value": value})

    raising = set()

    def local(frame, event, argument):
        if event == "line":
            raising.discard(frame)
            tell("line", frame)
        elif event == "exception":
            if argument[0] is StopIteration and sys.version_info >= (3, 12) and frame.f_code.co_name in ("delegates", "sleeps"):
                return local
            raising.add(frame)
            tell("exception", frame, "%s: %s" % (argument[0].__name__, argument[1]) if str(argument[1]) else argument[0].__name__)
        elif event == "return":
            operation = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            awaits = frame.f_code.co_code[frame.f_lasti + 2:frame.f_lasti + 3] == bytes([dis.opmap.get("YIELD_FROM", 0)])
            # From 3.13 on a suspended frame is at the instruction it will resume with.
            awaits = awaits or (operation == "RESUME" and sys.version_info >= (3, 13))
            if "RETURN" in operation or (("YIELD" in operation or awaits) and frame not in raising):
                tell("leave", frame, shorten(repr(argument)))
            else:
                tell("unwind", frame)
        return local

    def tracer(frame, event, argument):
        if frame.f_code.co_filename != story.__file__ or frame.f_code.co_name in SKIPPED:
            return None
        raising.discard(frame)
        tell("resume" if frame in seen else "call", frame)
        return local

    threading.settrace(tracer)
    sys.settrace(tracer)
    try:
        results = story.run()
    finally:
        sys.settrace(None)
        threading.settrace(None)
    for event in told:
        print(json.dumps(event))
    print(json.dumps({"kind": "results", "value": results}))


def inventory():
    gc.collect()
    return {
        "modules": sorted(sys.modules),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files": sorted(os.readlink("/proc/self/fd/" + name) for name in os.listdir("/proc/self/fd") if name.isdigit() and os.path.exists("/proc/self/fd/" + name)),
        "sys": sorted(sys.__dict__),
        "main": sorted(globals()),
        "codes": sorted("%s %d" % (item.__qualname__, len(item.__code__.co_code)) for item in gc.get_objects() if type(item) is type(shorten) and item.__module__ == "story"),
        "trace": [repr(sys.gettrace()), repr(sys.getprofile()), repr(getattr(threading, "_trace_hook", None))],
        "tools": [sys.monitoring.get_tool(i) for i in range(6)] if hasattr(sys, "monitoring") else [],
        "agents": sum(1 for item in gc.get_objects() if type(item) is type(shorten) and item.__code__.co_filename == "<sonde>"),
    }


def say(*words):
    print(*words)
    sys.stdout.flush()


def fork():
    """A child that calls what is snooped upon, and its exit code."""
    child = os.fork()
    if child == 0:
        story.nested(1)
        os._exit(0 if story.nested(2) == 32 else 1)
    return os.waitpid(child, 0)[1]


def interrupted():
    """A signal's handler raises while a function runs, thousands of times: each must come out where it should."""
    class Alarm(Exception):
        pass

    def handler(number, frame):
        raise Alarm

    signal.signal(signal.SIGALRM, handler)
    caught = 0
    for i in range(50):
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001)
            while True:
                story.grows(3)
        except Alarm:
            caught += 1
    return caught


def fast(seconds=1.0):
    """Calls a small function as often as it can; how many times a second."""
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        for i in range(1000):
            story.leaf(i)
        count += 1000
    return int(count / seconds)


def traced():
    """Runs a function with a trace function of the program's own."""
    lines = []

    def tracer(frame, event, argument):
        lines.append(event)
        return tracer

    sys.settrace(tracer)
    story.leaf(1)
    is_mine = sys.gettrace() is tracer
    sys.settrace(None)
    return [is_mine, len(lines)]


def next_line():
    """The next line, waited for as a server waits: it does something every now and then."""
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        pass
    return sys.stdin.readline()


def main():
    say("ready %d" % os.getpid())
    before = None
    for line in iter(next_line, "end\n"):
        word = line.strip()
        if word == "begin":
            before = inventory()
            before = inventory()
            say("begin")
        elif word == "left":
            after = inventory()
            say("left", json.dumps({key: [before[key], after[key]] for key in before if before[key] != after[key]}))
        elif word == "loop":
            say("loop")
            story.loops_until(lambda: select.select([sys.stdin], [], [], 0.01)[0])
        else:
            say("results", json.dumps(eval(word)))


if sys.argv[1:] == ["reference"]:
    reference()
else:
    main()
