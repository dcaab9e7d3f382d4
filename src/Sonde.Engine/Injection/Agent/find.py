# ---- finding the functions that the user means: by their qualified name, or by where they stand in a file

code_type = type(borrow.__code__)
CLASS_BODY, OPTIMIZED = 0, 1


def matches(pattern, text):
    """Shell-like: * any text, ? any character, [a-z] one of a set, [!a-z] none of it."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        rest = pattern.lstrip("*")
        return not rest or any([matches(rest, text[at:]) for at in range(len(text) + 1)])
    end = pattern.find("]", 2) if pattern[0] == "[" else -1
    if not text:
        return False
    if end > 0:
        return is_in_set(text[0], pattern[1:end]) and matches(pattern[end + 1:], text[1:])
    return pattern[0] in ("?", text[0]) and matches(pattern[1:], text[1:])


def is_in_set(character, members):
    negated = members[0] == "!"
    at, found = int(negated), False
    while at < len(members):
        if members[at + 1:at + 2] == "-" and at + 2 < len(members):
            found = found or members[at] <= character <= members[at + 2]
            at += 3
        else:
            found = found or members[at] == character
            at += 1
    return found != negated


def matches_an_end(pattern, text, separator):
    """Whether the whole matches, or what follows one of its separators."""
    at = 0
    while not matches(pattern, text[at:]):
        at = text.find(separator, at) + 1
        if at == 0:
            return False
    return True


def line_numbers(code):
    """The lines of a code object that have instructions, without those of the functions in it."""
    if PYTHON >= (3, 10):
        return set([line for _, _, line in code.co_lines() if line])
    line, found = code.co_firstlineno, set()
    for bytes_before, delta in zip(code.co_lnotab[::2], code.co_lnotab[1::2]):
        if bytes_before:
            found.add(line)
        line += delta - 256 if delta >= 128 else delta
    found.add(line)
    return found


def lines_of(code):
    """The first and the last line of a code object."""
    found = line_numbers(code)
    found.add(code.co_firstlineno)
    return min(found), max(found)


class Place:
    """One of the functions asked for: {"name": GLOB}, {"file": GLOB, "name": GLOB} or {"file": GLOB, "first": LINE, "last": LINE, "range": whether only these lines are told}."""

    def __init__(self, asked):
        self.name, self.file = asked.get("name"), asked.get("file")
        self.first, self.last, self.is_range = asked.get("first", 0), asked.get("last", 0), asked.get("range", False)
        self.is_found = False

    def matches(self, code, name):
        if code.co_filename == FILE:
            return False
        if self.file is not None and not matches_an_end(self.file, code.co_filename, "/"):
            return False
        if self.name is not None:
            return matches_an_end(self.name, name, ".") and (name[-1:] != ">" or self.name[-1:] == ">") and (code.co_flags & 1 == OPTIMIZED or name == "<module>")
        first, last = lines_of(code)
        if self.is_range:
            return first <= self.last and last >= self.first and not is_implicit(code)
        return first <= self.first <= last and not is_implicit(code) and not any([self.matches(inner, inner.co_name) for inner in code.co_consts if type(inner) is code_type])

    def tells(self, line):
        return not self.is_range or self.first <= line <= self.last


def is_implicit(code):
    """Comprehensions and class bodies are told by what they stand in; a module's own code is a function like others."""
    return code.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>") or (code.co_name != "<module>" and code.co_flags & 1 == CLASS_BODY)


def qualified(function):
    """The name of a function's code. A decorator's wrapper may have taken over that of what it wraps."""
    code = function.__code__
    if PYTHON >= (3, 11):
        return code.co_qualname
    name = function.__qualname__
    return name if name.rpartition(".")[2] == code.co_name else code.co_name


def inner_name(outer, outer_name, code):
    """The qualified name of a code object that stands in another one."""
    if PYTHON >= (3, 11):
        return code.co_qualname
    return code.co_name if outer.co_name == "<module>" else outer_name + (".<locals>." if outer.co_flags & 1 == OPTIMIZED else ".") + code.co_name


module_type, type_dict, module_dict = type(sys), type.__dict__["__dict__"].__get__, type(sys).__dict__["__dict__"].__get__


def parts_of(item):
    """What a module, a class, a function or what wraps one has in which functions can be.

    Each is asked by its own means and never by gc.get_referents: that lets modules in C hand out what they keep for reuse, which CPython 3.12's _asyncio does, and it is
    freed twice then."""
    kind = type(item)
    if isinstance_of(item, module_type):
        return list((module_dict(item) or {}).values())
    if isinstance_of(item, type):
        return list(type_dict(item).values())
    if kind is function_type:
        return list(item.__closure__ or ()) + [value for name, value in list(item.__dict__.items()) if name == "__wrapped__"]
    if kind is cell_type:
        try:
            return [item.cell_contents]
        except ValueError:
            return []  # Not assigned yet.
    if kind is property:
        return [item.fget, item.fset, item.fdel]
    return [item.__func__] if kind in (staticmethod, classmethod) else []


def functions():
    """Every function there is."""
    found = [item for item in gc.get_objects() if type(item) is function_type]
    if gc.get_freeze_count():
        # What was frozen (a server does that before it forks) is told by nobody: it is gone through from the modules.
        told, seen, todo = set(map(id, found)), set(), list(sys.modules.values())
        while todo:
            item = todo.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            if type(item) is function_type and id(item) not in told:
                found.append(item)
            todo.extend(parts_of(item))
    return found


def running_frames():
    """The frames of all threads, but for those of this agent."""
    for frame in list(sys._current_frames().values()):
        while frame is not None:
            if frame.f_code.co_filename != FILE:
                yield frame
            frame = frame.f_back


cell_type = type((lambda captured: lambda: captured)(0).__closure__[0])
