"""Tells what watches it inside its interpreter, and does a few things on command; a line of input each.

  state    says "state" and the tools of sys.monitoring with their events, or whether there is a profile function that calls back; and the modules loaded
  profile  sets a profile function, then as state
  tools    takes the numbers 3 and 4 of sys.monitoring, then as state
  count    calls counted() 1,000 times and says "counted 1000"
  fork     has a child do that, and says "forked", what the child counted, and its exit code
"""
import gc
import os
import sys


def counted(value):
    return value + 1


def count():
    value = 0
    for _ in range(1000):
        value = counted(value)
    return value


def fork():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, b"%d" % count())
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    print("forked", os.read(reader, 100).decode(), status, flush=True)


def watchers():
    gc.collect()
    if hasattr(sys, "monitoring"):
        return [(sys.monitoring.get_tool(tool), sys.monitoring.get_events(tool) if sys.monitoring.get_tool(tool) else 0) for tool in range(6)]
    # A profile function in C shows only by what the interpreter keeps for it: the modules and objects that are there.
    return [sys.getprofile() is not None, sum(type(each).__name__ == "module" and each.__name__ == "sonde_agent" for each in gc.get_objects())]


def tell():
    print("state", watchers(), sorted(name for name in sys.modules if "sonde" in name), sorted(name for name in vars(sys) if "sonde" in name), flush=True)


def main():
    print("ready %d" % os.getpid(), flush=True)
    tell_needed = {"state", "profile", "tools"}
    while True:
        line = sys.stdin.readline().strip()
        if line == "profile":
            sys.setprofile(lambda *_: None)
        elif line == "tools":
            sys.monitoring.use_tool_id(3, "one")
            sys.monitoring.use_tool_id(4, "two")
        elif line == "count":
            print("counted", count(), flush=True)
        elif line == "fork":
            fork()
        elif not line:
            return
        if line in tell_needed:
            tell()


main()
