# ---- values as text: those of the interpreter's own types by what they hold, others by their class; none of the program's code runs for it

ITEMS, DEPTH, FIELDS, CHARACTERS, NODES, NANOSECONDS = 20, 4, 0, 4096, 2000, 5000000
call_repr = False
clock = time.perf_counter_ns
time_used = time.thread_time_ns

# The parts of classes as the interpreter keeps them: what a metaclass says about itself is not asked.
own_members_of = type.__dict__["__dict__"].__get__
own_ancestors_of = type.__dict__["__mro__"].__get__
name_of = type.__dict__["__name__"].__get__
qualified_name_of = type.__dict__["__qualname__"].__get__
flags_of = type.__dict__["__flags__"].__get__
function_type = type(borrow)
getter_type = type(function_type.__dict__["__code__"])
slot_type = type(function_type.__dict__["__globals__"])


def dictionary_of(kind):
    """What a class defines. Types that the interpreter never readied have nothing."""
    return own_members_of(kind) or {}


def ancestors_of(kind):
    return own_ancestors_of(kind) or (kind,)


def set_limits(settings):
    """The limits: "items" of a container, "depth" of containers, "fields" (how many objects deep fields are shown), "characters" of a value; "repr" runs the
    program's own __repr__; "words" are those whose presence in a name hides its value, none to hide nothing."""
    global ITEMS, DEPTH, FIELDS, CHARACTERS, call_repr
    limits = settings.get("limits", {})
    ITEMS, DEPTH, FIELDS = limits.get("items", ITEMS), limits.get("depth", DEPTH), limits.get("fields", FIELDS)
    CHARACTERS, call_repr = limits.get("characters", CHARACTERS), limits.get("repr", False)
    secret_words[:] = settings.get("words", [])


def render(value, name=None):
    """A value as text, as repr() shows it where it can, without what looks like a secret."""
    if name is not None and hides(name):
        return HIDDEN
    writer = Writer()
    writer.write(value)
    return scrub("".join(writer.pieces))


