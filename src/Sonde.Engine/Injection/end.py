# Takes an agent out of a program again. Runs once, as begin.py does; without an agent of that name it does nothing.


def end(directory, name):
    import posix
    import sys

    try:
        posix.unlink(directory + "/run")
    except OSError:
        return  # Taken back: another one does it.
    try:
        posix.rmdir(directory)
    except OSError:
        pass  # Sonde, which has seen that this runs, was first.

    agent = sys.__dict__.pop(name, None)
    if agent is None:
        return
    channel = agent["channel"]
    try:
        if "remove" in agent:
            agent["remove"]()
    except BaseException as error:
        channel.send(('{"removal":%s,"signal":%d}' % (agent["quote"](agent["text_of"](error)), agent["signal_of"](error, globals()))).encode("utf-8", "replace"))
    finally:
        # Closing is what Sonde waits for: it comes last.
        agent["forget"]()
        channel.close()


