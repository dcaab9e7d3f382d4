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

    def signal_of(error, *names):
        """The signal whose handler has raised an exception into this, which was meant for the program, by the handler's own arguments: a number and a frame. That of the interpreter's own is no
        Python function. 0 when it cannot be told. The names are those of who asks."""
        trace = error.__traceback__
        while trace is not None and any([trace.tb_frame.f_globals is each for each in (globals(), agent) + names]):
            trace = trace.tb_next
        if trace is None:
            return 2 if isinstance(error, KeyboardInterrupt) else 0
        frame, code = trace.tb_frame, trace.tb_frame.f_code
        values = [frame.f_locals.get(each) for each in code.co_varnames[:code.co_argcount]]
        if code.co_flags & 4:  # *arguments
            values += frame.f_locals.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount]) or ()
        for number, below in zip(values, values[1:]):
            if isinstance(number, int) and (below is None or type(below) is type(frame)):
                return int(number)
        return 0

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

        __slots__ = ("socket", "process", "losses", "is_open", "room")

        def __init__(self):
            self.socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
            self.socket.setblocking(False)
            self.process = posix.getpid()
            self.losses = []
            self.is_open = True
            self.room = 0

        def make_room(self):
            """As much room as there may be; an eighth of it is kept for the last words (socket(7): the kernel doubles what is set)."""
            self.allow(1 << 20)
            self.room = self.socket.getsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF) // 2
            self.allow(self.room - self.room // 8)

        def send(self, *records):
            """Sends JSON texts (bytes) and tells whether they went. What finds no room is dropped and counted; when nobody reads any more, is_open becomes false and the agent must
            remove itself."""
            if not self.is_open or posix.getpid() != self.process:
                self.is_open = False
                return False
            packet = b"".join([len(record).to_bytes(4, "little") + record for record in records])
            try:
                self.socket.send(packet, _socket.MSG_NOSIGNAL | _socket.MSG_DONTWAIT)
                return True
            except BlockingIOError:
                self.lose()
            except OSError as error:
                if error.errno == 90:  # EMSGSIZE
                    self.lose()
                else:
                    self.is_open = False
            return False

        def send_surely(self, record):
            """As send, and there is room kept for it. Should even that be full, the reader is told by the connection's end."""
            if not self.is_open or posix.getpid() != self.process:
                self.is_open = False
                return False
            self.allow(self.room)
            if not self.send(record):
                self.close()
            else:
                self.allow(self.room - self.room // 8)
            return self.is_open

        def allow(self, room):
            try:
                self.socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, room)
            except OSError:
                pass

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
    channel.make_room()
    agent = {"__name__": "sonde_agent", "__builtins__": __builtins__, "channel": channel, "quote": quote, "text_of": text_of, "forget": forget, "signal_of": signal_of}
    try:
        exec(compile(source, "<sonde>", "exec"), agent)
        reply = b'{"reply":0}'
        packet = len(reply).to_bytes(4, "little") + reply
        if "install" in agent:
            agent["install"](config)
        # Only now, for from 3.14 on another thread may be taking it out, which must find all of it. If it was looked for before, nobody listens any more, and the reply shows that.
        setattr(sys, name, agent)
        # No function in Python is called from here on: each would be among what is followed, and in 3.11 a traced one may not begin while more is pending.
        try:
            channel.socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, channel.room)
            channel.socket.send(packet, _socket.MSG_NOSIGNAL | _socket.MSG_DONTWAIT)
            channel.socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, channel.room - channel.room // 8)
        except OSError:
            channel.is_open = False
        if not channel.is_open:
            # Whoever asked has given up meanwhile.
            sys.__dict__.pop(name, None)
            if "remove" in agent:
                agent["remove"]()
            forget()
            channel.close()
    except BaseException as error:
        sys.__dict__.pop(name, None)
        try:
            # It may have been set up already.
            if "remove" in agent:
                agent["remove"]()
        except BaseException:
            pass  # What is told is what came first.
        channel.send(('{"reply":0,"error":%s,"signal":%d}' % (quote(text_of(error)), signal_of(error))).encode("utf-8", "replace"))
        forget()
        channel.close()


