using Sonde.Linux;
using Sonde.Symbols;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Stacks;

/// <summary>The stack of a sample as memory; nothing else can be read, since it may have changed since.</summary>
sealed class SampledStack(UserStackSample sample) : IMemory
{
    readonly ulong _start = sample.Registers[FrameRegister.Rsp];

    /// <summary>Whether something was asked for that lies beyond the copy.</summary>
    public bool WasTooShort { get; private set; }

    /// <summary>The sample's registers.</summary>
    public FrameRegisters Registers
    {
        get
        {
            var registers = default(FrameRegisters);
            for (var i = 0; i < sample.Registers.Count; i++)
            {
                registers.Set(i, sample.Registers[i]);
            }

            return registers;
        }
    }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        var offset = unchecked(address - _start);
        var length = (ulong)sample.Stack.Length;
        if (offset > length || (ulong)destination.Length > length - offset)
        {
            WasTooShort |= sample.IsCut && offset < long.MaxValue;
            return false;
        }

        sample.Stack.Span.Slice((int)offset, destination.Length).CopyTo(destination);
        return true;
    }
}
