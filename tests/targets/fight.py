"""Two threads that fight for the interpreter lock, 300 calls deep, for SECONDS of their own processor time together.

fight.py SECONDS: says "ready PID", waits for a line, says "done cpu=... wall=...", and ends after another line.
"""
import os
import sys
import threading
import time

DEPTH = 300
seconds = float(sys.argv[1])
spent = {}


def spin(name, until):
    while time.process_time() < until:
        for _ in range(200):
            pass


def deep(n, name, until):
    if n == 0:
        spin(name, until)
        return
    deep(n - 1, name, until)


def left():
    deep(DEPTH, "left", end)


def right():
    deep(DEPTH, "right", end)


sys.setrecursionlimit(3 * DEPTH)
print("ready %d" % os.getpid())
sys.stdout.flush()
sys.stdin.readline()
begin, cpu = time.time(), time.process_time()
end = cpu + seconds
threads = [threading.Thread(target=left), threading.Thread(target=right)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("done cpu=%.6f wall=%.6f" % (time.process_time() - cpu, time.time() - begin))
sys.stdout.flush()
sys.stdin.readline()
