# ---- line events by sys.settrace (CPython 3.7 to 3.11), on only while a function that has the line runs in the thread

SUSPENDED, RAISING, RUNNING = "suspended", "raising", "running"
MOST_WATCHED = 10000    # frames that are remembered: those of generators that another thread closed are not seen to end


def attach_by_tracing():
    frames = {}             # id of a frame that is traced: [its code, how it is, its thread]

    def say(current):
        send({"e": "foreign", "thread": thread_number(), "by": render(current)})

    def watch(frame):
        frame.f_trace = local
        if len(frames) >= MOST_WATCHED:
            forget_suspended()
        frames[id(frame)] = [frame.f_code, RUNNING, _thread.get_ident()]

    def forget_suspended():
        """The older half of the generators that wait. One that goes on where nothing is traced any more is not told."""
        waiting = [key for key, known in list(frames.items()) if known[1] is SUSPENDED]
        for key in waiting[:len(waiting) // 2 + 1]:
            if frames.pop(key, None) is not None:
                untold.append(None)

    def entered():
        # Somebody else's trace function sees this, so it is as little as can be.
        if lines and (sys.gettrace() is None or _thread.get_ident() not in foreign):
            entered_by(sys._getframe(1))

    @guarded
    def entered_by(frame):
        # Where tracing is on, the tracer has seen this call already.
        started = now()
        if sys.gettrace() is not tracer and id(frame.f_code) in lines and may_trace(tracer, say):
            watch(frame)
            sys.settrace(tracer)
        spend(min(now() - started, MOST_SHORT))

    def tracer(frame, event, argument):
        if gone is not None or not lines:
            return end_of_tracing(frame)
        return None if frame.f_code.co_filename == FILE else called(frame)

    @guarded
    def called(frame):
        if id(frame.f_code) not in lines:
            return None
        known = frames.get(id(frame))
        if known is not None and known[0] is frame.f_code and known[1] is SUSPENDED:
            known[1:] = [RUNNING, _thread.get_ident()]
        else:
            watch(frame)
        return local

    def local(frame, event, argument):
        if gone is not None or not lines:
            return end_of_tracing(frame)
        happened(frame, event)
        return local

    def end_of_tracing(frame):
        frame.f_trace = None
        if sys.gettrace() is tracer:
            sys.settrace(None)
        return None

    @guarded
    def happened(frame, event):
        started, code = now(), frame.f_code
        if event == "line":
            mark(frame, RUNNING)
            if frame.f_lasti >= replacement.starts.get(id(code), 0) and reached(frame, code, frame.f_lineno):
                return
        elif event == "exception":
            mark(frame, RAISING)
        elif event == "return":
            left(frame)
        spend(min(now() - started, MOST_SHORT))

    def mark(frame, how):
        known = frames.get(id(frame))
        if known is not None:
            known[1] = how

    def left(frame):
        known = frames.get(id(frame))
        if way_out(frame, known is None or known[1] is RAISING) == "yield":
            known[1] = SUSPENDED
        else:
            frames.pop(id(frame), None)
        # A suspended generator may be resumed from anywhere: the thread is traced until it has ended.
        me = _thread.get_ident()
        if sys.gettrace() is tracer and not any([each[2] == me for each in list(frames.values())]):
            sys.settrace(None)

    def wants(code, name):
        return id(code) in lines

    def made(code, name, replaced, wanted):
        lines[id(code)], marked[id(code)], names[id(code)] = lines[id(replaced)], code, name

    def release(code):
        # Its calls see that there is nothing to tell any more.
        pass

    def detach():
        replacement.take_out()
        if sys.gettrace() is tracer:
            sys.settrace(None)
        frames.clear()

    opcodes()
    replacement = Replacement(wants, made, entered)
    on_removal(detach)
    replacement.put_in()
    mine, others = trace_running(lines, tracer, local, say)
    for frame in mine:
        watch(frame)
    if mine:
        sys.settrace(tracer)
    if others:
        send({"e": "elsewhere", "count": others})
    return release
