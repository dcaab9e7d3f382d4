# ---- events by sys.monitoring (PEP 669, CPython 3.12 and newer): for exactly the code objects asked for, in all threads, and in calls that run already

def attach_by_monitoring(later):
    monitoring = sys.monitoring
    kinds = monitoring.events
    tool = claim_tool()
    local = kinds.LINE | kinds.PY_START | kinds.PY_RESUME | kinds.PY_YIELD | kinds.PY_RETURN | kinds.JUMP
    # These cannot be had for single code objects: they come for exceptions anywhere, and are dropped at once.
    everywhere = kinds.RAISE | kinds.PY_UNWIND | kinds.PY_THROW
    marked, considered, line_tables = {}, {}, {}

    def mark(code, wanted):
        note(code, wanted)
        if id(code) not in marked:
            marked[id(code)] = code
            monitoring.set_local_events(tool, code, local)

    def consider(code, name):
        if id(code) in considered:
            return
        if len(considered) >= CONSIDERED_MAXIMUM:
            considered.clear()
        considered[id(code)] = code
        wanted = wanted_by(code, name)
        if wanted:
            mark(code, wanted)
        for inner in code.co_consts:
            if type(inner) is code_type:
                consider(inner, inner.co_qualname)

    @guarded
    def started(frame, code):
        calls.pop(id(frame), None)
        existing.discard(id(frame))
        if later:
            consider(code, code.co_qualname)
        if begin(frame, code, "call") is not None:
            mark(code, ())
        elif LEVELS == 1 and id(code) not in marked:
            return monitoring.DISABLE
        return None

    @guarded
    def returned(frame, code, how, value=NOTHING):
        left(frame, code, how, value)

    def line_at(code, offset):
        table = line_tables.get(id(code))
        if table is None:
            table = line_tables[id(code)] = list(code.co_lines())
        return next((number for start, end, number in table if start <= offset < end), None)

    def jumped(frame, code, offset, to):
        """A loop in one line comes to its line again without an event for it."""
        number = line_at(code, offset)
        if to > offset or number is None or line_at(code, to) != number:
            return monitoring.DISABLE
        return line(frame, code, number)

    line, raising, resuming = guarded(line_reached), guarded(raised), guarded(resumed)
    callbacks = {
        # With calls of other functions to be told too, this one comes for every function of the program.
        kinds.PY_START: lambda code, offset: started(sys._getframe(1), code) if later or id(code) in marked or stacks.get(_thread.get_ident()) else None,
        kinds.LINE: lambda code, number: line(sys._getframe(1), code, number),
        kinds.JUMP: lambda code, offset, to: jumped(sys._getframe(1), code, offset, to),
        kinds.PY_RESUME: lambda code, offset: resuming(sys._getframe(1), code),
        kinds.PY_THROW: lambda code, offset, error: resuming(sys._getframe(1), code) if id(code) in marked else None,
        kinds.PY_YIELD: lambda code, offset, value: returned(sys._getframe(1), code, "yield", value),
        kinds.PY_RETURN: lambda code, offset, value: returned(sys._getframe(1), code, "return", value),
        kinds.PY_UNWIND: lambda code, offset, error: returned(sys._getframe(1), code, "unwind") if id(code) in marked else None,
        kinds.RAISE: lambda code, offset, error: raising(sys._getframe(1), code, error) if id(code) in marked else None,
    }

    def detach():
        monitoring.set_events(tool, 0)
        for code in list(marked.values()):
            monitoring.set_local_events(tool, code, 0)
        for kind in callbacks:
            monitoring.register_callback(tool, kind, None)

    on_removal(detach)
    for kind, callback in callbacks.items():
        monitoring.register_callback(tool, kind, callback)
    for function in functions():
        consider(function.__code__, function.__code__.co_qualname)
    for frame in running_frames():
        consider(frame.f_code, frame.f_code.co_qualname)
        if id(frame.f_code) in marked:
            existing.add(id(frame))
    monitoring.set_events(tool, everywhere | (kinds.PY_START if later or LEVELS > 1 else 0))
