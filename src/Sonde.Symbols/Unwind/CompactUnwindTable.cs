using System.Runtime.InteropServices;

namespace Sonde.Symbols.Unwind;

/// <summary>How a compact row finds the canonical frame address.</summary>
public enum CompactFrameAddress : ushort
{
    /// <summary>It cannot be told: no table, or a rule too rare to have a form here.</summary>
    Unknown = 0,

    /// <summary>rsp + offset.</summary>
    Rsp = 1,

    /// <summary>rbp + offset.</summary>
    Rbp = 2,

    /// <summary>What is in memory at rbp + offset: a function that aligned its stack.</summary>
    AtRbp = 3,

    /// <summary>rsp + 8, and 8 more where the low four bits of the instruction pointer reach offset: an entry of the procedure linkage table.</summary>
    ProcedureLinkage = 4,

    /// <summary>The frame of a signal handler's return: the registers lie where the kernel put them (arch/x86/include/asm/sigframe.h), seen from rsp.</summary>
    Signal = 5,

    /// <summary>There is no caller: the thread began here.</summary>
    End = 6,
}

/// <summary>How a compact row finds the caller's rbp.</summary>
public enum CompactFramePointer : ushort
{
    /// <summary>It is unchanged.</summary>
    Same = 0,

    /// <summary>It is in memory at the canonical frame address + offset.</summary>
    AtFrameAddress = 1,

    /// <summary>It is in memory at rbp + offset.</summary>
    AtRbp = 2,

    /// <summary>It is lost.</summary>
    Unknown = 3,
}

/// <summary>A row of an unwind table as programs in the kernel read it: 16 bytes.</summary>
/// <param name="Start">Where it begins, in bytes from <see cref="CompactUnwindTable.Base"/>; it holds up to the next row. The return address is 8 below the canonical frame address.</param>
/// <param name="FrameAddressOffset">Belongs to <paramref name="FrameAddress"/>.</param>
/// <param name="FramePointerOffset">Belongs to <paramref name="FramePointer"/>.</param>
/// <param name="FrameAddress">How the canonical frame address is found.</param>
/// <param name="FramePointer">How the caller's rbp is found.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct CompactUnwindRow(
    uint Start, int FrameAddressOffset, int FramePointerOffset, CompactFrameAddress FrameAddress, CompactFramePointer FramePointer);

/// <summary>A file's unwind table in a form small enough to be loaded into the kernel.</summary>
/// <param name="Base">What the rows count from, in the file's own address space.</param>
/// <param name="Rows">In order of their start; the last ends what the table covers.</param>
public sealed record CompactUnwindTable(ulong Base, IReadOnlyList<CompactUnwindRow> Rows)
{
    /// <summary>More are not kept: a file that claims to have them costs no more memory than this.</summary>
    public const int MostRows = 8 << 20;

    /// <summary>Whether the file has more rows, or more code, than a table can hold: callers beyond cannot be told.</summary>
    public bool IsCut { get; init; }

    internal sealed class Builder
    {
        const ulong Page = 4096;

        /// <summary>Where <c>struct rt_sigframe</c> has the saved rbp, rsp and rip, from the stack pointer of the code that returns from a signal handler.</summary>
        const int SavedRbp = 120;
        const int SavedRsp = 160;
        const int SavedRip = 168;

        readonly List<CompactUnwindRow> _rows = [];
        ulong _base;
        ulong _end;
        bool _cut;

        public void Add(ulong start, ulong end, in FrameState state, in CommonEntry common, ReadOnlySpan<byte> section) =>
            Add(start, end, Translate(state, common, section));

        public void AddUnknown(ulong start, ulong end) => Add(start, end, default);

        public CompactUnwindTable Build()
        {
            if (_rows.Count > 0)
            {
                Append(_end, default);
            }

            return new(_base, _rows) { IsCut = _cut };
        }

        void Add(ulong start, ulong end, CompactUnwindRow row)
        {
            if (end <= start)
            {
                return;
            }

            if (_rows.Count == 0)
            {
                _base = start & ~(Page - 1);
                _end = start;
            }

            if (start < _end)
            {
                return;
            }

            if (start > _end)
            {
                Append(_end, default);
            }

            Append(start, row);
            _end = end;
        }

        void Append(ulong address, CompactUnwindRow row)
        {
            if (address - _base > uint.MaxValue || _rows.Count >= MostRows)
            {
                _cut = true;
                return;
            }

            row = row with { Start = (uint)(address - _base) };
            if (_rows.Count > 0 && _rows[^1] is var last && last with { Start = 0 } == row with { Start = 0 })
            {
                return;
            }

            _rows.Add(row);
        }

