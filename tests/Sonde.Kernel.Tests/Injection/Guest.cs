using System.Diagnostics;
using System.Globalization;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary>A program of tests/targets that code is put into. Not a child of ours, for .NET would take its being held for its end.</summary>
sealed class Guest : IDisposable
{
    readonly Target _target;

    Guest(Target target, int pid)
    {
        _target = target;
        Pid = pid;
    }

    public int Pid { get; }

    /// <summary>What it has written to its standard error so far.</summary>
    public string Errors => _target.Errors;

    /// <summary>Starts guest.py in one of its modes.</summary>
    public static Guest Start(string interpreter, string mode) => Start(Interpreters.Get(interpreter), "guest.py", "--mode", mode);

    /// <summary>Starts a program that says "ready" and its process id.</summary>
    public static Guest Start(Interpreter interpreter, string program, params string[] arguments)
    {
        if (interpreter.IsContained)
        {
            Target contained = Target.StartReady(interpreter, program, arguments);
            return new Guest(contained, contained.Pid);
        }

        Target target = Target.Start("unshare", ["--fork", "--kill-child", interpreter.Path, Target.PathOf(interpreter, program), .. arguments]);
        try
        {
            return new Guest(target, int.Parse(target.WaitFor("ready"), CultureInfo.InvariantCulture));
        }
        catch
        {
            target.Dispose();
            throw;
        }
    }

    public void Send(string line) => _target.Send(line);

    public string? ReadLine() => _target.ReadLine();

    /// <summary>Everything that code put into it could have left.</summary>
    public string State()
    {
        Send("state");
        return ReadLine()!;
    }

    /// <summary>Nothing is left of what was put in, as soon as whichever thread takes it out comes to its last step.</summary>
    public void AssertIsAgain(string before, TimeSpan? patience = null)
    {
        string now = State();
        for (var waited = Stopwatch.StartNew(); now != before && waited.Elapsed < (patience ?? TimeSpan.FromSeconds(2)); now = State())
        {
            Thread.Sleep(20);
        }

        Assert.Equal(before, now);
    }

    public void AssertComputedRight()
    {
        Send("end");
        Assert.EndsWith("right", _target.WaitFor("done"), StringComparison.Ordinal);
        Assert.Equal(0, _target.WaitForExit());
    }

    public void Dispose() => _target.Dispose();
}
