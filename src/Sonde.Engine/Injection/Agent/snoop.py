# ---- the story of a function's calls, line by line

LENGTH, LEVELS, MAXIMUM, VARIABLES, CALLS_MAXIMUM, CONSIDERED_MAXIMUM = 100, 1, 0, 200, 10000, 100000
ATOMS = frozenset([type(None), bool, int, float, complex])
NOTHING = object()
places, watches, explosions = [], [], []
codes = {}      # id of a code object: [itself, number, the places that want it]
calls = {}      # id of a frame: its call
stacks = {}     # thread: the calls that run in it, innermost last
existing = set()
begun = finished = 0
numbers, code_numbers = itertools.count(1), itertools.count(1)      # taken in one step of the interpreter, so threads do not take the same


class Call:
    """One activation of a function, from its start to its end; a generator's goes on when it is resumed."""
    __slots__ = ("number", "code", "level", "depth", "seen", "start", "parent", "is_suspended", "thread", "told", "is_raising")

    def __init__(self, code, level, parent):
        self.number, self.code, self.level, self.parent, self.seen, self.start = next(numbers), code, level, parent, {}, clock()
        self.depth = parent.depth + 1 if parent else 0
        self.is_suspended = self.is_raising = False
        self.thread, self.told = None, False


def variables(frame):
    """The names and values in a frame: arguments and variables, then what is shared with inner and outer functions, in the order in which the code has them."""
    code, values = frame.f_code, frame.f_locals
    if code.co_flags & 1 == OPTIMIZED:
        names = dict.fromkeys(code.co_varnames + code.co_cellvars + code.co_freevars)
        found = dict(values)
        result = [(name, found.pop(name)) for name in names if name in found]
        return result + [item for item in found.items()]
    return [item for item in list(itertools.islice(values.items(), VARIABLES)) if type(item[0]) is str and item[0][:2] != "__"] if type(values) is dict else []


def changes(call, frame):
    """What has changed since the call was looked at last: ["+" or "~", name, text]."""
    before, now, found = call.seen, {}, []
    named = variables(frame)
    if watches or explosions:
        scope = dict(named)
        for watch in watches:
            named.extend(sorted(watch.values(scope, frame), key=first_of))
    for name, value in named:
        old = before.get(name)
        if old is not None and old[0] is value:
            now[name] = old
            continue
        text = render(value, name) if type(value) is not Shown else value.text
        kept = value if type(value) in ATOMS or (type(value) in (str, bytes) and len(value) < 1000) else NOTHING
        now[name] = (kept, text)
        if old is None or old[1] != text:
            found.append(["+" if old is None else "~", name, shorten(text)])
    call.seen = now
    return found


def shorten(text):
    """The two ends of a text that is too long."""
    if not LENGTH or len(text) <= LENGTH:
        return text
    left = (LENGTH - 3) // 2
    return text[:left] + "..." + text[len(text) - (LENGTH - 3 - left):]


def first_of(pair):
    return pair[0]


class Shown:
    """What cannot be told as a value."""
    def __init__(self, text):
        self.text = text


class Watch:
    """An expression made of a name, attributes, keys and indices: [["name", "a"], ["attribute", "b"], ["key", "c"], ["index", 0]]. No property and no __getitem__ is run."""

    def __init__(self, asked, explode):
        self.text, self.steps, self.explode = asked["text"], asked["steps"], explode

    def values(self, scope, frame):
        value, is_secret = NOTHING, False
        for kind, what in self.steps:
            is_secret = is_secret or (hides_item(value, what) if kind == "index" else hides(what))
            if kind == "name":
                value = scope.get(what, dict.get(frame.f_globals, what, NOTHING))
            elif kind == "attribute":
                value = attribute(value, what)
            else:
                value = item(value, what)
            if value is NOTHING:
                return []
        if is_secret or not self.explode:
            return [(self.text, Shown(HIDDEN) if is_secret else value)]
        return [(self.text + name, part) for name, part in parts(value)]


