# Runs something more in a program that has an agent: a function of the agent's, or its removal. Runs once, as begin.py does.


def call(directory, name, number, source):
    import posix
    import sys

    try:
        posix.unlink(directory + "/run")
    except OSError:
        return  # Taken back: nobody waits for it any more.
    try:
        posix.rmdir(directory)
    except OSError:
        pass  # Sonde, which has seen that this runs, was first.

    agent = sys.__dict__.get(name)
    if agent is None:
        return
    channel = agent["channel"]
    quote = agent["quote"]
    try:
        answer = eval(compile(source, "<sonde>", "eval"), agent)
        text = '{"reply":%d,"value":%s}' % (number, "null" if answer is None else quote(str(answer)))
    except BaseException as error:
        text = '{"reply":%d,"error":%s}' % (number, quote(agent["text_of"](error)))
    channel.send(text.encode("utf-8", "replace"))


