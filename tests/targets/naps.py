"""Two threads that wait and run in turns of some tenths of a millisecond. Says "ready PID" and goes on until the line "end" or the end of its input."""
import os
import sys
import threading
import time


def run(count):
    while count:
        count -= 1


def nap():
    time.sleep(0.0002)


def take_turns():
    while not ended:
        nap()
        run(4000)


ended = []
threads = [threading.Thread(target=take_turns, name="napper %d" % number) for number in range(2)]
for each in threads:
    each.start()
print("ready", os.getpid(), flush=True)
sys.stdin.readline()
ended.append(True)
for each in threads:
    each.join()