def attribute(value, name):
    fields = fields_of(value, type(value))
    if name in fields:
        return fields[name]
    if type(value) is type(sys):
        return module_dictionary_of(value).get(name, NOTHING)
    found = find_member(value if isinstance_of(value, type) else type(value), name)
    if type(found) in ATOMS or type(found) in (str, bytes, list, tuple, dict, set):
        return found
    return NOTHING if found is None else Shown("<%s, not run>" % name_of(type(found)))


def item(value, key):
    for base in (list, tuple):
        if isinstance_of(value, base):
            count = base.__len__(value)
            return base.__getitem__(value, key) if type(key) is int and -count <= key < count else NOTHING
    if isinstance_of(value, dict):
        # A look-up could run the __eq__ of another key.
        for at, entry in enumerate(list(itertools.islice(dict.items(value), 10000))):
            if type(entry[0]) is type(key) and entry[0] == key:
                return entry[1]
    return NOTHING


def parts(value):
    """The attributes, entries or items of an object."""
    if isinstance_of(value, dict):
        return [("[%s]" % render(key), part) for key, part in list(itertools.islice(dict.items(value), VARIABLES))]
    for base in (list, tuple):
        if isinstance_of(value, base):
            return [("[%d]" % at, Shown(HIDDEN) if hides_item(value, at) else part) for at, part in enumerate(base.__getitem__(value, slice(0, VARIABLES)))]
    return [("." + name, part) for name, part in itertools.islice(fields_of(value, type(value)).items(), VARIABLES)]


# ---- telling

def tell(kind, call, frame, line, **more):
    event = {"e": kind, "i": call.number, "l": line, "t": clock()}
    found = changes(call, frame)
    if found:
        event["v"] = found
    event.update(more)
    send(event)


def is_told(call, line):
    for place in codes[id(call.code)][2]:
        if place.tells(line):
            return True
    return not codes[id(call.code)][2]


def note(code, wanted):
    """Remembers a code object that is told about, and tells Sonde what it is."""
    if id(code) not in codes:
        codes[id(code)] = [code, 0, wanted]
    known = codes[id(code)]
    if not known[1]:
        # What is lost of it is told again: all that is told of its calls refers to it.
        number = next(code_numbers)
        name = names.get(id(code)) or (code.co_qualname if PYTHON >= (3, 11) else code.co_name)
        if send({"e": "code", "c": number, "name": name, "file": code.co_filename, "line": code.co_firstlineno, "wanted": bool(wanted)}):
            known[1] = number
    return known


def introduce(me):
    """Tells Sonde what a thread is called. When it has ended, another one can come to have its number."""
    module, name = sys.modules.get("threading"), None
    if module is not None:
        thread = module_dictionary_of(module).get("_active", {}).get(me)
        name = fields_of(thread, type(thread)).get("_name") if thread is not None else None
    told = (_thread.get_native_id() if PYTHON >= (3, 8) else 0, name if type(name) is str else None)
    if threads.get(me) != told and send({"e": "thread", "k": me, "tid": told[0], "name": told[1]}):
        threads[me] = told


def begin(frame, code, how, line=None):
    """Begins to tell a call, if it is one that is asked for."""
    global begun
    me = _thread.get_ident()
    stack = stacks.setdefault(me, [])
    wanted = codes[id(code)][2] if id(code) in codes else ()
    caller, parent = frame.f_back, None
    if stack:
        parent = calls.get(id(caller)) if not wanted else enclosing(caller, stack)
    if wanted:
        level = 1
        if parent is None and MAXIMUM and begun >= MAXIMUM:
            return None
    elif parent is not None and parent.level < LEVELS:
        level = parent.level + 1
    else:
        return None
    if len(calls) >= CALLS_MAXIMUM:
        if len(untold) < 1000000:
            untold.append(None)
        return None
    number = note(code, wanted)[1]
    if not stack:
        introduce(me)
    call = Call(code, level, parent)
    call.thread = me
    line = line or code.co_firstlineno
    call.told = is_told(call, line)
    if not number or not send({"e": how, "i": call.number, "c": number, "k": me, "d": call.depth, "l": line, "t": clock(), "v": changes(call, frame), "told": call.told}):
        # Of a call whose beginning is lost, the rest could not be understood.
        return None
    begun += parent is None
    calls[id(frame)] = call
    stack.append(call)
    return call


