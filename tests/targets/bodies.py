"""Stands still in the body of a class in the body of a module, both with variables: says "ready PID", and ends after a line."""
import os
import sys

counter = 5
names = {"a": [1, 2]}


class Body(object):
    attribute = "x"

    def method(self):
        pass

    def pause(line=sys.stdin):
        sys.stdout.write("ready %d\n" % os.getpid())
        sys.stdout.flush()
        line.readline()

    for number in range(30):
        locals()["v%d" % number] = number
    pause()
