"""Makes CALLS Python calls for every line on its input, watched by the hook that its argument names.

Says "ready PID CALLS", and after each line the nanoseconds of processor time that one call took. Processor time, because
others may use the machine too; the traps of probes are part of it.
"""
import os
import select
import sys
import time

DEPTH = 22


def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def on_profile(frame, event, argument):
    pass


def on_event(code, offset, value=None):
    pass


def with_nothing():
    fib(DEPTH)


def with_setprofile():
    sys.setprofile(on_profile)
    fib(DEPTH)
    sys.setprofile(None)


def with_monitoring():
    monitoring = sys.monitoring
    events = monitoring.events.PY_START | monitoring.events.PY_RETURN
    monitoring.use_tool_id(monitoring.PROFILER_ID, "bench")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, on_event)
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_RETURN, on_event)
    monitoring.set_events(monitoring.PROFILER_ID, events)
    fib(DEPTH)
    monitoring.set_events(monitoring.PROFILER_ID, 0)
    monitoring.free_tool_id(monitoring.PROFILER_ID)


def lines():
    """Lines of the input. It is looked at now and then, because what is put into a program from outside runs when its main thread does."""
    while True:
        while not select.select([sys.stdin], [], [], 0.01)[0]:
            pass
        line = sys.stdin.readline()
        if not line:
            return
        yield line


def main():
    run = {"nothing": with_nothing, "setprofile": with_setprofile, "monitoring": with_monitoring}[sys.argv[1]]
    calls = 1
    smaller = 1
    for _ in range(DEPTH - 1):
        calls, smaller = calls + smaller + 1, calls
    print("ready %d %d" % (os.getpid(), calls), flush=True)
    for _ in lines():
        begin = time.thread_time_ns()
        run()
        print((time.thread_time_ns() - begin) / calls, flush=True)


main()