class Writer:
    """One value's text in the making. Ends early, with a mark, when the value is too long, too deep, too large, or takes too much time."""

    def __init__(self):
        self.pieces, self.length, self.nodes, self.path, self.objects = [], 0, 0, [], 0
        self.until = time_used() + NANOSECONDS

    def add(self, text):
        self.pieces.append(text)
        self.length += len(text)

    def is_full(self):
        return self.length >= CHARACTERS or self.nodes >= NODES or (self.nodes & 63 == 63 and time_used() > self.until)

    def write(self, value):
        self.nodes += 1
        if self.is_full():
            return self.add(CUT)
        kind = type(value)
        writer = WRITERS.get(kind)
        if writer is not None:
            return writer(self, value)
        if call_repr and repr_of(kind) is not object.__repr__:
            return self.write_own(value)
        return self.write_other(value, kind)

    def write_own(self, value):
        """What the object's own __repr__ says: the program's, because the user asked for it, or that of a type which is trusted."""
        before = handlers() if call_repr else {}
        try:
            text = repr(value)
            self.add(str.__getitem__(text, slice(0, CHARACTERS)) + (CUT if str.__len__(text) > CHARACTERS else ""))
        except BaseException as error:
            if is_of_handler(error, before):
                raise
            self.add("<__repr__ raised %s>" % name_of(type(error)))

    def write_named(self, name, value):
        self.add(name[:CHARACTERS] + "=")
        self.write_value_of(name, value)

    def write_value_of(self, name, value):
        if hides(name):
            self.add(HIDDEN)
        else:
            self.write(value)

    def enter(self, value, repeated, too_deep):
        """Begins what holds others, unless it holds itself or lies too deep; then it adds what stands for it."""
        if id(value) in self.path or len(self.path) >= DEPTH:
            self.add(repeated if id(value) in self.path else too_deep)
            return False
        self.path.append(id(value))
        return True

    def write_items(self, items, count, write):
        """The first items, and how many there are more. The list of the items is this writer's own."""
        done = 0
        for item in items:
            if self.is_full():
                break
            if done:
                self.add(", ")
            write(item)
            done += 1
        if done < count:
            self.add("%s%s %d more" % (", " if done else "", CUT, count - done))

    def write_sequence(self, items, count):
        if len(items) == count == 2 and hides(items[0]):
            # Two are a name and its value, as headers are.
            self.write(items[0])
            self.add(", " + HIDDEN)
        else:
            self.write_items(items, count, self.write)

    # Where the count is taken and where the items, other threads may have changed the container in between: both are then still true of some moment.

    def write_list(self, value, opening="[", closing="]"):
        if self.enter(value, opening + "..." + closing, opening + CUT + closing):
            self.add(opening)
            self.write_sequence(list.__getitem__(value, slice(0, ITEMS)), list.__len__(value))
            self.add(closing)
            self.path.pop()

    def write_tuple(self, value, opening="(", closing=")"):
        if self.enter(value, opening + "..." + closing, opening + CUT + closing):
            self.add(opening)
            self.write_sequence(tuple.__getitem__(value, slice(0, ITEMS)), tuple.__len__(value))
            self.add("," + closing if tuple.__len__(value) == 1 else closing)
            self.path.pop()

    def write_entry(self, entry):
        self.write(entry[0])
        self.add(": ")
        self.write_value_of(*entry)

    def write_dict(self, value, opening="{", closing="}"):
        if self.enter(value, opening + "..." + closing, opening + CUT + closing):
            self.add(opening)
            try:
                self.write_items(list(itertools.islice(dict.items(value), ITEMS)), dict.__len__(value), self.write_entry)
            except RuntimeError:
                self.add("<changed>")
            self.add(closing)
            self.path.pop()

    def write_set(self, value, opening="{", closing="}"):
        base = set if isinstance_of(value, set) else frozenset
        if base.__len__(value) == 0:
            return self.add("%s()" % name_of(type(value)))
        if self.enter(value, "%s(...)" % name_of(type(value)), opening + CUT + closing):
            self.add(opening)
            try:
                self.write_items(list(itertools.islice(base.__iter__(value), ITEMS)), base.__len__(value), self.write)
            except RuntimeError:
                self.add("<changed>")
            self.add(closing)
            self.path.pop()

    def write_int(self, value):
        bits = int.bit_length(value)
        self.add(int.__repr__(value) if bits <= 10000 else "<int of %d bits>" % bits)

    def write_text(self, value, base=str, quote=1):
        """A long one by its two ends: the rest of it is not even looked at."""
        length = base.__len__(value)
        if length <= CHARACTERS:
            return self.add(base.__repr__(value))
        half = CHARACTERS // 2
        head = base.__repr__(base.__getitem__(value, slice(0, half)))
        tail = base.__getitem__(value, slice(length - half, length))
        hidden = hidden_start(tail if base is str else tail.decode("latin-1"))
        tail = base.__repr__(tail[hidden:])
        self.add("%s%s %d more %s%s%s" % (head[:-quote], CUT, length - 2 * half, CUT, HIDDEN if hidden else "", tail[len(tail) - len(tail.lstrip("b")) + 1:]))

    def write_bytearray(self, value):
        length = bytearray.__len__(value)
        self.add("bytearray(")
        self.write_text(bytes(bytearray.__getitem__(value, slice(0, CHARACTERS))), bytes)
        self.add(")" if length <= CHARACTERS else "%s %d more)" % (CUT, length - CHARACTERS))

    def write_class(self, value):
        module = dictionary_of(value).get("__module__", "")
        module = module + "." if type(module) is str and module not in ("", "builtins") else ""
        self.add("<%s '%s%s'>" % ("enum" if "_member_map_" in dictionary_of(value) else "class", module, qualified_name_of(value)))

    def write_method(self, value):
        function = value.__func__
        name = function.__qualname__ if type(function) is function_type else "?"
        if self.enter(value, "...", "<bound method %s of %s>" % (name, CUT)):
            self.add("<bound method %s of " % name)
            self.write(value.__self__)
            self.add(">")
            self.path.pop()

    def write_module(self, value):
        name = module_dictionary_of(value).get("__name__")
        self.add("<module '%s'>" % (name if type(name) is str else "?"))

    def write_exception(self, value):
        name = name_of(type(value))
        arguments = exception_arguments_of(value)
        if self.enter(value, name + "(...)", name + "(" + CUT + ")"):
            self.add(name + "(")
            self.write_items(tuple.__getitem__(arguments, slice(0, ITEMS)), tuple.__len__(arguments), self.write)
            self.add(")")
            self.path.pop()

    def write_defaultdict(self, value):
        self.add("defaultdict(")
        self.write(factory_of(value))
        self.write_dict(value, ", {", "})")

    def write_deque(self, value):
        if self.enter(value, "[...]", "deque([" + CUT + "])"):
            self.add("deque([")
            try:
                self.write_items(list(itertools.islice(deque.__iter__(value), ITEMS)), deque.__len__(value), self.write)
            except RuntimeError:
                self.add("<changed>")
            longest = deque_longest_of(value)
            self.add("])" if longest is None else "], maxlen=%d)" % longest)
            self.path.pop()

    def write_slice(self, value):
        self.add("slice(")
        self.write_items([value.start, value.stop, value.step], 3, self.write)
        self.add(")")

    # ---- what the program's classes make

    def write_other(self, value, kind):
        if hides(name_of(kind)):
            return self.add(HIDDEN)
        members = dictionary_of(kind)
        fields = fields_of(value, kind)
        if fields.get("_name_") is not None and type(fields["_name_"]) is str and find_member(kind, "_member_map_") is not None:
            self.add("<%s.%s: " % (name_of(kind), fields["_name_"]))
            self.write(fields.get("_value_"))
            return self.add(">")
        names = find_member(kind, "_fields")
        for base, write, opening, closing in BASES:
            if isinstance_of(value, base):
                if base is tuple and type(names) is tuple and tuple.__len__(names) == tuple.__len__(value) and all([type(name) is str for name in names]):
                    return self.write_fields(value, name_of(kind), zip(names, tuple.__iter__(value)), tuple.__len__(value))
                own = name_of(kind) if repr_of(kind) is not base.__repr__ else ""
                return write(self, value, own + "(" + opening, closing + ")") if own and opening else write(self, value)
        data = find_member(kind, "__dataclass_fields__")
        if type(data) is dict:
            shown = [name for name in data if type(name) is str and (fields_of(data[name], type(data[name])).get("repr") is True)]
            return self.write_fields(value, qualified_name_of(kind), [(name, fields.get(name, CUT)) for name in shown], len(shown))
        if kind in trusted_types() and (getattr(value, "tzinfo", None) is None or type(value.tzinfo) in trusted_types()):
            return self.write_own(value)
        module = members.get("__module__")
        place = "<%s%s object at 0x%x" % (module + "." if type(module) is str and module != "builtins" else "", qualified_name_of(kind), id(value))
        if self.objects >= FIELDS or not fields:
            return self.add(place + ">")
        self.objects += 1
        self.write_fields(value, place + " with ", fields.items(), len(fields), "", ">")
        self.objects -= 1

    def write_fields(self, value, name, fields, count, opening="(", closing=")"):
        if self.enter(value, name + opening + "..." + closing, name + opening + CUT + closing):
            self.add(name + opening)
            self.write_items(list(itertools.islice(fields, ITEMS)), count, lambda field: self.write_named(*field))
            self.add(closing)
            self.path.pop()


