"""Forks as many children as it is told, one after the other; each calls a function once and ends at once, some with a call still open. Says "ready PID", waits for a line, and says "done"."""
import os
import sys


def child(number):
    if number % 10 == 9:
        os._exit(0)
    return -number


sys.stdout.write("ready %d\n" % os.getpid())
sys.stdout.flush()
sys.stdin.readline()
for number in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        child(number)
        os._exit(0)
    os.waitpid(pid, 0)
sys.stdout.write("done\n")
sys.stdout.flush()
