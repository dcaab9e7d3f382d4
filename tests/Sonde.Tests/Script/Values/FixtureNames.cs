using Sonde.Engine.Scripts.Values;
using Sonde.Script.Types;

namespace Sonde.Tests.Script.Values;

/// <summary>A machine whose names never change.</summary>
sealed class FixtureNames : INames
{
    public long BootToRealNs { get; init; }

    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    public ReadOnlySpan<ulong> Stack(StackShape shape, long number) => number switch
    {
        7 => new ulong[] { 0xffffffff81f0602a, 0x1000 },
        8 => new ulong[] { 0x7f288eb1ae89, 0x555980f8df58, 0 },
        _ => [],
    };

    public ReadOnlySpan<byte> BuildIdStack(StackShape shape, long number)
    {
        var frames = new byte[32 * 2];
        frames[0] = 1;
        frames.AsSpan(4, 20).Fill(0xab);
        frames[24] = 0x10;
        return frames;
    }

    public SymbolName KernelSymbol(ulong address) => address == 0xffffffff81f0602a ? new("__bpf_prog_test_run_raw_tp", 106, null) : default;

    public SymbolName UserSymbol(int process, ulong address, bool isCaller) => address == 0x7f288eb1ae89 ? new("syscall", 25, "/lib/libc.so.6") : default;

    public string? UserName(uint id) => id == 0 ? "root" : null;

    public string CgroupPath(ulong id, string filter) => id == 1 ? "unified:/" : "";

    public string? Python(SymbolicType type, ReadOnlySpan<byte> value) => null;
}
