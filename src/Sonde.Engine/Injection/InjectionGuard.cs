using System.Globalization;
using Sonde.Linux;
using Sonde.Python.Injection;
using Sonde.Python.Layouts;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Injection;

/// <summary>What runs in the process that watches over a session with an agent: when the session's process ends without a word, it takes the agent out.</summary>
public static class InjectionGuard
{
    /// <summary>The word by which sonde is started to do this; it is in no help, for it is of no use to people.</summary>
    public const string Verb = "injection-guard";

    /// <summary>What it says when it watches.</summary>
    internal const string Watching = "watching";

    /// <summary>What is said when there is nothing left to do.</summary>
    internal const string Released = "released";

    /// <summary>How long it goes on trying with a program that does not come back to Python.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromHours(1);

    static readonly TimeSpan _untilRun = TimeSpan.FromMilliseconds(100), _untilAbandoned = TimeSpan.FromSeconds(6);

    /// <summary>Watches until the input ends, and then does what is left to do.</summary>
    /// <param name="input">A line with the process, when it started, and the agent's name; later perhaps a line that releases it.</param>
    /// <param name="output">Gets a line when it watches.</param>
    /// <returns>Whether there is nothing left in the process.</returns>
    public static bool Run(TextReader input, TextWriter output)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        // Neither the terminal's Ctrl-C nor its end is meant for it.
        OwnSession.Begin();
        if (input.ReadLine()?.Split(' ') is not [var process, var start, var name]
            || !int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var startTime)
            || !InjectedAgent.IsName(name))
        {
            throw new UserErrorException($"{Verb}: this is for sonde itself, which starts it when it puts code into a process");
        }

        // The process may be gone by then, and its files are still to be reached.
        RootedDirectory.TryOpenRoot(pid, out var root);
        using (root)
        {
            try
            {
                output.WriteLine(Watching);
                output.Flush();
            }
            catch (IOException)
            {
                // Who started it is gone already.
            }

            while (input.ReadLine() is { } line)
            {
                if (line == Released)
                {
                    return true;
                }
            }

            var isRemoved = Remove(pid, startTime, name);
            if (isRemoved && root is not null)
            {
                RemoveAbandoned(root, pid, startTime);
            }

            return isRemoved;
        }
    }

    /// <summary>A directory that was made just before its maker was killed is left alone for some seconds.</summary>
    static void RemoveAbandoned(FileDescriptor root, int pid, ulong startTime)
    {
        Thread.Sleep(_untilAbandoned);
        var deadline = DateTime.UtcNow + _patience;
        while (ScriptDelivery.IsAlive(pid, startTime) && MayRunMore(pid))
        {
            if (DateTime.UtcNow > deadline)
            {
                // Then it stays: under its name nobody else can put a script.
                return;
            }

            Thread.Sleep(1000);
        }

        ScriptDelivery.RemoveAbandoned(root, (otherPid, otherStart) => otherPid == pid && otherStart == startTime);
    }

    /// <summary>
    /// Whether the process may still run a script that it was given by its path. Up to 3.13 it comes round to all it was given in turn, and so has, having run what came last;
    /// from 3.14 on each thread has one of its own, and may sleep.
    /// </summary>
    static bool MayRunMore(int pid)
    {
        try
        {
            using var target = InjectionTarget.Open(pid);
            if (target.Version.Minor < 14)
            {
                return false;
            }

            var debugging = new RemoteDebugging(target.Runtime, target.Target.Image.Elf);
            return target.Runtime.ReadThreads().Any(thread => debugging.HasRequest(thread.Address));
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or IOException or LayoutException or ElfException)
        {
            return true;
        }
    }

    static bool Remove(int pid, ulong startTime, string name)
    {
        var deadline = DateTime.UtcNow + _patience;
        while (ScriptDelivery.IsAlive(pid, startTime))
        {
            try
            {
                using var target = InjectionTarget.Open(pid);
                using var turn = InjectedAgent.TakeTurn(target, deadline - DateTime.UtcNow, CancellationToken.None);
                InjectedAgent.Remove(target, name, deadline - DateTime.UtcNow, CancellationToken.None);
                // It has begun; nobody is told of its end any more.
                Thread.Sleep(_untilRun);
                return true;
            }
            catch (Exception exception) when (exception is UserErrorException or LinuxException or IOException && DateTime.UtcNow < deadline)
            {
                Thread.Sleep(200);
            }
        }

        return DateTime.UtcNow < deadline;
    }
}
