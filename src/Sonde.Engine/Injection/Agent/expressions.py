# ---- expressions over a frame's variables, evaluated without running any of the program's code. They come parsed (PointExpression.cs): lists whose first item says what they are.

NUMBERS = (int, float, bool, complex)
COMPARABLE = frozenset([type(None), bool, int, float, complex, str, bytes])


class Unknown(Exception):
    """Why an expression has no value here."""


def evaluate(node, frame):
    return EVALUATE[node[0]](node, frame)


MISSING = object()
local_names_type = type((lambda: sys._getframe().f_locals)())


def names_of(frame):
    """The local names of a frame. A class body's, and those of what exec() runs, may be in anything, whose reading would run the program's code; in a comprehension in one they are as a function's (3.13)."""
    names = frame.f_locals
    if frame.f_code.co_flags & 1 or isinstance_of(names, dict) or type(names) is local_names_type:
        return names
    raise Unknown("the names of %s are in a %s, which the program's code would read, which is not run" % (frame.f_code.co_name, name_of(type(names))))


def name_value(node, frame):
    name = node[1]
    for names in (names_of(frame), frame.f_globals):
        if isinstance_of(names, dict):
            # An item would be asked of a __missing__, too.
            value = dict.get(names, name, MISSING)
            if value is not MISSING:
                return value
        else:
            try:
                return names[name]
            except KeyError:
                pass
    raise Unknown("%s is not set" % name)


def attribute_value(node, frame):
    value, name = evaluate(node[1], frame), node[2]
    kind = type(value)
    if kind is type(sys):
        members = module_dictionary_of(value)
    elif isinstance_of(value, type):
        members = dictionary_of(value)
        for ancestor in ancestors_of(value):
            if name in dictionary_of(ancestor):
                members = dictionary_of(ancestor)
                break
    else:
        members = fields_of(value, kind)
    if name in members:
        return members[name]
    fields = find_member(kind, "_fields") if isinstance_of(value, tuple) else None
    if type(fields) is tuple and len(fields) == tuple.__len__(value) and is_plain(fields) and name in fields:
        return tuple.__getitem__(value, fields.index(name))
    found = find_member(kind, name)
    if found is None:
        raise Unknown("%s has no attribute %s" % (name_of(kind), name))
    if isinstance_of(found, property) or hasattr(type(found), "__get__"):
        raise Unknown("%s.%s is computed by the program's code, which is not run" % (name_of(kind), name))
    return found


def item_value(node, frame):
    value, key = evaluate(node[1], frame), evaluate(node[2], frame)
    if type(key) not in COMPARABLE:
        raise Unknown("a key of the type %s is not looked up" % name_of(type(key)))
    for base in (dict, list, tuple, str, bytes):
        if isinstance_of(value, base):
            try:
                return entry_of(value, key) if base is dict else base.__getitem__(value, key)
            except (LookupError, TypeError):
                raise Unknown("%s has no [%s]" % (name_of(type(value)), HIDDEN if is_secret(node[2], frame) else scrub(repr(key)[:100])))
    raise Unknown("%s is indexed by the program's code, which is not run" % name_of(type(value)))


MOST_ENTRIES = 100000    # that are looked through, of a dictionary or a set


def entry_of(value, key):
    """What a dictionary has for a key. It is looked for among all: where another key has the same hash, a look-up would run the __eq__ of that."""
    left = MOST_ENTRIES
    try:
        for known, item in dict.items(value):
            if known is key or type(known) in COMPARABLE and known == key:
                return item
            left -= 1
            if left == 0 and dict.__len__(value) > MOST_ENTRIES:
                raise Unknown(too_many(value, dict.__len__(value)))
    except RuntimeError:
        raise Unknown("a dictionary changed while it was looked through")
    raise KeyError


def is_member(left, right):
    """Whether a set or a dictionary has it; looked for as an entry is."""
    more = MOST_ENTRIES
    try:
        for item in right:
            if item is left or type(item) in COMPARABLE and item == left:
                return True
            more -= 1
            if more == 0 and len(right) > MOST_ENTRIES:
                raise Unknown(too_many(right, len(right)))
    except RuntimeError:
        raise Unknown("a %s changed while it was looked through" % name_of(type(right)))
    return False


