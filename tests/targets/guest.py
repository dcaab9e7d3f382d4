"""A Python that others put code into, and that can tell what of it is left.

Says "ready PID" and goes on in one of the ways of --mode:
  idle     sleeps for short times
  busy     computes
  threads  computes on three threads besides the main one, which sleeps
  blocked  computes on one thread, while the main one waits for it in C
  stuck    waits in C, and there is nobody else
A line "state" on its input is answered by a line of JSON with everything that code put into it could have left; "end", or the
end of the input, by "done" and whether what was computed is "right".
"""
import argparse
import json
import os
import select
import sys
import threading
import time

STEPS = 1000


def step(total, number):
    total = total + number * number
    return total % 1000003


def compute(rounds):
    total = 0
    for number in range(rounds * STEPS):
        total = step(total, number % STEPS)
    return total


class Worker(threading.Thread):
    def __init__(self):
        threading.Thread.__init__(self, daemon=True)
        self.is_right, self.rounds, self.stop = True, 0, False

    def run(self):
        while not self.stop:
            self.is_right = self.is_right and compute(1) == EXPECTED
            self.rounds += 1


def state():
    monitoring = getattr(sys, "monitoring", None)
    return {
        "modules": sorted(sys.modules),
        "names": sorted(vars(sys)),
        "main": sorted(vars(sys.modules["__main__"])),
        "threads": len(os.listdir("/proc/self/task")),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "traced": [sys.gettrace() is not None, sys.getprofile() is not None],
        "tools": [number for number in range(6) if monitoring.get_tool(number)] if monitoring else [],
        "code": step.__code__.co_code.hex(),
    }


def listen(patience):
    """Answers; False when it is to end."""
    if not select.select([0], [], [], patience)[0]:
        return True
    line = sys.stdin.readline().strip()
    if line == "state":
        print(json.dumps(state()), flush=True)
    return line not in ("end", "")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mode", default="idle")
    arguments = parser.parse_args()
    print("ready %d" % os.getpid(), flush=True)
    workers = [Worker() for _ in range({"threads": 3, "blocked": 1}.get(arguments.mode, 0))]
    right = True
    if arguments.mode == "stuck":
        sys.stdin.buffer.raw.read(1)
    elif arguments.mode == "blocked":
        def answer():
            while listen(0.01):
                pass
            workers[0].stop = True
        workers.append(threading.Thread(target=answer))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        workers.pop()
    else:
        for worker in workers:
            worker.start()
        while listen(0 if arguments.mode == "busy" else 0.01):
            if arguments.mode == "busy":
                right = right and compute(1) == EXPECTED
        for worker in workers:
            worker.stop = True
            worker.join()
    print("done", "right" if right and all(worker.is_right for worker in workers) else "wrong", flush=True)


EXPECTED = compute(1)

if __name__ == "__main__":
    main()
