using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sonde.Kernel.Tests.Targets;

/// <summary>A process to trace: started here, spoken to over its input and output with bounded waits, and killed when disposed.</summary>
sealed class Target : IDisposable
{
    /// <summary>The longest a target may take for anything. Passing tests never come near it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Where a contained interpreter sees <see cref="Repository.Targets"/>.</summary>
    const string ContainedTargets = "/srv/targets";

    /// <summary>Where it sees <see cref="Repository.PythonModules"/>.</summary>
    const string ContainedModules = "/srv/python";

    // What a container runtime does: mounts of its own, and a root directory that is the root of everything it sees.
    const string EnterContainer = """
        set -e
        root=$1 targets=$2 modules=$3
        shift 3
        mkdir -p "$root/srv/targets" "$root/srv/python" "$root/mnt"
        mount --bind "$root" "$root"
        mount --bind "$targets" "$root/srv/targets"
        mount --bind "$modules" "$root/srv/python"
        mount -t proc proc "$root/proc"
        cd "$root"
        pivot_root . mnt
        exec "$@"
        """;

    readonly Process _process;
    // Not disposed: the end of the output may arrive after the process is gone.
    readonly BlockingCollection<string> _lines = [];
    readonly StringBuilder _errors = new();
    readonly TaskCompletionSource _errorsEnded = new();

    Target(ProcessStartInfo start)
    {
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                _lines.CompleteAdding();
            }
            else
            {
                _lines.Add(line.Data);
            }
        };
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                _errorsEnded.SetResult();
                return;
            }
            lock (_errors)
            {
                _errors.AppendLine(line.Data);
            }
        };
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        Pid = _process.Id;
    }

    /// <summary>The process id as this process sees it.</summary>
    public int Pid { get; private set; }

    /// <summary>What it said after "ready": its own idea of its process id, and whatever else it tells.</summary>
    public IReadOnlyList<string> Ready { get; private set; } = [];

    /// <summary>What it has written to its standard error so far.</summary>
    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    public bool IsAlive => !_process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts any command.</summary>
    public static Target Start(string command, params IEnumerable<string> arguments) => new(new ProcessStartInfo(command, arguments));

    /// <summary>Starts a program of tests/targets; it is not waited for.</summary>
    public static Target Start(Interpreter interpreter, string program, params IEnumerable<string> arguments) => new(Command(interpreter, program, arguments));

    static ProcessStartInfo Command(Interpreter interpreter, string program, IEnumerable<string> arguments) =>
        interpreter.IsContained
            ? new("unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", EnterContainer, "sh",
                interpreter.Root, Repository.Targets, Repository.PythonModules, interpreter.Path, PathOf(interpreter, program), .. arguments])
            : new(interpreter.Path, [PathOf(interpreter, program), .. arguments]);

    /// <summary>Starts a program of tests/targets and waits until it says that it is ready. It does its work after <see cref="Send"/>.</summary>
    public static Target StartReady(Interpreter interpreter, string program, params IEnumerable<string> arguments) => StartReady(interpreter, program, arguments, []);

    /// <summary>The same, with variables of its environment.</summary>
    public static Target StartReady(Interpreter interpreter, string program, IEnumerable<string> arguments, Dictionary<string, string> environment)
    {
        ProcessStartInfo command = Command(interpreter, program, arguments);
        foreach (var (name, value) in environment)
        {
            command.Environment[name] = value;
        }

        return AwaitReady(new(command), interpreter.IsContained);
    }

    /// <summary>As <see cref="StartReady(Interpreter, string, IEnumerable{string})"/>, but not as a child of this process: .NET takes the end of a child's being held for the end of the child.</summary>
    public static Target StartReadyApart(Interpreter interpreter, string program, params IEnumerable<string> arguments) => interpreter.IsContained
        ? StartReady(interpreter, program, arguments)
        : AwaitReady(Start("unshare", ["--fork", "--kill-child", interpreter.Path, PathOf(interpreter, program), .. arguments]), isGrandchild: true);

    static Target AwaitReady(Target target, bool isGrandchild)
    {
        try
        {
            target.Ready = target.WaitFor("ready").Split(' ');
            if (isGrandchild)
            {
                // Its own idea of its pid may be that of a namespace: it is the one child of the program that started it.
                string children = File.ReadAllText($"/proc/{target.Pid}/task/{target.Pid}/children");
                target.Pid = int.Parse(children.AsSpan().Trim(), CultureInfo.InvariantCulture);
            }
            return target;
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    /// <summary>The path of a program of tests/targets as that interpreter sees it: what its code objects have as file name.</summary>
    public static string PathOf(Interpreter interpreter, string program) =>
        Path.Combine(interpreter.IsContained ? ContainedTargets : Repository.Targets, program);

    /// <summary>The folder of the Python modules that Sonde ships, as that interpreter sees it.</summary>
    public static string ModulesOf(Interpreter interpreter) => interpreter.IsContained ? ContainedModules : Repository.PythonModules;

    /// <summary>Sends a line to its standard input.</summary>
    public void Send(string line = "")
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Ends its standard input.</summary>
    public void CloseInput() => _process.StandardInput.Close();

    /// <summary>The next line of its standard output, or null at the end of it.</summary>
    public string? ReadLine() => ReadLine(Patience);

    /// <summary>The same, with another patience.</summary>
    public string? ReadLine(TimeSpan patience)
    {
        if (_lines.TryTake(out string? line, patience))
        {
            return line;
        }
        return _lines.IsCompleted ? null : throw new TimeoutException($"{this} said nothing for {patience.TotalSeconds} s.");
    }

    /// <summary>Reads lines up to one that begins with the word, and gives what follows it.</summary>
    public string WaitFor(string word) => WaitFor(word, Patience);

    /// <summary>The same, with another patience for each line.</summary>
    public string WaitFor(string word, TimeSpan patience)
    {
        while (ReadLine(patience) is { } line)
        {
            if (line.StartsWith(word, StringComparison.Ordinal))
            {
                return line[word.Length..].Trim();
            }
        }
        throw new InvalidOperationException($"{this} ended without saying '{word}': {Errors}");
    }

    /// <summary>All of its standard output from here on.</summary>
    public string ReadToEnd()
    {
        var text = new StringBuilder();
        while (ReadLine() is { } line)
        {
            text.AppendLine(line);
        }
        return text.ToString();
    }

    /// <summary>Waits for its end, and for all it wrote to its standard error, and gives the exit code.</summary>
    /// <param name="patience">How long that may take; <see cref="Patience"/> where nothing is said.</param>
    public int WaitForExit(TimeSpan? patience = null)
    {
        if (!_process.WaitForExit(patience ?? Patience))
        {
            throw new TimeoutException($"{this} did not end within {patience ?? Patience}.");
        }
        _errorsEnded.Task.Wait(Patience);
        return _process.ExitCode;
    }

    /// <summary>Sends a signal by its name: "STOP", "INT", "KILL".</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", Pid.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (IsAlive)
        {
            _process.Kill(entireProcessTree: true);
        }
        _process.WaitForExit(Patience);
        _process.Dispose();
    }

    public override string ToString() => $"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} (pid {Pid})";
}
