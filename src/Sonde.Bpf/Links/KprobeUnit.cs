using System.Globalization;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>The kernel's unit for kprobe perf events, as sysfs describes it (kernel/events/core.c, Linux 4.17+).</summary>
sealed record KprobeUnit(uint Type, ulong ReturnBit)
{
    const string Directory = "/sys/bus/event_source/devices/kprobe";

    static readonly Lazy<KprobeUnit> _instance = new(Read);

    internal static KprobeUnit Instance => _instance.Value;

    static KprobeUnit Read()
    {
        if (!uint.TryParse(Text("type"), NumberStyles.None, CultureInfo.InvariantCulture, out uint type))
        {
            throw new LinuxException(Errno.ENOENT, $"read(\"{Directory}/type\")", "Kprobes are not built into this kernel (CONFIG_KPROBES, CONFIG_KPROBE_EVENTS), or sysfs is not mounted at /sys.");
        }

        string retprobe = Text("format/retprobe");
        int bit = retprobe.StartsWith("config:", StringComparison.Ordinal) && int.TryParse(retprobe.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) && parsed < 32 ? parsed : 0;
        return new KprobeUnit(type, 1UL << bit);
    }

    static string Text(string file) => ProcFs.TryRead($"{Directory}/{file}", out byte[] text) ? Encoding.ASCII.GetString(text).Trim() : "";
}
