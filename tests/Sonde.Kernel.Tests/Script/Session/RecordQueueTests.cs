using Sonde.Bpf;
using Sonde.Engine.Scripts.Session;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>The buffers of a session that cannot be had together.</summary>
[Collection(DescriptorLeak.Alone)]
public sealed class RecordQueueTests
{
    /// <summary>No other buffer is so small.</summary>
    const int Pages = 1;

    [Fact]
    public void The_packets_buffer_is_given_back_when_there_is_none_for_records()
    {
        Requires.Root();
        CompiledScript script = new()
        {
            Programs = [],
            Maps = [],
            Actions = [],
            ProbeNames = [],
            Runtime = new RuntimeMaps
            {
                Packets = new MapSpec { Type = MapType.PerfEventArray, Name = "packets", KeySize = 4, ValueSize = 4 },
                // Records come through no such map.
                Ring = new MapSpec { Type = MapType.Array, Name = "ring", KeySize = 4, ValueSize = 4, MaxEntries = 1 },
            },
            Config = new ScriptConfig { RingPages = Pages },
        };
        using LoadedScript loaded = new(script);
        using (new DescriptorLeak())
        {
            Assert.Throws<ArgumentException>(() => new RecordQueue(loaded));
        }

        Assert.Empty(File.ReadLines("/proc/self/maps").Where(IsBuffer));
    }

    static bool IsBuffer(string mapping)
    {
        if (!mapping.EndsWith("anon_inode:[perf_event]", StringComparison.Ordinal))
        {
            return false;
        }

        ulong[] ends = [.. mapping.Split(' ')[0].Split('-').Select(end => Convert.ToUInt64(end, 16))];
        return ends[1] - ends[0] == (ulong)((Pages + 1) * MemoryMapping.PageSize);
    }
}