signals = borrow("_signal")
method_type = type(Writer().add)


def handlers():
    """What the program has called when signals come, by their numbers."""
    return {number: signals.getsignal(number) for number in range(1, signals.NSIG)}


def code_called(handler):
    """The code that runs when a signal's handler is called; None when it is none of Python's."""
    for _ in range(8):
        kind = type(handler)
        if kind is function_type:
            return handler.__code__
        if kind is method_type:
            handler = handler.__func__
        elif "_functools" in sys.modules and kind is sys.modules["_functools"].partial:
            handler = handler.func
        else:
            handler = find_member(kind, "__call__")
            if type(handler) not in (function_type, staticmethod, classmethod):
                return None
            handler = handler if type(handler) is function_type else handler.__func__
    return None


def is_of_handler(error, before):
    """Whether a signal's handler has raised it, which ran in the middle and meant the program: one that the program has, or had before, is on its way, or it is what the interpreter's own one raises."""
    if PYTHON >= (3, 8) and _thread.get_native_id() != pid:
        return False    # They run in the main thread only.
    known = list(handlers().values()) + list(before.values())
    found = [code for code in map(code_called, known) if code is not None]
    trace, last = error.__traceback__, None
    while trace is not None:
        if any([trace.tb_frame.f_code is code for code in found]):
            return True
        trace, last = trace.tb_next, trace
    if type(error) is not KeyboardInterrupt or exception_arguments_of(error) or not any([handler is signals.default_int_handler for handler in known]):
        return False
    # It comes between two instructions, or out of a call; a statement that raises it is the program's own.
    return last.tb_frame.f_code.co_code[last.tb_lasti] != opcodes().opmap["RAISE_VARARGS"]


HEAP = 1 << 9   # Py_TPFLAGS_HEAPTYPE: a class that a class statement made, or a module that could be made twice


def isinstance_of(value, base):
    """isinstance() by what the object is, not by what it says in __class__."""
    return base in ancestors_of(type(value))


def find_member(kind, name):
    for ancestor in ancestors_of(kind):
        members = dictionary_of(ancestor)
        if name in members:
            return members[name]
    return None


def repr_of(kind):
    return find_member(kind, "__repr__")


