# ---- what watching by sys.settrace needs (CPython 3.7 to 3.11): it is on only while a function that was asked for runs in a thread. Such functions get code that begins with
# a call of Sonde's (prologue.py), and their own back at the end

foreign = set()         # threads that somebody else traces


class Opcodes:
    """What the module opcode says, taken from it once. It loads another one; neither is left in a program that did not have it, not even while this watches."""

    def __init__(self):
        loaded = [name for name in ("opcode", "_opcode") if name not in sys.modules]
        try:
            module = __import__("opcode")
        except ImportError:
            raise RuntimeError("this Python lacks the module opcode")
        self.opmap, self.hasjabs, self.hasjrel, self.EXTENDED_ARG = module.opmap, module.hasjabs, module.hasjrel, module.EXTENDED_ARG
        self.caches = getattr(module, "_inline_cache_entries", None)
        for name in loaded:
            sys.modules.pop(name, None)


def opcodes():
    if not known_opcodes:
        known_opcodes.append(Opcodes())
    return known_opcodes[0]


known_opcodes = []


class Replacement:
    """Code that functions get instead of their own.

    wants(code, name) tells whether a function is asked for, made(code, name, replaced, wanted) that it has got other code, and call() runs at the beginning of each of its calls."""

    def __init__(self, wants, made, call):
        self.wants, self.made, self.call = wants, made, call
        self.originals, self.converted = {}, {}
        self.starts = {}          # id of new code: where the function's own instructions begin

    def convert(self, code, name):
        """The code that a function gets: it says when it begins, and the functions in it do."""
        if id(code) in self.converted:
            return self.converted[id(code)]
        inner = tuple([self.convert(item, inner_name(code, name, item)) if type(item) is code_type else item for item in code.co_consts])
        wanted = self.wants(code, name)
        result = code
        if any([item is not before for item, before in zip(inner, code.co_consts)]):
            result = replace(code, inner, code.co_code, code.co_linetable if PYTHON >= (3, 10) else code.co_lnotab)
        if wanted:
            if any([type(item) is function_type and item.__code__.co_filename == FILE for item in code.co_consts]):
                # It would get back code that is the other one's, who may be gone by then.
                raise RuntimeError("another session of sonde watches %s; before Python 3.12 only one can at a time" % name)
            result, start = with_prologue(result, self.call)
            self.starts[id(result)] = start
            self.made(result, name, code, wanted)
        self.converted[id(code)] = result
        if result is not code:
            self.originals[id(result)] = code
            self.converted[id(result)] = result
        return result

    def put_in(self):
        for function in functions():
            if function.__code__.co_filename != FILE:
                code = self.convert(function.__code__, qualified(function))
                if code is not function.__code__:
                    function.__code__ = code

    def take_out(self):
        for function in functions():
            original = self.originals.get(id(function.__code__))
            if original is not None:
                function.__code__ = original
        for remembered in (self.originals, self.converted, self.starts):
            remembered.clear()


def may_trace(tracer, say):
    """Whether nobody else traces this thread; says so, once, when somebody does."""
    current = sys.gettrace()
    if current is None or current is tracer:
        return True
    if _thread.get_ident() not in foreign:
        foreign.add(_thread.get_ident())
        say(current)
    return False


def way_out(frame, is_raising):
    """Why a frame is left: the event is the same for all."""
    numbers = opcodes().opmap
    text, at = frame.f_code.co_code, frame.f_lasti
    if text[at] == numbers["RETURN_VALUE"]:
        return "return"
    is_yield = text[at] == numbers["YIELD_VALUE"] or text[at + 2:at + 3] == bytes([numbers.get("YIELD_FROM", 0)])
    return "yield" if is_yield and not is_raising else "unwind"


def trace_running(codes, tracer, local, say):
    """The calls that run already in this thread, traced from here on; and how many there are in others, where that cannot be done."""
    mine, all_of_them = [], sum([1 for frame in running_frames() if id(frame.f_code) in codes])
    frame = sys._getframe(1)
    while frame is not None:
        if id(frame.f_code) in codes and may_trace(tracer, say):
            frame.f_trace = local
            mine.append(frame)
        frame = frame.f_back
    return mine, all_of_them - len(mine)
