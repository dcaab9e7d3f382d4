"""Calls functions whose arguments and results are known, once for each line it reads."""

import sys
import threading
import time


class Server:
    def handle(self, user_id, name, price=1.5):
        if user_id == 13:
            raise KeyError(name)
        if user_id == 99:
            time.sleep(0.05)
        return user_id * 2


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def spin(until):
    while time.monotonic() < until:
        pass


server = Server()
print("ready", flush=True)
for line in sys.stdin:
    if line.startswith("fib"):
        fib(int(line.split()[1]))
    elif line.startswith("spin"):
        spin(time.monotonic() + float(line.split()[1]))
    elif line.startswith("thread"):
        thread = threading.Thread(target=spin, args=(time.monotonic() + float(line.split()[1]),))
        thread.start()
        thread.join()
    else:
        try:
            server.handle(int(line), "user" + line.strip())
        except KeyError:
            pass
    print("done", flush=True)
