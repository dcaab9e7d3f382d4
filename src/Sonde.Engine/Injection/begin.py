# Begins an agent in a program. Runs once, in a dict of its own, on whatever thread of the program comes first; imports nothing but what is built in, starts no thread,
# and never raises. Python 3.7 and later. What is sent is described in AgentChannel.cs.


def begin(directory, name, config, source):
    import posix
    import sys

    def remove_files():
        try:
            posix.unlink(directory + "/socket")
            posix.rmdir(directory)
        except OSError:
            pass

    def forget():
        """Leaves no module behind that was not there before."""
        if is_new and "socket" not in sys.modules:
            sys.modules.pop("_socket", None)

    def text_of(error):
        try:
            return "%s: %s" % (type(error).__name__, error)
        except Exception:
            return type(error).__name__

    try:
        posix.unlink(directory + "/run")
    except OSError:
        return  # Taken back: nobody waits for it any more.

    try:
        is_new = "_socket" not in sys.modules
        import _socket
    except ImportError as error:
        note = posix.open(directory + "/failed", posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, 0o600)
        posix.write(note, text_of(error).encode("utf-8", "replace"))
        posix.close(note)
        return

    class Channel(object):
        """One record at a time, or several at once, to whoever looks into this program. Never blocks, and never raises."""

        __slots__ = ("socket", "process", "losses", "is_open")

        def __init__(self):
            self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
            self.socket.setblocking(False)
            self.process = posix.getpid()
            self.losses = []
            self.is_open = True

        def send(self, *records):
            """Sends JSON texts (bytes). False when nobody reads any more: then the agent must remove itself.
            What finds no room is dropped and counted."""
            if not self.is_open or posix.getpid() != self.process:
                self.is_open = False
                return False
            packet = b"".join([len(record).to_bytes(4, "little") + record for record in records])
            try:
                self.socket.send(packet, _socket.MSG_NOSIGNAL | _socket.MSG_DONTWAIT)
            except BlockingIOError:
                self.lose()
            except OSError as error:
                if error.errno == 90:  # EMSGSIZE
                    self.lose()
                else:
                    self.is_open = False
            return self.is_open

        def lose(self):
            # One step of the interpreter, so no thread comes in between; bounded, should nobody ever ask.
            if len(self.losses) < 1000000:
                self.losses.append(None)

        def lost(self):
            """How many calls of send have found no room since this was last asked."""
            count = len(self.losses)
            del self.losses[:count]
            return count

        def close(self):
            self.is_open = False
            if posix.getpid() == self.process:
                try:
                    # A forked child that sleeps has the socket too, and would keep it open.
                    self.socket.shutdown(_socket.SHUT_RDWR)
                except OSError:
                    pass
            self.socket.close()

    escapes = {code: "\\u%04x" % code for code in range(32)}
    escapes.update({34: '\\"', 92: "\\\\"})

    def quote(text):
        """A str as JSON."""
        return '"' + text.translate(escapes) + '"'

    channel = None
    try:
        channel = Channel()
        channel.socket.connect(directory + "/socket")
    except OSError:
        if channel is not None:
            channel.close()
        remove_files()
        forget()
        return  # Nobody waits for it any more.

    remove_files()
    try:
        channel.socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, 1 << 20)
    except OSError:
        pass

    agent = {"__name__": "sonde_agent", "__builtins__": __builtins__, "channel": channel, "quote": quote, "text_of": text_of, "forget": forget}
    try:
        exec(compile(source, "<sonde>", "exec"), agent)
        setattr(sys, name, agent)
        if "install" in agent:
            agent["install"](config)
        if not channel.send(b'{"reply":0}'):
            # Whoever asked has given up meanwhile.
            sys.__dict__.pop(name, None)
            if "remove" in agent:
                agent["remove"]()
            forget()
            channel.close()
    except BaseException as error:
        sys.__dict__.pop(name, None)
        channel.send(('{"reply":0,"error":%s}' % quote(text_of(error))).encode("utf-8", "replace"))
        forget()
        channel.close()


