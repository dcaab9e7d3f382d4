using System.Collections;
using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>A command started by us that waits, before its first instruction, until it is let go.</summary>
/// <remarks>
/// A shell reads one line from a pipe and then becomes the command (<c>exec</c>), so the process id stays the same. Standard input, output and
/// error are ours. If we die before the gate is opened, the shell sees the pipe's end and never runs the command.
/// </remarks>
public sealed unsafe class GatedCommand : IDisposable
{
    /// <summary>The descriptor the shell waits on. A single digit, for POSIX shells take no more in a redirection.</summary>
    const int GateDescriptor = 9;

    const string Script = "read -r _ <&9 && exec 9<&- && exec \"$@\"; exit 127";

    /// <summary>Signal dispositions and the mask are set back to what a new program expects: .NET ignores SIGPIPE and blocks some.</summary>
    const short SetSignalMaskAndDefaults = 0x04 | 0x08;

    FileDescriptor? _gate;

    GatedCommand(int pid, FileDescriptor gate)
    {
        Pid = pid;
        _gate = gate;
    }

    /// <summary>The process id, now the shell's and later the command's.</summary>
    public int Pid { get; }

    /// <summary>Whether the process is still the shell, and not yet the command.</summary>
    /// <remarks>The kernel may report the shell's own execve to who attaches right after the start.</remarks>
    public bool IsShell => ProcFs.ReadCommandLine(Pid) is [_, "-c", Script, ..];

    /// <summary>Starts a command up to the gate.</summary>
    /// <param name="command">The program, by path or name, and its arguments.</param>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static GatedCommand Start(IReadOnlyList<string> command)
    {
        var ends = stackalloc int[2];
        const int closeOnExec = 0x80000;
        Libc.Result(Libc.Pipe(ends, closeOnExec)).Check("pipe2()");
        using var readEnd = new FileDescriptor(ends[0]);
        var writeEnd = new FileDescriptor(ends[1]);

        // glibc's and musl's objects are at most 336 bytes; a sigset_t is 128.
        var actions = stackalloc byte[1024];
        var attributes = stackalloc byte[1024];
        var all = stackalloc byte[128];
        var none = stackalloc byte[128];
        new Span<byte>(all, 128).Fill(0xff);
        new Span<byte>(none, 128).Clear();
        List<nint> allocated = [];
        try
        {
            Prepared(Libc.SpawnFileActionsInit(actions));
            Prepared(Libc.SpawnAttributesInit(attributes));
            Prepared(Libc.SpawnFileActionsAddDuplicate(actions, readEnd.Number, GateDescriptor));
            Prepared(Libc.SpawnAttributesSetFlags(attributes, SetSignalMaskAndDefaults));
            Prepared(Libc.SpawnAttributesSetDefaultSignals(attributes, all));
            Prepared(Libc.SpawnAttributesSetSignalMask(attributes, none));
            var arguments = Vector(["sh", "-c", Script, "sh", .. command], allocated);
            var environment = Vector(OwnEnvironment(), allocated);
            int pid;
            fixed (byte* shell = "/bin/sh\0"u8)
            {
                var error = Libc.Spawn(&pid, shell, actions, attributes, arguments, environment);
                new SystemResult(-error).Check($"starting '{string.Join(' ', command)}' through /bin/sh");
            }

            return new GatedCommand(pid, writeEnd);
        }
        catch
        {
            writeEnd.Dispose();
            throw;
        }
        finally
        {
            _ = Libc.SpawnFileActionsDestroy(actions);
            _ = Libc.SpawnAttributesDestroy(attributes);
            allocated.ForEach(Marshal.FreeCoTaskMem);
        }
    }

    /// <summary>Lets the command run.</summary>
    public void Open()
    {
        _gate?.Write("\n"u8).Check($"letting process {Pid} run");
        Dispose();
    }

    /// <summary>Closes the gate: a command that was not let go never runs.</summary>
    public void Dispose()
    {
        _gate?.Dispose();
        _gate = null;
    }

    /// <summary>These functions return an error number; they fail for lack of memory only.</summary>
    static void Prepared(int error) => new SystemResult(-error).Check("preparing to start a command");

    static IEnumerable<string> OwnEnvironment()
    {
        foreach (DictionaryEntry pair in Environment.GetEnvironmentVariables())
        {
            yield return $"{pair.Key}={pair.Value}";
        }
    }

    static byte** Vector(IEnumerable<string> texts, List<nint> allocated)
    {
        List<nint> pointers = [];
        foreach (var text in texts)
        {
            pointers.Add(Marshal.StringToCoTaskMemUTF8(text));
        }

        allocated.AddRange(pointers);
        var vector = (nint*)Marshal.AllocCoTaskMem((pointers.Count + 1) * sizeof(nint));
        allocated.Add((nint)vector);
        for (var i = 0; i < pointers.Count; i++)
        {
            vector[i] = pointers[i];
        }

        vector[pointers.Count] = 0;
        return (byte**)vector;
    }
}
