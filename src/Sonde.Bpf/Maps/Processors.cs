using System.Globalization;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>The machine's processors as the kernel numbers them.</summary>
public static class Processors
{
    /// <summary>How many values a per-CPU map has: the possible processors, those not plugged in included.</summary>
    public static int Possible { get; } = CountTo(Read("possible"));

    /// <summary>The numbers of the processors that run now.</summary>
    public static int[] Online => [.. ParseList(Read("online"))];

    /// <summary>Reads a list as the kernel writes it, such as <c>0-3,8</c>; what cannot be read is left out.</summary>
    public static IEnumerable<int> ParseList(string text)
    {
        const int Most = 8192; // the largest CONFIG_NR_CPUS
        foreach (string part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = part.Split('-');
            if (!int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last))
            {
                continue;
            }

            for (int cpu = first; cpu <= last && cpu < Most; cpu++)
            {
                yield return cpu;
            }
        }
    }

    static string Read(string name) =>
        ProcFs.TryRead($"/sys/devices/system/cpu/{name}", out byte[] text) ? System.Text.Encoding.ASCII.GetString(text) : $"0-{Environment.ProcessorCount - 1}";

    static int CountTo(string list)
    {
        int last = 0;
        foreach (int cpu in ParseList(list))
        {
            last = Math.Max(last, cpu);
        }

        return last + 1;
    }
}
