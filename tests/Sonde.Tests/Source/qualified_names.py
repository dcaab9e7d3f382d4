"""Prints what the running interpreter (3.6 to 3.10) calls every code object of the files named on standard input.

One line "F <path>" per file, then one line "<first line> <name> <qualified name>" per code object, tab-separated.
The qualified name of a function is the constant that MAKE_FUNCTION takes after the code object; a class body
stores its own as __qualname__.
"""
import dis
import sys
import types


def instructions(code):
    """(opcode, argument) pairs of the two-byte instructions that 3.6 to 3.10 have; dis does the same, slowly."""
    extended = 0
    for at in range(0, len(code.co_code), 2):
        opcode, argument = code.co_code[at], code.co_code[at + 1] | extended
        extended = argument << 8 if opcode == dis.EXTENDED_ARG else 0
        yield opcode, argument


LOAD_CONST = dis.opmap["LOAD_CONST"]
STORE_NAME = dis.opmap["STORE_NAME"]


def class_qualname(code):
    last = None
    for opcode, argument in instructions(code):
        if opcode == STORE_NAME and code.co_names[argument] == "__qualname__":
            return last
        if opcode == LOAD_CONST:
            last = code.co_consts[argument]
    return None


def walk(code, out):
    pending = [code]
    while pending:
        code = pending.pop()
        found = {}
        constants = [code.co_consts[argument] for opcode, argument in instructions(code) if opcode == LOAD_CONST]
        for first, second in zip(constants, constants[1:]):
            if isinstance(first, types.CodeType):
                found[id(first)] = second
        for inner in code.co_consts:
            if isinstance(inner, types.CodeType):
                qualname = class_qualname(inner) or found.get(id(inner))
                if qualname is not None:
                    out.append("%d\t%s\t%s" % (inner.co_firstlineno, inner.co_name, qualname))
                pending.append(inner)


for path in sys.stdin.read().split("\n"):
    if not path:
        continue
    try:
        with open(path, "rb") as file:
            code = compile(file.read(), path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, UnicodeError):
        continue
    lines = ["F\t" + path]
    walk(code, lines)
    sys.stdout.buffer.write(("\n".join(lines) + "\n").encode("utf-8", "surrogateescape"))
