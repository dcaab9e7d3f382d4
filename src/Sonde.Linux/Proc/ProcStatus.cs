using System.Buffers.Text;

namespace Sonde.Linux;

/// <summary>What <c>/proc/PID/status</c> says of a process or thread (fs/proc/array.c).</summary>
/// <param name="ThreadGroup">The process the thread belongs to.</param>
/// <param name="EffectiveUser">The effective user id.</param>
/// <param name="RealUser">The real user id.</param>
/// <param name="Threads">How many threads the process has.</param>
/// <param name="NamespacePids">Its numbers from the reader's pid namespace down to its own (Linux 4.1+).</param>
/// <param name="EffectiveCapabilities">What it may do.</param>
/// <param name="SeccompMode">Which system calls it may use: 0 all, 1 four of them, 2 those that a filter lets through.</param>
/// <param name="SeccompFilters">How many filters there are, one after the other (Linux 5.9+; 0 before).</param>
public readonly record struct ProcStatus(
    int ThreadGroup, uint EffectiveUser, uint RealUser, int Threads, int[] NamespacePids, CapabilitySet EffectiveCapabilities, int SeccompMode = 0, int SeccompFilters = 0)
{
    /// <summary>Reads the text of a status file.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ProcStatus status)
    {
        status = new ProcStatus(0, 0, 0, 0, [], default);
        bool found = false;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            int colon = line.IndexOf((byte)':');
            if (colon < 0)
            {
                continue;
            }

            ReadOnlySpan<byte> name = line[..colon];
            ReadOnlySpan<byte> value = line[(colon + 1)..].Trim("\t "u8);
            if (name.SequenceEqual("Tgid"u8) && Utf8Parser.TryParse(value, out int group, out _))
            {
                found = true;
                status = status with { ThreadGroup = group };
            }
            else if (name.SequenceEqual("Uid"u8) && Utf8Parser.TryParse(value, out uint real, out int used)
                && Utf8Parser.TryParse(value[used..].TrimStart((byte)'\t'), out uint effective, out _))
            {
                status = status with { RealUser = real, EffectiveUser = effective };
            }
            else if (name.SequenceEqual("Threads"u8) && Utf8Parser.TryParse(value, out int threads, out _))
            {
                status = status with { Threads = threads };
            }
            else if (name.SequenceEqual("NSpid"u8))
            {
                status = status with { NamespacePids = Numbers(value) };
            }
            else if (name.SequenceEqual("CapEff"u8) && Utf8Parser.TryParse(value, out ulong bits, out _, 'x'))
            {
                status = status with { EffectiveCapabilities = new CapabilitySet(bits) };
            }
            else if (name.SequenceEqual("Seccomp"u8) && Utf8Parser.TryParse(value, out int mode, out _))
            {
                status = status with { SeccompMode = mode };
            }
            else if (name.SequenceEqual("Seccomp_filters"u8) && Utf8Parser.TryParse(value, out int filters, out _))
            {
                status = status with { SeccompFilters = filters };
            }
        }

        return found;
    }

    static int[] Numbers(ReadOnlySpan<byte> text)
    {
        List<int> numbers = [];
        while (Utf8Parser.TryParse(text, out int number, out int used))
        {
            numbers.Add(number);
            text = text[used..].TrimStart((byte)'\t');
        }

        return [.. numbers];
    }
}
