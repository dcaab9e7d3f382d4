"""What a program really called, as the interpreter itself says: sys.setprofile up to 3.11, sys.monitoring after.

Events are those of a tracer: a function is entered by a call or, when it is a generator or coroutine going on, by a
resume; it is left by a return, by an exception that leaves the frame (raise), or by giving a value and waiting
(suspend). Throwing into a generator that has started is a resume.

Where the interpreter's word would be wrong, the program under measure keeps away:
* sys.setprofile tells an exception from a returned or yielded value only by None, so nothing measured yields None and
  nothing that returns None does so from inside try/finally or with.
* Up to 3.10 sys.setprofile keeps a copy of each frame's locals that it renews only while nothing is recorded, so an
  object that a local variable holds dies unseen: what is measured keeps such objects in lists.
* Closing a generator that waits outside any try runs no code from 3.13 on, unless sys.monitoring is on. Closing one
  that has not started runs it up to 3.11, as neither a call nor a resume.
* In 3.11 a generator goes on unseen when the one it delegates to catches what was thrown in, and returns.
* A call refused with RecursionError never runs, and sys.monitoring does not see it.
"""
import dis
import inspect
import opcode
import sys
import threading

EVENTS = ("call", "return", "raise", "resume", "suspend")
RETURN = opcode.opmap.get("RETURN_VALUE")
RESUME = opcode.opmap.get("RESUME")


def record(body, files):
    """Runs body; gives its result and {code object: [count of each of EVENTS]} for the code of the given files."""
    seen = []
    result = _monitor(body, seen) if hasattr(sys, "monitoring") else _profile(body, seen)
    counts = {}
    for event, code in seen:
        if code.co_filename in files:
            counts.setdefault(code, [0] * len(EVENTS))[EVENTS.index(event)] += 1
    return result, counts


def _profile(body, seen):
    def callback(frame, event, argument):
        code = frame.f_code
        if event == "call":
            seen.append(("call" if _starts(code, frame.f_lasti) else "resume", code))
        elif event == "return":
            if code.co_code[frame.f_lasti] == RETURN:
                left = "return"
            elif argument is None:
                left = "raise"
            else:
                left = "suspend" if code.co_flags & 0x2A0 else "return"
            seen.append((left, code))

    threading.setprofile(callback)
    sys.setprofile(callback)
    try:
        return body()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _starts(code, last_instruction):
    if RESUME is None:
        return last_instruction < 0
    return code.co_code[last_instruction] == RESUME and code.co_code[last_instruction + 1] & 3 == 0


def _monitor(body, seen):
    monitoring = sys.monitoring
    events = monitoring.events
    kinds = {
        events.PY_START: "call", events.PY_RESUME: "resume", events.PY_THROW: "resume",
        events.PY_RETURN: "return", events.PY_YIELD: "suspend", events.PY_UNWIND: "raise",
    }
    tool = monitoring.PROFILER_ID
    monitoring.use_tool_id(tool, "call truth")
    mask = 0
    for kind, name in kinds.items():
        monitoring.register_callback(tool, kind, lambda code, *_, name=name: seen.append((name, code)))
        mask |= kind
    monitoring.set_events(tool, mask)
    try:
        return body()
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)


def qualified_name(code):
    """The qualified name; up to 3.10, whose code objects do not keep it, the one the compiler gives the function made of it."""
    if hasattr(code, "co_qualname"):
        return code.co_qualname
    names = _names.get(code.co_filename)
    if names is None:
        names = _names[code.co_filename] = {}
        try:
            with open(code.co_filename, encoding="utf-8") as file:
                _collect(compile(file.read(), code.co_filename, "exec", dont_inherit=True), names)
        except OSError:
            pass
    return names.get((code.co_name, code.co_firstlineno), code.co_name)


_names = {}


def _collect(parent, names):
    constants = [each.argval for each in dis.get_instructions(parent) if each.opname == "LOAD_CONST"]
    for code, following in zip(constants, constants[1:]):
        if hasattr(code, "co_code"):
            # A class body gets its plain name here, and stores the qualified one itself, first of all.
            is_class = not code.co_flags & inspect.CO_OPTIMIZED
            # Of two of one name on one line, whoever sees only the code object knows no more than the first.
            names.setdefault((code.co_name, code.co_firstlineno), code.co_consts[0] if is_class else following)
            _collect(code, names)


def show(counts, checksum):
    """Prints the checksum, and a line per function: file, first line, qualified name, count of each event; tabs between."""
    for code, (calls, returns, raises, resumes, suspends) in counts.items():
        if calls + resumes != returns + raises + suspends:
            raise AssertionError("entries and exits of %s do not balance: %s" % (qualified_name(code), counts[code]))
    print("checksum", checksum, sep="\t")
    for code, events in counts.items():
        print(code.co_filename, code.co_firstlineno, qualified_name(code), *events, sep="\t")
