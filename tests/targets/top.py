"""Keeps a processor busy in spin, while another thread sleeps in nap. Given a file it goes on until that is gone, and then exits with 3."""
import os
import sys
import threading
import time


def spin(file):
    due = 0
    while True:
        if time.monotonic() > due:
            due = time.monotonic() + 0.01
            if file and not os.path.exists(file):
                return


def nap():
    time.sleep(3600)


threading.Thread(target=nap, daemon=True).start()
print("ready", os.getpid(), flush=True)
spin(sys.argv[1] if len(sys.argv) > 1 else None)
sys.exit(3)
