"""A Python that knows by its own clock where its time went.

Says "ready PID" and waits for a line. Then it does what --pattern says until the next line arrives, and says
"done NAME=SECONDS ...": the time spent inside each of its functions, as the functions' callers measured it.

  shares   three functions, 5, 3 and 2 ms, again and again: a period of 10 ms
  asleep   6 ms of work in work(), 4 ms of sleep in rest()
  deep     half of the time at the bottom of 100 calls of descend(), the other half in flat()
  gil      two threads, "left" and "right", that want the interpreter lock all the time; the times are those of their
           own processors' clocks, and NAME.delay is how long each was ready without a processor
  slow     handle() is called again and again, for 2 ms; every tenth call takes 80 ms. Only those are measured.
"""
import argparse
import os
import sys
import threading
import time

clock = time.perf_counter


def spin(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def first(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def second(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def third(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def work(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def rest(seconds):
    time.sleep(seconds)


def flat(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


def descend(depth, seconds):
    if depth > 1:
        return descend(depth - 1, seconds)
    end = clock() + seconds
    while clock() < end:
        pass


def deep(seconds):
    descend(100, seconds)


def handle(seconds):
    end = clock() + seconds
    while clock() < end:
        pass


PATTERNS = {
    "shares": ((first, 0.005), (second, 0.003), (third, 0.002)),
    "asleep": ((work, 0.006), (rest, 0.004)),
    "deep": ((deep, 0.001), (flat, 0.001)),
}


def repeat(pattern, stop):
    spent = {function.__name__: 0.0 for function, _ in pattern}
    while not stop:
        for function, seconds in pattern:
            begin = clock()
            function(seconds)
            spent[function.__name__] += clock() - begin
    return spent


def slow(stop):
    spent = {"handle": 0.0}
    while not stop:
        for _ in range(9):
            handle(0.002)
            spin(0.002)
        begin = clock()
        handle(0.080)
        spent["handle"] += clock() - begin
        spin(0.002)
    return spent


def fight(stop):
    spent = {}

    def contend():
        own, files = time.thread_time, "/proc/thread-self/schedstat"

        def delay():
            with open(files) as file:
                return int(file.read().split()[1]) / 1e9
        begin, waited = own(), delay()
        while not stop:
            for _ in range(1000):
                pass
        name = threading.current_thread().name
        spent[name], spent[name + ".delay"] = own() - begin, delay() - waited
    threads = [threading.Thread(target=contend, name=name) for name in ("left", "right")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return spent


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pattern", choices=sorted(PATTERNS) + ["gil", "slow"], default="shares")
    arguments = parser.parse_args()
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()
    stop = []

    def wait_for_line():
        sys.stdin.readline()
        stop.append(True)
    threading.Thread(target=wait_for_line, name="waiter", daemon=True).start()
    begin = clock()
    if arguments.pattern == "gil":
        spent = fight(stop)
    elif arguments.pattern == "slow":
        spent = slow(stop)
    else:
        spent = repeat(PATTERNS[arguments.pattern], stop)
    spent["all"] = clock() - begin
    print("done " + " ".join("%s=%.6f" % item for item in spent.items()), flush=True)


if __name__ == "__main__":
    main()
