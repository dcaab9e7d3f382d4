using System.Globalization;
using Sonde.Linux;

namespace Sonde.Engine.Injection;

/// <summary>What runs in the process that watches over a session with an agent: when the session's process ends without a word, it takes the agent out.</summary>
public static class InjectionGuard
{
    /// <summary>The word by which sonde is started to do this; it is in no help, for it is of no use to people.</summary>
    public const string Verb = "injection-guard";

    /// <summary>What is said when there is nothing left to do.</summary>
    internal const string Released = "released";

    /// <summary>How long it goes on trying with a program that does not come back to Python.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromHours(1);

    /// <summary>Watches until the input ends, and then does what is left to do.</summary>
    /// <param name="input">A line with the process, when it started, and the agent's name; later perhaps a line that releases it.</param>
    /// <returns>Whether there is nothing left in the process.</returns>
    public static bool Run(TextReader input)
    {
        ArgumentNullException.ThrowIfNull(input);
        // Neither the terminal's Ctrl-C nor its end is meant for it.
        OwnSession.Begin();
        if (input.ReadLine()?.Split(' ') is not [var process, var start, var name]
            || !int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) || !ulong.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var startTime)
            || !InjectedAgent.IsName(name))
        {
            throw new UserErrorException($"{Verb}: this is for sonde itself, which starts it when it puts code into a process");
        }

        while (input.ReadLine() is { } line)
        {
            if (line == Released)
            {
                return true;
            }
        }

        return Remove(pid, startTime, name);
    }

    static bool Remove(int pid, ulong startTime, string name)
    {
        var deadline = DateTime.UtcNow + _patience;
        while (ProcFs.TryReadStat(pid, out var stat) && !stat.IsZombie && stat.StartTimeTicks == startTime)
        {
            try
            {
                using var target = InjectionTarget.Open(pid);
                InjectedAgent.Remove(target, name, deadline - DateTime.UtcNow, CancellationToken.None);
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
