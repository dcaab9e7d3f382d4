# ---- log points: something is told whenever a line runs

SECOND = 1000000000
now, cpu = time.perf_counter_ns, time.thread_time_ns
points = {}           # number of the point: the point
lines = {}            # id of code: {line: points}
marked = {}           # id of code: code
begun = {}            # (point, thread): when the timer's first line ran
budget = [SECOND]     # nanoseconds of each second that may be spent
window = [0, 0]       # when the current second began, what was spent in it
SHORT, MOST_SHORT = ("counter", "timer"), 20000


class Point:
    def __init__(self, asked):
        self.number, self.kind, self.file = asked["number"], asked["kind"], asked["file"]
        self.first, self.second = asked["line"], asked.get("to")
        self.message, self.when = asked.get("message"), asked.get("when")
        self.stack, self.limit = asked.get("stack", False), asked.get("hits") or 0
        self.numbers = itertools.count(1)      # each hit takes one in a single step of the interpreter, so threads do not take the same
        self.until = now() + asked["seconds"] * SECOND
        self.interval, self.next = int(asked.get("interval", 0) * SECOND), 0
        self.hits = self.skipped = self.told = self.troubles = 0
        self.total, self.least, self.most = 0, None, 0
        self.is_on, self.trouble = True, None

    def state(self):
        return {"e": "state", "point": self.number, "hits": self.hits, "skipped": self.skipped, "told": self.told, "troubles": self.troubles, "trouble": self.trouble,
                "total": self.total, "least": self.least, "most": self.most, "lost": lost()}


def codes_within(code, name):
    yield code, name
    for item in code.co_consts:
        if type(item) is code_type:
            for inner in codes_within(item, inner_name(code, name, item)):
                yield inner


def all_codes():
    """Every code object of every function, and of whatever runs, with its qualified name."""
    seen = set()
    roots = [(item.__code__, qualified(item)) for item in functions()] + [(frame.f_code, frame.f_code.co_name) for frame in running_frames()]
    for root, name in roots:
        if root.co_filename != FILE and id(root) not in seen:
            for code, inner in codes_within(root, name):
                if id(code) not in seen:
                    seen.add(id(code))
                    yield code, inner


def is_file(path, asked):
    return path == asked or path.endswith("/" + asked)


def place(point, wanted):
    """The code objects that have a line of a file: those inside, where a function begins on a line of another one."""
    found, files, others = [], set(), set()
    for code, name in codes:
        if is_file(code.co_filename, point.file):
            files.add(code.co_filename)
            names[id(code)] = name
            numbers = line_numbers(code)
            others.update(numbers)
            if wanted in numbers:
                found.append(code)
    if len(files) > 1:
        raise RuntimeError("there are several files %s: %s; give more of the path" % (point.file, ", ".join(sorted(files)[:5])))
    if not files:
        raise RuntimeError("the program has no function of a file %s; has it been imported?" % point.file)
    if not found:
        near = sorted(others, key=lambda number: abs(number - wanted))[:3]
        raise RuntimeError("no code is on line %d of %s; the nearest lines with code are %s" % (wanted, point.file, ", ".join([str(number) for number in sorted(near)])))
    within = [code for code in found if code.co_firstlineno != wanted]
    for code in within or found:
        lines.setdefault(id(code), {}).setdefault(wanted, []).append(point)
        marked[id(code)] = code
    say_what_is_over(within or found, wanted)


def say_what_is_over(placed, wanted):
    """Tells when a line runs before functions are called, and never in a call: where a function begins, say."""
    if any([code.co_flags & 1 and wanted in lines_run(code) for code in placed]):
        return
    for code, name in codes:
        if code.co_flags & 1 and any([code.co_filename == each.co_filename for each in placed]):
            first = min(lines_run(code) or [0])
            if code.co_firstlineno <= wanted < first:
                return send({"e": "defines", "line": wanted, "name": name, "first": first})
    where = [frame.f_lineno or 0 for frame in running_frames() if any([frame.f_code is code for code in placed])]
    if where and min(where) > wanted:
        send({"e": "passed", "line": wanted})


def lines_run(code):
    """The lines that run when a function is called: without the one where it begins, unless that has more of its code."""
    if PYTHON < (3, 11):
        return line_numbers(code)
    # With it, on a line of its own, every function begins that shares no variables; the module opcode would be another one to load. From 3.15 on it has room for a cache.
    text, plain = code.co_code, is_file.__code__
    resume, size = plain.co_code[0], next(iter(plain.co_lines()))[1]
    start = resume_end(text, resume) - 2 + size if resume in text[::2] else 0
    return set([line for _, end, line in code.co_lines() if line and end > start])