def fields_of(value, kind):
    """The attributes that an object itself holds, by name: of its dictionary and its slots. No property and no __getattr__ is run."""
    found = {}
    for ancestor in ancestors_of(kind):
        members = dictionary_of(ancestor)
        getter = members.get("__dict__")
        if type(getter) is getter_type:
            fields = getter.__get__(value, kind)
            if type(fields) is dict:
                found.update([(name, item) for name, item in list(fields.items()) if type(name) is str])
        if "__slots__" in members:
            for name, member in list(members.items()):
                if type(member) is slot_type:
                    try:
                        found[name] = member.__get__(value, kind)
                    except AttributeError:
                        pass
    return found


def exception_text(error):
    """What str() shows of an exception, by its arguments and without the program's own __str__."""
    kind = type(error)
    arguments = exception_arguments_of(error)
    if flags_of(kind) & HEAP == 0 and all([type(item) in PLAIN for item in arguments]) and not any([type(item) not in PLAIN for item in fields_for_text(error)]):
        text = kind.__str__(error)
        return text if len(text) <= CHARACTERS else text[:CHARACTERS] + CUT
    if len(arguments) == 1 and type(arguments[0]) is str and len(arguments[0]) <= CHARACTERS:
        return arguments[0]
    return render(arguments[0]) if len(arguments) == 1 else render(arguments) if arguments else ""


def fields_for_text(error):
    return [error.errno, error.strerror, error.filename, error.filename2] if isinstance_of(error, OSError) else []


PLAIN = frozenset([type(None), bool, int, float, str, bytes])
exception_arguments_of = BaseException.__dict__["args"].__get__
module_dictionary_of = type(sys).__dict__["__dict__"].__get__
collections = borrow("_collections")
deque = collections.deque
deque_longest_of = deque.__dict__["maxlen"].__get__
factory_of = collections.defaultdict.__dict__["default_factory"].__get__


def trusted_types():
    """Types of the standard library whose own repr() is safe and says more: they hold nothing of the program's. Only those that it has loaded."""
    if len(trusted) < len(TRUSTED):
        for module, name in TRUSTED:
            kind = sys.modules[module].__dict__.get(name) if module in sys.modules else None
            if type(kind) is type or type(kind) is abstract_type:
                trusted[module, name] = kind
    return trusted.values()


TRUSTED = [("builtins", "range"), ("builtins", "memoryview"), ("datetime", "datetime"), ("datetime", "date"), ("datetime", "time"), ("datetime", "timedelta"), ("datetime", "timezone"),
           ("zoneinfo", "ZoneInfo"), ("decimal", "Decimal"), ("fractions", "Fraction"), ("uuid", "UUID"), ("pathlib", "PosixPath"), ("pathlib", "PurePosixPath")]
trusted = {}
abstract_type = type(borrow("_collections_abc").Sized)


WRITERS = {
    type(None): lambda writer, value: writer.add("None"),
    bool: lambda writer, value: writer.add("True" if value else "False"),
    int: Writer.write_int,
    float: lambda writer, value: writer.add(float.__repr__(value)),
    complex: lambda writer, value: writer.add(complex.__repr__(value)),
    str: Writer.write_text,
    bytes: lambda writer, value: writer.write_text(value, bytes),
    bytearray: Writer.write_bytearray,
    list: Writer.write_list,
    tuple: Writer.write_tuple,
    dict: Writer.write_dict,
    set: Writer.write_set,
    frozenset: lambda writer, value: writer.write_set(value, "frozenset({", "})"),
    type: Writer.write_class,
    function_type: lambda writer, value: writer.add("<function %s at 0x%x>" % (value.__qualname__, id(value))),
    method_type: Writer.write_method,
    type(sys): Writer.write_module,
    slice: Writer.write_slice,
    collections.defaultdict: Writer.write_defaultdict,
    deque: Writer.write_deque,
}
# Those whose repr() is made of names alone.
for plain in (type(len), type(Writer.__init__.__call__), type(Ellipsis), type(NotImplemented), type((item for item in ())), type(str.join), type(function_type.__code__)):
    WRITERS[plain] = lambda writer, value: writer.add(repr(value))

BASES = [
    (BaseException, Writer.write_exception, "", ""), (type, Writer.write_class, "", ""), (bool, WRITERS[bool], "", ""), (int, Writer.write_int, "", ""),
    (float, WRITERS[float], "", ""), (str, Writer.write_text, "", ""), (bytes, WRITERS[bytes], "", ""), (list, Writer.write_list, "[", "]"),
    (tuple, Writer.write_tuple, "(", ")"), (dict, Writer.write_dict, "{", "}"), (set, Writer.write_set, "{", "}"), (frozenset, Writer.write_set, "{", "}"),
]
