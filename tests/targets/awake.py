"""Runs another program of this folder in such a way that waiting does not block the main thread for good.

  awake.py PROGRAM [ARGUMENT]...

What is put into a program from outside runs between two instructions of its main thread, so that must have some: while
it waits for a line on its input or for a thread to end, it looks every few milliseconds.
"""
import builtins
import select
import sys
import threading
import types


class Input:
    def __init__(self, stream):
        self.stream = stream

    def readline(self):
        while not select.select([self.stream], [], [], 0.005)[0]:
            pass
        return self.stream.readline()


def join(thread, timeout=None, original=threading.Thread.join):
    original(thread, 0.005)
    while thread.is_alive():
        original(thread, 0.005)


def main():
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.stdin = Input(sys.stdin)
    threading.Thread.join = join
    module = types.ModuleType("__main__")
    module.__dict__.update({"__file__": program, "__builtins__": builtins})
    sys.modules["__main__"] = module
    with open(program) as file:
        text = file.read()
    exec(compile(text, program, "exec"), module.__dict__)


main()
