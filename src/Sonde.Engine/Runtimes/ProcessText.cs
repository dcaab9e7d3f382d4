using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Runtimes;

/// <summary>What tables say of processes and of the machine.</summary>
static class ProcessText
{
    const int Width = 50;

    /// <summary>A process by number: its command line, cut, or that it has ended.</summary>
    public static string Of(string number)
    {
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
        {
            return number;
        }

        var words = ProcFs.ReadCommandLine(pid);
        return $"{number,-7} {(words.Length > 0 ? Escape.Text(string.Join(' ', words), Width) : "(ended)")}";
    }

    /// <summary>The time and the machine's load, as <c>ustat</c> has them above its table.</summary>
    public static string Load()
    {
        var time = DateTime.Now.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
        return ProcFs.TryRead("/proc/loadavg", out var text) ? $"{time} loadavg: {System.Text.Encoding.ASCII.GetString(text).Trim()}" : time;
    }
}
