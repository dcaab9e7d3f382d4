"""Stands in a finalizer while its interpreter shuts down: says "ready PID", and ends after a line."""
import os
import sys


class Last(object):
    # The modules' names are gone by then.
    def __del__(self, write=os.write, read=os.read, pid=os.getpid()):
        write(1, ("ready %d\n" % pid).encode())
        read(0, 1)


sys.kept_to_the_end = Last()
