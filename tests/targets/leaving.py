"""A Python on its way out. Says "ready PID" when it got there, and goes on at a line on its input.

--atexit   waits in an exit handler: the program is over, the interpreter is being taken down
--leader   the main thread is gone (the process shows as a zombie) while another thread still calls tick()
"""
import argparse
import atexit
import ctypes
import os
import platform
import sys
import threading
import time

SYS_EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]


def tick(count):
    return count + 1


def wait():
    print("ready %d" % os.getpid(), flush=True)
    sys.stdin.readline()


def carry_on(leader_is_gone):
    leader_is_gone()
    wait()
    count = 0
    while count < 1000:
        count = tick(count)
        time.sleep(0.001)
    print("done %d" % count, flush=True)
    os._exit(0)


def leader_state():
    with open("/proc/self/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def wait_for_leader():
    while leader_state() != "Z":
        time.sleep(0.001)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--atexit", action="store_true")
    way.add_argument("--leader", action="store_true")
    if parser.parse_args().atexit:
        atexit.register(wait)
    else:
        threading.Thread(target=carry_on, args=(wait_for_leader,), name="heir").start()
        ctypes.CDLL(None).syscall(SYS_EXIT, 0)


if __name__ == "__main__":
    main()
