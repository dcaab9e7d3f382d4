using System.Globalization;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>Processes that a tracer of Python must turn down, or wait for.</summary>
static class Strangers
{
    /// <summary>A running program that has nothing to do with Python.</summary>
    public static Target NotPython() => Target.Start("sleep", "1000");

    /// <summary>A process id that no process has: that of one that has ended and was waited for.</summary>
    public static int NobodysPid()
    {
        using Target target = Target.Start("true");
        target.WaitForExit();
        return target.Pid;
    }

    /// <summary>A process whose child has ended and is never waited for.</summary>
    public static Target ParentOfZombie(out int zombie)
    {
        // The shell would wait for its child, so that one only ends once another program has taken the shell's place.
        Target parent = Target.Start("sh", "-c", "exec 3<&0; (read line <&3) & echo child $!; exec sleep 1000");
        int child = zombie = int.Parse(parent.WaitFor("child"), CultureInfo.InvariantCulture);
        WaitUntil(() => File.ReadAllText($"/proc/{parent.Pid}/comm").Trim() == "sleep", "the shell has become sleep");
        parent.Send();
        WaitUntil(() => StateOf(child) == 'Z', "the child has ended");
        return parent;
    }

    /// <summary>The id of a kernel thread: a child of kthreadd. False where this process sees none, as in a pid namespace.</summary>
    public static bool TryFindKernelThread(out int pid)
    {
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out pid)
                && TryReadStat(pid, out string[] stat) && stat[1] == "2" && File.ReadAllText("/proc/2/comm").Trim() == "kthreadd")
            {
                return true;
            }
        }
        pid = 0;
        return false;
    }

    /// <summary>A 32-bit process that waits for ever.</summary>
    public static Target ThirtyTwoBit()
    {
        // "7: mov $29, %eax; int $0x80; jmp 7b": pause(2) by the i386 system call table, again and again.
        byte[] code = [0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7];
        const int Address = 0x08048000, HeaderSize = 52, SegmentSize = 32;
        byte[] image = new byte[HeaderSize + SegmentSize + code.Length];
        using (var writer = new BinaryWriter(new MemoryStream(image)))
        {
            // The ELF header: 32-bit, little-endian, version 1; then an executable for i386.
            writer.Write([0x7f, (byte)'E', (byte)'L', (byte)'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            writer.Write((short)2);
            writer.Write((short)3);
            writer.Write(1);
            writer.Write(Address + HeaderSize + SegmentSize);
            writer.Write(HeaderSize);
            writer.Write(0L);
            foreach (short size in (ReadOnlySpan<short>)[HeaderSize, SegmentSize, 1, 0, 0, 0])
            {
                writer.Write(size);
            }
            // The one segment: loaded from the file's start, readable and executable.
            foreach (int field in (ReadOnlySpan<int>)[1, 0, Address, Address, image.Length, image.Length, 5, 0x1000])
            {
                writer.Write(field);
            }
            writer.Write(code);
        }
        string path = Path.Combine(Directory.CreateTempSubdirectory("sonde-").FullName, "thirty-two");
        File.WriteAllBytes(path, image);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Target target = Target.Start(path);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
        return target;
    }

    /// <summary>A Python that has just begun: it runs the program but its libraries are not loaded, until <see cref="LetGo"/> of its gate.</summary>
    public static Target StartingPython(Interpreter interpreter, string program, out string gate)
    {
        // The dynamic linker opens a preloaded library before any other, and opening a pipe waits for its writer.
        gate = Path.Combine(Directory.CreateTempSubdirectory("sonde-").FullName, "gate");
        using (Target mkfifo = Target.Start("mkfifo", gate))
        {
            mkfifo.WaitForExit();
        }
        Target target = Target.Start("env", $"LD_PRELOAD={gate}", interpreter.Path, Target.PathOf(interpreter, program));
        string executable = File.ResolveLinkTarget(interpreter.Path, returnFinalTarget: true)?.FullName ?? interpreter.Path;
        WaitUntil(() => File.ResolveLinkTarget($"/proc/{target.Pid}/exe", returnFinalTarget: false)?.FullName == executable
            && StateOf(target.Pid) == 'S', "the interpreter waits at the gate");
        return target;
    }

    /// <summary>Lets a <see cref="StartingPython"/> go on.</summary>
    public static void LetGo(string gate)
    {
        using (new FileStream(gate, FileMode.Open, FileAccess.Write))
        {
        }
        Directory.Delete(Path.GetDirectoryName(gate)!, recursive: true);
    }

    /// <summary>The command that runs another one as a user without any rights.</summary>
    public static string[] AsNobody(params IEnumerable<string> command) =>
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", .. command];

    /// <summary>The state letter of proc_pid_stat(5).</summary>
    public static char StateOf(int pid) => TryReadStat(pid, out string[] stat) ? stat[0][0] : 'X';

    /// <summary>Waits, as long as <see cref="Target.Patience"/>, for a condition that nothing announces.</summary>
    public static void WaitUntil(Func<bool> condition, string what)
    {
        if (!SpinWait.SpinUntil(condition, Target.Patience))
        {
            throw new TimeoutException($"Not after {Target.Patience.TotalSeconds} s: {what}.");
        }
    }

    // The fields after the name, which may itself hold spaces and parentheses: state, parent, …
    static bool TryReadStat(int pid, out string[] fields)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return true;
        }
        catch (IOException)
        {
            fields = [];
            return false;
        }
    }
}
