"""What the measuring programs beside this file share."""
import os
import platform
import signal
import statistics
import subprocess
import time

HOME = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
STATISTICS = "/proc/sys/kernel/bpf_stats_enabled"

median = statistics.median


class Child:
    """A process with a conversation over pipes; it has ended when the block is left."""

    def __init__(self, *command, stderr=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench: %s ended unexpectedly" % " ".join(self.process.args))
        return line.split()

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.hear()


def timed(command, interrupt=False):
    """Milliseconds from fork to exit, milliseconds to the first output, and peak memory in MiB; with interrupt it is ended then."""
    reading, writing = os.pipe()
    begin = time.perf_counter()
    # A plain fork: after vfork the child would be charged with the memory of this program.
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.execv(command[0], command)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as output:
        first = None
        while output.read(65536):
            if first is None:
                first = time.perf_counter()
                if interrupt:
                    os.kill(child, signal.SIGINT)
    _, status, usage = os.wait4(child, 0)
    end = time.perf_counter()
    if status != 0:
        raise SystemExit("bench: %s ended with status %d" % (" ".join(command), status))
    return (end - begin) * 1e3, ((first or end) - begin) * 1e3, usage.ru_maxrss / 1024


def machine(load):
    yield ("", "")
    yield ("processors", "%d, %s" % (os.cpu_count(), platform.machine()))
    yield ("kernel", "Linux %s" % platform.release())
    yield ("load at the start", "%.2f%s" % (load, "" if load <= 0.5 else "  WARNING: the machine is busy; times are too high"))


def show(title, rows):
    rows = list(rows)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    print("\n" + title)
    for row in rows:
        if any(row):
            print("  " + "  ".join([row[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:])]).rstrip(), flush=True)


def limit(seconds):
    """Ends this program when it is not done by then."""
    def give_up(*_):
        raise SystemExit("bench: not done after %d s" % seconds)
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