def enclosing(frame, stack):
    """The innermost call that is told and that a frame lies within. There is none when an exception has ended them in a way that nobody was told of."""
    global finished
    while frame is not None:
        call = calls.get(id(frame))
        if call is not None and call.code is frame.f_code:
            return call
        frame = frame.f_back
    finished += sum([1 for call in stack if call.parent is None])
    for key in [key for key, call in list(calls.items()) if call in stack]:
        calls.pop(key, None)
    del stack[:]
    return None


def call_of(frame, code):
    """The call that a frame is. One that had begun before Sonde came is told from here on."""
    call = calls.get(id(frame))
    if call is not None and call.code is code:
        return call
    if id(frame) in existing and id(code) in codes and codes[id(code)][2]:
        existing.discard(id(frame))
        return begin(frame, code, "running", frame.f_lineno)
    return None


def line_reached(frame, code, line):
    call = call_of(frame, code)
    if call is None:
        return
    call.is_raising = False
    if not is_told(call, line):
        changes(call, frame)
    else:
        tell("line", call, frame, line)


def raised(frame, code, error):
    call = call_of(frame, code)
    if call is None:
        return
    call.is_raising = True
    if is_told(call, frame.f_lineno):
        text = exception_text(error)
        tell("exception", call, frame, frame.f_lineno, x=shorten(scrub("%s%s%s" % (name_of(type(error)), ": " if text else "", text))))


def left(frame, code, how, value=NOTHING):
    """A call has ended ("return", "unwind"), or is suspended ("yield")."""
    global finished
    call = call_of(frame, code)
    if call is None:
        return
    stack = stacks.get(call.thread, [])
    if call in stack:
        del stack[stack.index(call):]
    call.is_suspended = how == "yield"
    more = {} if value is NOTHING else {"r": shorten(render(value))}
    if not call.is_suspended:
        del calls[id(frame)]
        more["took"] = clock() - call.start
        finished += call.parent is None
    if is_told(call, frame.f_lineno):
        tell(how, call, frame, frame.f_lineno, **more)
    elif not call.is_suspended:
        send({"e": "end_of_call", "i": call.number, "t": clock(), "took": more["took"]})
    if MAXIMUM and finished >= MAXIMUM:
        remove("count")


def resumed(frame, code):
    call = call_of(frame, code)
    if call is None:
        if id(code) in codes and codes[id(code)][2]:
            begin(frame, code, "running", frame.f_lineno)
        return
    me = _thread.get_ident()
    if call.is_suspended:
        call.is_suspended, call.thread = False, me
        stacks.setdefault(me, []).append(call)
        introduce(me)
        if is_told(call, frame.f_lineno):
            tell("resume", call, frame, frame.f_lineno, k=me)


# ---- beginning

def start(with_settings):
    global LENGTH, LEVELS, MAXIMUM
    LENGTH, LEVELS, MAXIMUM = with_settings.get("length", LENGTH), with_settings.get("levels", LEVELS), with_settings.get("count", MAXIMUM)
    places.extend([Place(asked) for asked in with_settings["functions"]])
    watches.extend([Watch(asked, False) for asked in with_settings.get("watch", [])] + [Watch(asked, True) for asked in with_settings.get("explode", [])])
    on_removal(clear)
    attach = attach_by_monitoring if PYTHON >= (3, 12) else attach_by_tracing
    attach(with_settings.get("later", False))
    send({"e": "ready", "functions": len(set([(code.co_filename, code.co_firstlineno, code.co_name) for code, number, wanted in codes.values() if wanted])), "missing": [at for at, place in enumerate(places) if not place.is_found],
          "clock": clock(), "wall": time.time_ns()})


def clear():
    """Code that was put in holds this agent, and the interpreter's collector of cycles does not see through code objects."""
    for remembered in (codes, calls, stacks, existing, names, threads):
        remembered.clear()


def wanted_by(code, name):
    wanted = [place for place in places if place.matches(code, name)]
    for place in wanted:
        place.is_found = True
    return wanted


names = {}      # id of a code object: its qualified name, where it does not know it itself
threads = {}     # number of a thread: the kernel's number, and name
