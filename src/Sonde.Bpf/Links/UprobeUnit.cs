using System.Globalization;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>The kernel's unit for uprobe perf events, as sysfs describes it (kernel/events/core.c, Linux 4.17+).</summary>
sealed record UprobeUnit(uint Type, ulong ReturnBit, int RefCounterShift)
{
    const string Directory = "/sys/bus/event_source/devices/uprobe";

    static readonly Lazy<UprobeUnit> _instance = new(Read);

    internal static UprobeUnit Instance => _instance.Value;

    static UprobeUnit Read()
    {
        if (!uint.TryParse(Text("type"), NumberStyles.None, CultureInfo.InvariantCulture, out uint type))
        {
            throw new LinuxException(Errno.ENOENT, $"read(\"{Directory}/type\")", "Uprobe events need Linux 4.17 with CONFIG_UPROBE_EVENTS, and sysfs mounted at /sys.");
        }

        // "config:0" and "config:32-63"; kernels before 4.20 have no reference counters and no such file.
        string retprobe = Text("format/retprobe");
        int bit = retprobe.StartsWith("config:", StringComparison.Ordinal)
            && int.TryParse(retprobe.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) && parsed < 32 ? parsed : 0;
        return new UprobeUnit(type, 1UL << bit, 32);
    }

    static string Text(string file) => ProcFs.TryRead($"{Directory}/{file}", out byte[] text) ? Encoding.ASCII.GetString(text).Trim() : "";
}
