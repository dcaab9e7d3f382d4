using System.Globalization;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Signals in words, as strsignal(3) of the GNU C library has them.</summary>
static class SignalNames
{
    const int FirstRealTime = 34;
    const int Last = 64;

    static readonly string[] _texts =
    [
        "Hangup", "Interrupt", "Quit", "Illegal instruction", "Trace/breakpoint trap", "Aborted", "Bus error", "Floating point exception",
        "Killed", "User defined signal 1", "Segmentation fault", "User defined signal 2", "Broken pipe", "Alarm clock", "Terminated",
        "Stack fault", "Child exited", "Continued", "Stopped (signal)", "Stopped", "Stopped (tty input)", "Stopped (tty output)",
        "Urgent I/O condition", "CPU time limit exceeded", "File size limit exceeded", "Virtual timer expired", "Profiling timer expired",
        "Window changed", "I/O possible", "Power failure", "Bad system call",
    ];

    /// <summary>What a signal says; "N/A" for a number that is none.</summary>
    public static string Of(long signal) => signal switch
    {
        >= 1 when signal <= _texts.Length => _texts[signal - 1],
        >= FirstRealTime and <= Last => string.Create(CultureInfo.InvariantCulture, $"Real-time signal {signal - FirstRealTime}"),
        >= 0 and <= Last => string.Create(CultureInfo.InvariantCulture, $"Unknown signal {signal}"),
        _ => "N/A",
    };
}
