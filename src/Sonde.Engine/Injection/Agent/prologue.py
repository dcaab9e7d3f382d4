# ---- code that begins with a call (CPython 3.7 to 3.11): the same instructions, names and lines, with  call()  before the first of them

def with_prologue(code, call):
    """A code object that calls an object without arguments and then is as before; and the offset, in bytes, where that is."""
    opcode = opcodes()
    names = opcode.opmap
    constants = code.co_consts + (call,)
    load = word(names["LOAD_CONST"], len(constants) - 1, names["EXTENDED_ARG"])
    if PYTHON == (3, 11):
        caches = opcode.caches
        parts = [(names["PUSH_NULL"], b""), (None, load)] + [(names[name], bytes(2 * caches[names[name]])) for name in ("PRECALL", "CALL")] + [(names["POP_TOP"], b"")]
        inserted = b"".join([cache if number is None else bytes([number, 0]) + cache for number, cache in parts])
        start = resume_end(code.co_code, names["RESUME"])
        return replace(code, constants, code.co_code[:start] + inserted + code.co_code[start:], insert_lines(code.co_linetable, start // 2, len(inserted) // 2),
                       co_exceptiontable=move_handlers(code.co_exceptiontable, start // 2, len(inserted) // 2)), start + len(inserted)
    inserted = load + bytes([names["CALL_FUNCTION"], 0, names["POP_TOP"], 0])
    moved, body = move_jumps(code.co_code, len(inserted), opcode)
    return replace(code, constants, inserted + body, move_lines(code, moved)), len(inserted)


def word(number, argument, extended):
    """An instruction with as many prefixes as its argument needs."""
    result = bytes([number, argument & 255])
    while argument > 255:
        argument >>= 8
        result = bytes([extended, argument & 255]) + result
    return result


def replace(code, constants, text, lines, **more):
    if PYTHON >= (3, 8):
        more["co_linetable" if PYTHON >= (3, 10) else "co_lnotab"] = lines
        return code.replace(co_consts=constants, co_code=text, co_stacksize=max(code.co_stacksize, 2), **more)
    return code_type(code.co_argcount, code.co_kwonlyargcount, code.co_nlocals, max(code.co_stacksize, 2), code.co_flags, text, constants, code.co_names, code.co_varnames,
                     code.co_filename, code.co_name, code.co_firstlineno, lines, code.co_freevars, code.co_cellvars)


def move_jumps(text, by, opcode):
    """Moves instructions; jumps whose argument then needs a prefix more move those behind them again. Where each was, and the last of them ended: where it is."""
    extended, unit = opcode.EXTENDED_ARG, 2 if PYTHON >= (3, 10) else 1
    found, argument, start = [], 0, 0
    for at in range(0, len(text), 2):
        argument = argument << 8 | text[at + 1]
        if text[at] != extended:
            number, after = text[at], at + 2
            target = argument * unit if number in opcode.hasjabs else after + argument * unit if number in opcode.hasjrel else None
            found.append([start, number, argument, target, word(number, argument, extended), (at - start) // 2])
            argument, start = 0, after
    while True:
        moved, at = {}, by
        for instruction in found:
            moved[instruction[0]] = at
            at += len(instruction[4])
        moved[len(text)] = at
        is_settled = True
        for instruction in found:
            old, number, argument, target, encoded, prefixes = instruction
            if target is not None:
                after = moved[old] + len(encoded)
                now = word(number, (moved[target] - (after if number in opcode.hasjrel else 0)) // unit, extended)
                # Growing only, so that it comes to an end; a prefix too many does no harm.
                now = bytes([extended, 0]) * ((len(encoded) - len(now)) // 2) + now
                is_settled = is_settled and now == encoded
                instruction[4] = now
            elif len(encoded) < 2 * (prefixes + 1):
                instruction[4] = bytes([extended, 0]) * (prefixes + 1 - len(encoded) // 2) + encoded
                is_settled = False
        if is_settled:
            return moved, b"".join([instruction[4] for instruction in found])


def move_lines(code, moved):
    """The line table, with the prologue on a line of its own: the function's first line is then one that begins behind it."""
    result, start, offset = bytearray(), 0, 0
    if PYTHON >= (3, 10):
        # Pairs of (length in bytes, signed difference of the line); -128 is no line.
        result += bytes([moved[0], 128])
        for length, line in zip(code.co_linetable[::2], code.co_linetable[1::2]):
            left = moved[start + length] - moved[start]
            start += length
            while left > 254:
                result += bytes([254, line])
                line, left = (line if line == 128 else 0), left - 254
            result += bytes([left, line])
        return bytes(result)
    # Pairs of (difference of the offset, signed difference of the line): first the lines' sum, then the prologue's end.
    result += bytes([0, 255, moved[0], 1])
    offset = moved[0]
    for length, line in zip(code.co_lnotab[::2], code.co_lnotab[1::2]):
        start += length
        left = moved[start] - offset
        offset = moved[start]
        while left > 255:
            result += bytes([255, 0])
            left -= 255
        result += bytes([left, line])
    return bytes(result)


def resume_end(text, resume):
    """Where the first RESUME ends: nothing that is told comes before it."""
    return next(at for at in range(0, len(text), 2) if text[at] == resume) + 2


def insert_lines(table, at, count):
    """CPython 3.11's line table with instructions without a line inserted (Objects/locations.md: 1, 4 bits of kind, 3 bits of length in code units, less one)."""
    position, index = 0, 0
    while position < at:
        position += (table[index] & 7) + 1
        index += 1
        while index < len(table) and table[index] < 128:
            index += 1
    if position != at:
        raise ValueError("its line table is not as expected")
    inserted = b""
    while count:
        inserted += bytes([0x80 | 15 << 3 | min(count, 8) - 1])
        count -= min(count, 8)
    return table[:index] + inserted + table[index:]


def move_handlers(table, at, count):
    """CPython 3.11's exception table, behind an insertion (Objects/exception_handling_notes.txt): start, length, target, depth, as numbers of six bits a byte."""
    numbers, current = [], 0
    for byte in table:
        current = current << 6 | byte & 63
        if not byte & 64:
            numbers.append(current)
            current = 0
    result = b""
    for start, length, target, depth in zip(*[iter(numbers)] * 4):
        fields = [start + count if start >= at else start, length + count if start < at < start + length else length, target + count if target >= at else target, depth]
        for index, number in enumerate(fields):
            encoded = [number & 63]
            while number > 63:
                number >>= 6
                encoded.insert(0, number & 63 | 64)
            encoded[0] |= 128 if index == 0 else 0
            result += bytes(encoded)
    return result
