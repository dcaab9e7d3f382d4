"""A Python that calls one function all the time, and can tell at its end whether every call computed what it should.

Says "ready PID", waits for a line, and then calls step() from each of --threads threads: as fast as it can or
--rate times a second in all, until --calls are made, --seconds are over or another line arrives on its input (its
end counts too). Says "done CALLS right" (or "wrong"): CALLS is how often step() was called.
"""
import argparse
import os
import sys
import threading
import time

MULTIPLIER, INCREMENT, MODULUS = 6364136223846793005, 1442695040888963407, (1 << 61) - 1
TICK = 0.001


def step(value):
    return (value * MULTIPLIER + INCREMENT) % MODULUS


class Spinner(threading.Thread):
    def __init__(self, index, calls, rate, deadline, stop):
        super().__init__(name="spinner-%d" % index, daemon=True)
        self.seed = self.value = index + 1
        self.calls, self.rate, self.deadline, self.stop = calls, rate, deadline, stop
        self.made = 0

    def run(self):
        clock, function = time.perf_counter, step
        batch = max(1, int(self.rate * TICK)) if self.rate else 1000
        due = clock()
        while not self.stop.is_set() and clock() < self.deadline and self.made < self.calls:
            value, count = self.value, min(batch, self.calls - self.made)
            for _ in range(count):
                value = function(value)
            self.value = value
            self.made += count
            if self.rate:
                due = max(due + count / self.rate, clock() - 0.1)
                time.sleep(max(0.0, due - clock()))

    def is_right(self):
        """Compares with the same recurrence computed by repeated squaring, without a single call."""
        scale, shift, multiplier, increment, left = 1, 0, MULTIPLIER, INCREMENT, self.made
        while left:
            if left & 1:
                scale, shift = scale * multiplier % MODULUS, (shift * multiplier + increment) % MODULUS
            multiplier, increment = multiplier * multiplier % MODULUS, increment * (multiplier + 1) % MODULUS
            left >>= 1
        return self.value == (self.seed * scale + shift) % MODULUS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rate", type=float, default=0, help="calls a second in all; 0 for as many as possible")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=sys.maxsize, help="calls in all, shared by the threads")
    parser.add_argument("--seconds", type=float, default=3600)
    arguments = parser.parse_args()
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    stop = threading.Event()
    share, rest = divmod(arguments.calls, arguments.threads)
    deadline = time.perf_counter() + arguments.seconds
    spinners = [Spinner(index, share + (index < rest), arguments.rate / arguments.threads, deadline, stop)
                for index in range(arguments.threads)]
    for spinner in spinners:
        spinner.start()

    def wait_for_line():
        sys.stdin.readline()
        stop.set()
    threading.Thread(target=wait_for_line, name="waiter", daemon=True).start()
    for spinner in spinners:
        spinner.join()
    right = all([spinner.is_right() for spinner in spinners])
    print("done %d %s" % (sum([spinner.made for spinner in spinners]), "right" if right else "wrong"), flush=True)
    os._exit(0 if right else 1)


if __name__ == "__main__":
    main()
