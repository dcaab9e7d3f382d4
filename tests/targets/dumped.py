"""A program whose threads stand at known places: says "ready PID", and ends after a line."""
import os
import sys
import threading

PASSWORD = "not to be shown"


class Account(object):
    def __init__(self, owner, password):
        self.owner = owner
        self.password = password


def wait_at(event, depth, *rest, **named):
    text = u"d\xe9j\xe0"
    account = Account("me", PASSWORD)
    unbound = 1
    del unbound
    if depth > 0:
        return (len(text), wait_at(event, depth - 1, text, key=depth))
    captured = [depth, text]

    def inner(first, second=2):
        total = first + second + len(captured)
        ready.release()
        event.wait()
        return total, account

    return inner(7)


def main():
    threads = []
    event = threading.Event()
    for name in ("Worker-A", u"Worker-\u00fc"):
        thread = threading.Thread(target=wait_at, args=(event, 2), name=name)
        thread.daemon = True
        thread.start()
        threads.append(thread)
        ready.acquire()
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    line = sys.stdin.readline()
    event.set()
    for thread in threads:
        thread.join()
    return line


ready = threading.Semaphore(0)
main()