def reached(frame, code, line):
    """A line runs; False when nothing is to be told of it."""
    told = lines.get(id(code), {}).get(line)
    if not told:
        return False
    # What counters do is so little that to ask for processor time would cost more; of a thread that lost its processor meanwhile the rest is not counted.
    is_short = all([point.kind in SHORT for point in told])
    used, started = 0 if is_short else cpu(), now()
    for point in list(told):
        if point.is_on:
            hit(point, frame, line, started)
    spend(min(now() - started, MOST_SHORT) if is_short else cpu() - used)
    return True


def spend(used):
    current = now()
    if current - window[0] >= SECOND:
        window[0], window[1] = current, 0
        for point in list(points.values()):
            if point.is_on and current > point.until:
                switch_off(point, "its time is over")
            elif point.kind in ("counter", "timer"):
                send(point.state())
    window[1] += used
    if window[1] > budget[0]:
        spent, window[1] = window[1], 0
        for point in list(points.values()):
            if point.is_on:
                switch_off(point, "it took %.1f ms of processor time within one second, more than the %.1f ms that it may" % (spent / 1e6, budget[0] / 1e6))


def hit(point, frame, line, started):
    if point.when is not None:
        try:
            if not is_true(evaluate(point.when, frame)):
                return
        except Unknown as problem:
            point.troubles += 1
            point.trouble = str(problem)
            return
    if point.kind == "timer":
        return measure(point, line, started)
    number = next(point.numbers)
    if point.limit and number > point.limit:
        return
    point.hits = max(point.hits, number)
    if point.kind != "counter":
        if point.interval and started < point.next:
            point.skipped += 1
        else:
            point.next = started + point.interval
            tell(point, frame)
    if number == point.limit:
        switch_off(point, "it was hit as often as asked for")


def measure(point, line, started):
    key = point.number, _thread.get_ident()
    if line == point.second and key in begun:
        took = started - begun.pop(key)
        number = next(point.numbers)
        if point.limit and number > point.limit:
            return None
        point.hits = max(point.hits, number)
        point.total += took
        point.least = took if point.least is None else min(point.least, took)
        point.most = max(point.most, took)
        if number == point.limit:
            return switch_off(point, "it was hit as often as asked for")
    if line == point.first:
        if len(begun) < 10000:
            begun[key] = started
    return None


def tell(point, frame):
    code = frame.f_code
    event = {"e": "hit", "point": point.number, "time": time.time_ns(), "thread": thread_number(), "function": name_of_code(code), "file": code.co_filename, "line": frame.f_lineno}
    if point.kind == "log":
        event["message"] = "".join([part if type(part) is str else shown(part, frame) for part in point.message])
    else:
        arguments = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount + bool(code.co_flags & 4) + bool(code.co_flags & 8)]
        values = []
        try:
            names = names_of(frame)
            items = dict.items(names) if isinstance_of(names, dict) else names.items()
            values = [(name, item) for name, item in list(itertools.islice(items, MOST_NAMES)) if type(name) is str]
        except Unknown as problem:
            event["trouble"] = str(problem)
        event["arguments"] = [[name, render(item, name)] for name, item in values if name in arguments]
        event["locals"] = [[name, render(item, name)] for name, item in values if name not in arguments]
    if point.stack or point.kind == "snapshot":
        event["stack"] = stack_of(frame)
    point.told += 1
    send(event)


MOST_NAMES, MOST_FRAMES = 500, 100


def stack_of(frame):
    found = []
    while frame is not None and len(found) < MOST_FRAMES:
        found.append([name_of_code(frame.f_code), frame.f_code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return found


def name_of_code(code):
    return code.co_qualname if PYTHON >= (3, 11) else names.get(id(code), code.co_name)


def thread_number():
    return _thread.get_native_id() if PYTHON >= (3, 8) else 0


def switch_off(point, why):
    point.is_on = False
    event = point.state()
    event["e"], event["why"] = "off", why
    channel.send_surely(encode(event).encode("utf-8", "replace"))
    for identity, by_line in list(lines.items()):
        for line, told in list(by_line.items()):
            if point in told:
                told.remove(point)
            if not told:
                del by_line[line]
        if not by_line:
            del lines[identity]
            release(marked.pop(identity))


def states():
    for point in points.values():
        send(point.state())


codes = []
names = {}            # id of a code object of a file with points: its qualified name
release = None        # lets go of a code object that no point is in any more


def start(settings):
    global release
    budget[0] = settings["budget"]
    codes[:] = all_codes()
    for asked in settings["points"]:
        point = Point(asked)
        points[point.number] = point
        place(point, point.first)
        if point.second is not None:
            place(point, point.second)
    del codes[:]
    on_removal(stop)
    release = attach_by_monitoring() if PYTHON >= (3, 12) else attach_by_tracing()


def stop():
    for point in points.values():
        channel.send_surely(encode(point.state()).encode("utf-8", "replace"))
    for kept in (points, lines, marked, begun, names):
        kept.clear()
