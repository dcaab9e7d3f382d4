"""Threads that run in sub-interpreters which other threads made: "worker" in one, "nester" in one inside another, "spinner" comes and goes, and the main thread waits for a line on
its input in one. Two more interpreters run nothing. Says "ready PID" first, "done" at the end."""
import os
import sys
import threading
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

WAIT = """
import os

def innermost():
    return os.read(%d, 1)

def inner():
    return innermost()

inner()
"""
NEST = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def between(interpreter, code):
    interpreters.run_string(interpreter, code)

between(interpreters.create(), %r)
"""
SPIN = """
def spin(count):
    while count:
        count -= 1

spin(100000)
"""


def pause(count):
    while count:
        count -= 1


def enter(interpreter, code):
    interpreters.run_string(interpreter, code)


def come_and_go(interpreter):
    while not ended:
        # Before 3.12 a thread in one interpreter does not hear that one in another wants the lock that they share.
        time.sleep(0.001)
        enter(interpreter, SPIN)
        pause(100000)


def wait():
    reader, writer = os.pipe()
    writers.append(writer)
    return WAIT % reader


def start(name, target, *arguments):
    thread = threading.Thread(target=target, args=arguments, name=name)
    threads.append(thread)
    thread.start()


def main():
    start("worker", enter, interpreters.create(), wait())
    start("nester", enter, interpreters.create(), NEST % wait())
    if "spin" in sys.argv:
        start("spinner", come_and_go, interpreters.create())
    print("ready", os.getpid(), flush=True)
    enter(interpreters.create(), WAIT % 0)


ended, writers, threads = [], [], []
unused = [interpreters.create(), interpreters.create()]
main()
ended.append(True)
for each in writers:
    os.write(each, b"x")
for each in threads:
    each.join()
print("done", flush=True)
