"""Puts itself behind a seccomp filter, then computes; says how far it is when asked.

    filtered.py kill NUMBER...      a system call of these numbers kills the process
    filtered.py refuse NUMBER...    it fails with EPERM

Says "ready PID"; for each line of input, "steps COUNT".
"""
import sys
sys.path.pop(0)

import ctypes
import os
import select
import struct

KILL, REFUSE, ALLOW = 0x80000000, 0x00050001, 0x7fff0000
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
NO_NEW_PRIVILEGES, SET_SECCOMP, FILTER = 38, 22, 2


def instruction(code, value, true=0, false=0):
    return struct.pack("HBBI", code, true, false, value)


def filter_calls(numbers, verdict):
    program = instruction(LOAD, 0)
    for number in numbers:
        program += instruction(EQUAL, number, 0, 1) + instruction(RETURN, verdict)
    program += instruction(RETURN, ALLOW)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for option in (NO_NEW_PRIVILEGES, 1, 0, 0, 0), (SET_SECCOMP, FILTER, ctypes.addressof(header), 0, 0):
        if libc.prctl(*[ctypes.c_ulong(each) for each in option]) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


def step(count):
    total = count + 1
    return total


def main():
    if sys.argv[2:]:
        filter_calls([int(number) for number in sys.argv[2:]], KILL if sys.argv[1] == "kill" else REFUSE)
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    count = 0
    while True:
        count = step(count)
        if select.select([sys.stdin], [], [], 0.005)[0]:
            if not sys.stdin.readline():
                return
            sys.stdout.write("steps %d\n" % count)
            sys.stdout.flush()


main()
