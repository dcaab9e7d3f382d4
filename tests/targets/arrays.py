"""Values of numpy: says "ready PID", then kind, address and what is to be shown of each as JSON, a line each, then "end"; ends after a line."""
import json
import os
import sys

import numpy

VALUES = []


def add(name, value):
    VALUES.append((name, value))


def shown(value):
    """What is expected: repr, but of arrays the elements in a row, which is all that fits a line."""
    if not isinstance(value, numpy.ndarray):
        return repr(value)
    kind = value.dtype.name if value.dtype.kind in "biufc" else value.dtype.str
    order = ">" if value.dtype.byteorder == ">" else ""
    return "<numpy.ndarray %s%s %r [%s]>" % (order, kind, value.shape, ", ".join([repr(item) for item in value.ravel().tolist()]))


for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"):
    kind = getattr(numpy, name)
    add(name, kind(7))
    add(name + " largest", kind(numpy.iinfo(kind).max))
    add(name + " smallest", kind(numpy.iinfo(kind).min))
    add(name + " array", numpy.array([0, 1, numpy.iinfo(kind).max], dtype=kind))
for name in ("float32", "float64"):
    kind = getattr(numpy, name)
    for text in ("0.0", "-0.0", "0.1", "1e300" if name == "float64" else "1e30", "inf", "nan"):
        add(name, kind(text))
for name in ("complex64", "complex128"):
    kind = getattr(numpy, name)
    add(name, kind(1 + 2j))
    add(name, kind(2j))
    add(name, kind(-1.5 - 0.5j))
add("bool", numpy.bool_(True))
add("bool", numpy.bool_(False))
add("str", numpy.str_("d\u00e9j\u00e0"))
add("bytes", numpy.bytes_(b"ab"))
MATRIX = numpy.arange(12, dtype="int64").reshape(3, 4)
add("bool array", numpy.array([True, False]))
add("float array", numpy.array([0.5, 1.25]))
add("matrix", MATRIX)
add("transposed", MATRIX.T)
add("slice", MATRIX[::2, 1])
add("empty", numpy.array([], dtype="float64"))
add("big endian", numpy.array([1, 2], dtype=">i4"))
add("texts", numpy.array(["a", "bcd"]))
add("scalar array", numpy.array(5))
sys.stdout.write("ready %d\n" % os.getpid())
for name, value in VALUES:
    sys.stdout.write(json.dumps([name, id(value), shown(value)]) + "\n")
sys.stdout.write("end\n")
sys.stdout.flush()
sys.stdin.readline()