        static CompactUnwindRow Translate(in FrameState state, in CommonEntry common, ReadOnlySpan<byte> section)
        {
            var returnAddress = common.ReturnRegister < FrameRegister.Count ? state.Rules[(int)common.ReturnRegister] : default;
            if (returnAddress.Kind == RegisterRuleKind.Undefined)
            {
                return new(0, 0, 0, CompactFrameAddress.End, CompactFramePointer.Same);
            }

            if (common.IsSignalFrame)
            {
                return IsSignalReturn(state, returnAddress, section) ? new(0, SavedRsp, SavedRbp, CompactFrameAddress.Signal, CompactFramePointer.Unknown) : default;
            }

            var (kind, offset) = Translate(state.FrameAddress, section);
            var (pointer, pointerOffset) = Translate(state.Rules[FrameRegister.Rbp], section);
            return kind != CompactFrameAddress.Unknown && returnAddress is { Kind: RegisterRuleKind.AtOffset, Value: -8 }
                ? new(0, offset, pointerOffset, kind, pointer)
                : default;
        }

        static (CompactFrameAddress Kind, int Offset) Translate(FrameAddressRule rule, ReadOnlySpan<byte> section)
        {
            switch (rule)
            {
                case { Kind: FrameAddressKind.Register, Register: FrameRegister.Rsp } when (int)rule.Value == rule.Value:
                    return (CompactFrameAddress.Rsp, (int)rule.Value);
                case { Kind: FrameAddressKind.Register, Register: FrameRegister.Rbp } when (int)rule.Value == rule.Value:
                    return (CompactFrameAddress.Rbp, (int)rule.Value);
                case { Kind: FrameAddressKind.Expression }:
                    var expression = section.Slice((int)rule.Value, rule.Length);
                    // breg7 8; breg16 0; lit15; and; litN; ge; lit3; shl; plus
                    if (expression.Length == 11 && expression.StartsWith<byte>([0x77, 8, 0x80, 0, 0x3f, 0x1a]) && expression[6] is >= 0x30 and <= 0x3f
                        && expression.EndsWith<byte>([0x2a, 0x33, 0x24, 0x22]))
                    {
                        return (CompactFrameAddress.ProcedureLinkage, expression[6] - 0x30);
                    }

                    return TryReadRegisterOffset(expression, FrameRegister.Rbp, out var offset, out var rest) && rest is [0x06]
                        ? (CompactFrameAddress.AtRbp, offset)
                        : default;
                default:
                    return default;
            }
        }

        static (CompactFramePointer Kind, int Offset) Translate(RegisterRule rule, ReadOnlySpan<byte> section) => rule.Kind switch
        {
            RegisterRuleKind.Same => (CompactFramePointer.Same, 0),
            RegisterRuleKind.AtOffset when (int)rule.Value == rule.Value => (CompactFramePointer.AtFrameAddress, (int)rule.Value),
            RegisterRuleKind.AtExpression
                when TryReadRegisterOffset(section.Slice((int)rule.Value, rule.Length), FrameRegister.Rbp, out var offset, out var rest) && rest.IsEmpty => (CompactFramePointer.AtRbp, offset),
            _ => (CompactFramePointer.Unknown, 0),
        };

        static bool IsSignalReturn(in FrameState state, RegisterRule returnAddress, ReadOnlySpan<byte> section) =>
            state.FrameAddress is { Kind: FrameAddressKind.Expression } frame
            && TryReadRegisterOffset(section.Slice((int)frame.Value, frame.Length), FrameRegister.Rsp, out var rsp, out var rest) && rsp == SavedRsp && rest is [0x06]
            && IsSavedAt(returnAddress, section, SavedRip) && IsSavedAt(state.Rules[FrameRegister.Rbp], section, SavedRbp);

        static bool IsSavedAt(RegisterRule rule, ReadOnlySpan<byte> section, int place) =>
            rule.Kind == RegisterRuleKind.AtExpression
            && TryReadRegisterOffset(section.Slice((int)rule.Value, rule.Length), FrameRegister.Rsp, out var offset, out var rest) && offset == place && rest.IsEmpty;

        /// <summary>Reads <c>DW_OP_bregN</c> and its offset.</summary>
        static bool TryReadRegisterOffset(ReadOnlySpan<byte> expression, int register, out int offset, out ReadOnlySpan<byte> rest)
        {
            offset = 0;
            rest = default;
            if (expression.IsEmpty || expression[0] != 0x70 + register)
            {
                return false;
            }

            var used = 1;
            for (var shift = 0; used < expression.Length && shift < 28; shift += 7)
            {
                var part = expression[used++];
                offset |= (part & 0x7f) << shift;
                if (part < 0x80)
                {
                    offset = (part & 0x40) != 0 ? offset | -1 << (shift + 7) : offset;
                    rest = expression[used..];
                    return true;
                }
            }

            return false;
        }
    }
}
