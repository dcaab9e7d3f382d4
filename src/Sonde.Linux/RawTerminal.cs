using System.Text;

namespace Sonde.Linux;

/// <summary>The terminal we run in, taken over: keys arrive one by one and unseen, and nothing is done to what is written. Disposing gives it back as it was.</summary>
/// <remarks>
/// termios(3). It is also given back when the process ends in another way than by a signal that cannot be caught. Not safe for concurrent use,
/// but for <see cref="Dispose"/>.
/// </remarks>
public sealed unsafe class RawTerminal : IDisposable
{
    /// <summary>glibc's and musl's <c>struct termios</c> have 60 bytes.</summary>
    const int SettingsSize = 128;

    /// <summary>After what was written has been sent; keys that were typed before are dropped (include/uapi/asm-generic/termbits.h).</summary>
    const int AfterOutput = 2;

    const uint GetWindowSize = 0x5413;
    const int StopSignal = 19;

    readonly Lock _gate = new();
    readonly FileDescriptor _input = FileDescriptor.Borrow(0);
    readonly FileDescriptor _output = FileDescriptor.Borrow(1);
    readonly byte[] _settings = new byte[SettingsSize];
    readonly string _enter;
    readonly string _leave;
    bool _isTaken;

    RawTerminal(string enter, string leave)
    {
        _enter = enter;
        _leave = leave;
    }

    /// <summary>What keys are read from: standard input.</summary>
    public FileDescriptor Input => _input;

    /// <summary>Columns and rows; 80 and 24 when the terminal does not know.</summary>
    public (int Columns, int Rows) Size => SizeOf(_output) ?? (80, 24);

    /// <summary>The columns of the terminal that is standard output; null when it is none, or does not know.</summary>
    public static int? OutputColumns
    {
        get
        {
            using var output = FileDescriptor.Borrow(1);
            return SizeOf(output)?.Columns;
        }
    }

    /// <summary>struct winsize: rows, columns, and two that are not used (include/uapi/asm-generic/termios.h).</summary>
    static (int Columns, int Rows)? SizeOf(FileDescriptor terminal)
    {
        ulong size = 0;
        return terminal.IoControl(GetWindowSize, ref size).Failed || (ushort)size == 0 || (ushort)(size >> 16) == 0 ? null : ((ushort)(size >> 16), (ushort)size);
    }

    /// <summary>Takes over the terminal that is standard input and output; null when they are not one.</summary>
    /// <param name="enter">What is sent to it then, and whenever it is taken again.</param>
    /// <param name="leave">What is sent before it is given back.</param>
    /// <exception cref="LinuxException">It cannot be set.</exception>
    public static RawTerminal? TryTake(string enter, string leave)
    {
        var terminal = new RawTerminal(enter, leave);
        fixed (byte* settings = terminal._settings)
        {
            if (Libc.GetTerminal(1, settings) != 0 || Libc.GetTerminal(0, settings) != 0)
            {
                return null;
            }
        }

        AppDomain.CurrentDomain.ProcessExit += terminal.OnExit;
        terminal.Take();
        return terminal;
    }

    /// <summary>Takes the terminal after it was given back, or after someone else has set it, as a shell does when the job goes on.</summary>
    public void Take()
    {
        lock (_gate)
        {
            byte* raw = stackalloc byte[SettingsSize];
            _settings.CopyTo(new Span<byte>(raw, SettingsSize));
            Libc.MakeRaw(raw);
            Libc.Result(Libc.SetTerminal(0, AfterOutput, raw)).Check("tcsetattr");
            _isTaken = true;
            Send(_enter);
        }
    }

    /// <summary>Reads keys as the terminal sends them, after they were waited for; the result is the number of bytes, 0 when it is gone.</summary>
    public SystemResult Read(Span<byte> destination) => _input.Read(destination);

    /// <summary>Writes to the terminal; nothing when it is gone.</summary>
    public void Write(string text)
    {
        lock (_gate)
        {
            if (_isTaken)
            {
                Send(text);
            }
        }
    }

    /// <summary>Gives the terminal back, stops this process as Ctrl-Z does any other, and takes the terminal again when it goes on.</summary>
    public void Suspend()
    {
        Dispose();
        Libc.Result(Libc.Kill(Environment.ProcessId, StopSignal)).Check("kill(SIGSTOP)");
        Take();
    }

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_isTaken)
            {
                return;
            }

            Send(_leave);
            _isTaken = false;
            fixed (byte* settings = _settings)
            {
                // Where the terminal is gone there is nothing to give back.
                _ = Libc.SetTerminal(0, AfterOutput, settings);
            }
        }
    }

    void OnExit(object? sender, EventArgs arguments) => Dispose();

    void Send(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty)
        {
            var written = _output.Write(bytes);
            if (!written.Failed)
            {
                bytes = bytes[(int)written.Raw..];
            }
            else if (written.Errno == Errno.EAGAIN)
            {
                // Another holder of the same terminal has made it non-blocking.
                Thread.Sleep(1);
            }
            else if (written.Errno != Errno.EINTR)
            {
                return;
            }
        }
    }
}
