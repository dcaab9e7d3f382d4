# ---- events by sys.settrace (CPython 3.7 to 3.11), on only in threads that run a function asked for: such functions get code that begins with entered()

def attach_by_tracing(later):
    considered = {}

    def say(current):
        introduce(_thread.get_ident())
        send({"e": "foreign", "k": _thread.get_ident(), "by": render(current)})

    @guarded
    def entered_by(frame):
        # Where tracing is on, the tracer has seen this call already.
        if sys.gettrace() is not tracer and may_trace(tracer, say):
            calls.pop(id(frame), None)
            if begin(frame, frame.f_code, "call") is not None:
                frame.f_trace = local
                sys.settrace(tracer)

    def entered():
        # Somebody else's trace function sees this, so it is as little as can be.
        if sys.gettrace() is None or _thread.get_ident() not in foreign:
            entered_by(sys._getframe(1))

    def tracer(frame, event, argument):
        if gone is not None and sys.gettrace() is tracer:
            sys.settrace(None)
        return None if gone is not None or frame.f_code.co_filename == FILE else called(frame)

    @guarded
    def called(frame):
        call = calls.get(id(frame))
        if call is not None and call.is_suspended and call.code is frame.f_code:
            resumed(frame, frame.f_code)
            return local
        calls.pop(id(frame), None)
        if later:
            consider(frame.f_code)
        return local if begin(frame, frame.f_code, "call") is not None else None

    def local(frame, event, argument):
        if gone is not None:
            frame.f_trace = None
            if sys.gettrace() is tracer:
                sys.settrace(None)
            return None
        happened(frame, event, argument)
        return local

    @guarded
    def happened(frame, event, argument):
        code = frame.f_code
        if event == "line" and frame.f_lasti >= replacement.starts.get(id(code), 0):
            line_reached(frame, code, frame.f_lineno)
        elif event == "exception":
            raised(frame, code, argument[1])
        elif event == "return":
            call = calls.get(id(frame))
            how = way_out(frame, call is None or call.is_raising)
            left(frame, code, how, NOTHING if how == "unwind" else argument)
            me = _thread.get_ident()
            # A suspended generator may be resumed from anywhere: the thread is traced until it has ended.
            if not later and not stacks.get(me) and not any([call.is_suspended and call.thread == me for call in list(calls.values())]) and sys.gettrace() is tracer:
                sys.settrace(None)

    def consider(code):
        """While the program is still being loaded nothing is replaced: every call of a new function comes by here once."""
        if id(code) not in considered:
            if len(considered) >= CONSIDERED_MAXIMUM:
                considered.clear()
            considered[id(code)] = code
            name = code.co_name
            if PYTHON < (3, 11) and any([place.name is None or matches(place.name.rpartition(".")[2], name) for place in places]):
                name = next((qualified(function) for function in gc.get_referrers(code) if type(function) is function_type), name)
            wanted = wanted_by(code, name if PYTHON < (3, 11) else code.co_qualname)
            if wanted:
                names[id(code)] = name if PYTHON < (3, 11) else code.co_qualname
                note(code, wanted)

    def wants(code, name):
        wanted = wanted_by(code, name)
        if wanted:
            names[id(code)] = name
            note(code, wanted)
        return wanted

    def made(code, name, replaced, wanted):
        names[id(code)] = name
        note(code, wanted)

    def detach():
        replacement.take_out()
        if sys.gettrace() is tracer:
            sys.settrace(None)
        threading = sys.modules.get("threading")
        if threading is not None and module_dictionary_of(threading).get("_trace_hook") is tracer:
            threading.settrace(None)
        considered.clear()

    replacement = Replacement(wants, made, entered)
    opcodes()
    on_removal(detach)
    if later:
        __import__("threading").settrace(tracer)
    else:
        replacement.put_in()
    mine, others = trace_running(codes, tracer, local, say)
    existing.update(map(id, mine))
    if later or existing:
        sys.settrace(tracer)
    if others:
        send({"e": "elsewhere", "count": others})
