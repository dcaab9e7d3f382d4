# ---- events by sys.settrace (CPython 3.7 to 3.11), on only in threads that run a function asked for: such functions get code that begins with entered()

def attach_by_tracing(later):
    originals, converted, considered = {}, {}, {}
    prologues = {}          # id of new code: where the function's own instructions begin
    foreign = set()         # threads that somebody else traces

    def may_trace():
        current = sys.gettrace()
        me = _thread.get_ident()
        if current is None or current is tracer:
            return True
        if me not in foreign:
            foreign.add(me)
            introduce(me)
            send({"e": "foreign", "k": me, "by": render(current)})
        return False

    @guarded
    def entered_by(frame):
        # Where tracing is on, the tracer has seen this call already.
        if sys.gettrace() is not tracer and may_trace():
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
        if event == "line" and frame.f_lasti >= prologues.get(id(code), 0):
            line_reached(frame, code, frame.f_lineno)
        elif event == "exception":
            raised(frame, code, argument[1])
        elif event == "return":
            how = way_out(frame, calls.get(id(frame)))
            left(frame, code, how, NOTHING if how == "unwind" else argument)
            me = _thread.get_ident()
            # A suspended generator may be resumed from anywhere: the thread is traced until it has ended.
            if not later and not stacks.get(me) and not any([call.is_suspended and call.thread == me for call in calls.values()]) and sys.gettrace() is tracer:
                sys.settrace(None)

    def way_out(frame, call):
        """Why a frame is left: the event is the same for all."""
        text, at = frame.f_code.co_code, frame.f_lasti
        if text[at] == names_of_opcodes["RETURN_VALUE"]:
            return "return"
        is_yield = text[at] == names_of_opcodes["YIELD_VALUE"] or text[at + 2:at + 3] == from_opcode
        return "yield" if is_yield and call is not None and not call.is_raising else "unwind"

    def consider(code):
        """While the program is still being loaded nothing is replaced: every call of a new function comes by here once."""
        if id(code) not in considered:
            considered[id(code)] = code
            name = code.co_name
            if PYTHON < (3, 11) and any([place.name is None or matches(place.name.rpartition(".")[2], name) for place in places]):
                name = next((qualified(function) for function in gc.get_referrers(code) if type(function) is function_type), name)
            wanted = wanted_by(code, name if PYTHON < (3, 11) else code.co_qualname)
            if wanted:
                names[id(code)] = name if PYTHON < (3, 11) else code.co_qualname
                note(code, wanted)

    def convert(code, name):
        """The code that a function gets: it says when it begins, and the functions in it do."""
        if id(code) in converted:
            return converted[id(code)]
        inner = tuple([convert(item, inner_name(code, name, item)) if type(item) is code_type else item for item in code.co_consts])
        wanted = wanted_by(code, name)
        result = code
        if any([item is not before for item, before in zip(inner, code.co_consts)]):
            result = replace(code, inner, code.co_code, code.co_linetable if PYTHON >= (3, 10) else code.co_lnotab)
        if wanted:
            names[id(code)] = name
            note(code, wanted)
            result, start = with_prologue(result, entered)
            prologues[id(result)] = start
            names[id(result)] = name
            note(result, wanted)
        converted[id(code)] = result
        if result is not code:
            originals[id(result)] = code
            converted[id(result)] = result
        return result

    def detach():
        for function in functions():
            original = originals.get(id(function.__code__))
            if original is not None:
                function.__code__ = original
        if sys.gettrace() is tracer:
            sys.settrace(None)
        threading = sys.modules.get("threading")
        if threading is not None and module_dictionary_of(threading).get("_trace_hook") is tracer:
            threading.settrace(None)
        for remembered in (originals, converted, considered, prologues):
            remembered.clear()

    opcode = borrow("opcode")
    names_of_opcodes = opcode.opmap
    from_opcode = bytes([names_of_opcodes["YIELD_FROM"]]) if "YIELD_FROM" in names_of_opcodes else None
    on_removal(detach)
    if later:
        __import__("threading").settrace(tracer)
    else:
        for function in functions():
            if function.__code__.co_filename != FILE:
                code = convert(function.__code__, qualified(function))
                if code is not function.__code__:
                    function.__code__ = code
    frame, others = sys._getframe(1), sum([1 for frame in running_frames() if id(frame.f_code) in codes])
    while frame is not None:
        if id(frame.f_code) in codes and may_trace():
            existing.add(id(frame))
            frame.f_trace = local
            others -= 1
        frame = frame.f_back
    if later or existing:
        sys.settrace(tracer)
    if others:
        send({"e": "elsewhere", "count": others})