def too_many(value, count):
    return "it is not among the first %d of a %s of %d, and behind them it is not looked for" % (MOST_ENTRIES, name_of(type(value)), count)


def length_value(node, frame):
    return length_of(evaluate(node[1], frame))


def length_of(value):
    for base in (dict, list, tuple, str, bytes, bytearray, set, frozenset, deque, type(range(0))):
        if isinstance_of(value, base):
            return base.__len__(value)
    raise Unknown("the length of %s is computed by the program's code, which is not run" % name_of(type(value)))


def is_true(value):
    kind = type(value)
    if kind in COMPARABLE:
        return bool(value)
    if find_member(kind, "__bool__") is None and find_member(kind, "__len__") is None:
        return True
    return length_of(value) > 0


def is_plain(value, depth=3):
    kind = type(value)
    return kind in COMPARABLE or (depth > 0 and kind in (tuple, list) and len(value) <= 1000 and all([is_plain(item, depth - 1) for item in value]))


def comparison(left, operator, right):
    if operator in ("is", "is not"):
        return (left is right) == (operator == "is")
    if operator in ("in", "not in"):
        if type(right) in (dict, set, frozenset) and type(left) in COMPARABLE:
            return is_member(left, right) == (operator == "in")
        if not is_plain(left) or not is_plain(right):
            raise Unknown("%s is looked for in %s by the program's code, which is not run" % (name_of(type(left)), name_of(type(right))))
        return (left in right) == (operator == "in")
    if operator in ("==", "!=") and left is right:
        return operator == "=="
    if not is_plain(left) or not is_plain(right):
        # None is equal to nothing else, whatever the other one's code says.
        if operator in ("==", "!=") and (left is None or right is None):
            return operator == "!="
        raise Unknown("%s and %s are compared by the program's code, which is not run" % (name_of(type(left)), name_of(type(right))))
    try:
        return COMPARE[operator](left, right)
    except TypeError:
        raise Unknown("%s and %s are not in order" % (name_of(type(left)), name_of(type(right))))


COMPARE = {
    "==": lambda left, right: left == right, "!=": lambda left, right: left != right, "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right, ">": lambda left, right: left > right, ">=": lambda left, right: left >= right,
}


def compared(node, frame):
    left = evaluate(node[1], frame)
    for operator, operand in zip(node[2::2], node[3::2]):
        right = evaluate(operand, frame)
        if not comparison(left, operator, right):
            return False
        left = right
    return True


def all_of(node, frame):
    value = True
    for part in node[1:]:
        value = evaluate(part, frame)
        if not is_true(value):
            break
    return value


def any_of(node, frame):
    value = False
    for part in node[1:]:
        value = evaluate(part, frame)
        if is_true(value):
            break
    return value


EVALUATE = {
    "name": name_value, "attribute": attribute_value, "item": item_value, "length": length_value, "compare": compared, "and": all_of, "or": any_of,
    "constant": lambda node, frame: node[1],
    "not": lambda node, frame: not is_true(evaluate(node[1], frame)),
    "tuple": lambda node, frame: tuple([evaluate(part, frame) for part in node[1:]]),
}


def is_secret(node, frame):
    """Whether a name, or a key, in an expression is one whose value is hidden."""
    if node[0] == "name":
        return hides(node[1])
    # The parts first: what cannot be evaluated says what it looked for.
    if any([is_secret(part, frame) for part in node[1:] if type(part) is list]):
        return True
    return node[0] == "attribute" and hides(node[2]) or node[0] == "item" and hides_item(evaluate(node[1], frame), evaluate(node[2], frame))


def shown(node, frame):
    """The value of an expression as text for people; texts without quotes."""
    try:
        if is_secret(node, frame):
            return HIDDEN
        value = evaluate(node, frame)
        if type(value) is str:
            return scrub(value if len(value) <= CHARACTERS else value[:CHARACTERS] + CUT)
        return render(value)
    except Unknown as problem:
        return "<%s>" % problem
