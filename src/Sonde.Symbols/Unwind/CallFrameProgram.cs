using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>Runs the instructions of a range of code (<c>DW_CFA_*</c>: DWARF 5, section 6.4.2; the GNU ones: binutils, include/dwarf2.def).</summary>
ref struct CallFrameProgram
{
    /// <summary>States remembered at once; compilers nest them once.</summary>
    const int MostRemembered = 64;

    readonly CommonEntry _common;
    readonly RangeEntry _range;
    readonly FrameState _initial;
    UnwindCursor _cursor;
    Stack<FrameState>? _remembered;
    FrameState _state;
    ulong _location;
    bool _ended;

    /// <summary>The rows of a range.</summary>
    /// <param name="section">Where it is.</param>
    /// <param name="range">The range.</param>
    /// <param name="initial">What the instructions of its common entry have come to: see <see cref="Initial"/>.</param>
    public CallFrameProgram(UnwindSection section, RangeEntry range, in FrameState initial)
    {
        _common = section.Common[range.Common];
        _range = range;
        _initial = initial;
        _state = initial;
        _location = range.Start;
        _cursor = section.CursorAt(range.ProgramStart, range.ProgramEnd);
    }

    /// <summary>What holds for the row.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly FrameState State => ref _state;

    /// <summary>The first address of the row.</summary>
    public ulong Start { get; private set; }

    /// <summary>The address after it.</summary>
    public ulong End { get; private set; }

    /// <summary>What the instructions that begin every range of a common entry come to.</summary>
    /// <exception cref="ElfException">An instruction is unknown or cut short.</exception>
    public static FrameState Initial(UnwindSection section, int common)
    {
        var entry = section.Common[common];
        var program = new CallFrameProgram(section, new RangeEntry(0, ulong.MaxValue, common, entry.ProgramStart, entry.ProgramEnd), default);
        while (program.MoveNext())
        {
        }

        return program._state;
    }

    /// <summary>Goes on to the next row; the ranges' rows cover them without a gap.</summary>
    /// <returns>False after the last.</returns>
    /// <exception cref="ElfException">An instruction is unknown or cut short.</exception>
    public bool MoveNext()
    {
        if (_ended)
        {
            return false;
        }

        Start = _location;
        while (!_cursor.AtEnd)
        {
            if (Execute(_cursor.ReadByte()) && _location > Start)
            {
                End = Math.Min(_location, _range.End);
                _ended = _location >= _range.End;
                return true;
            }
        }

        _ended = true;
        End = _range.End;
        return End > Start;
    }

    /// <summary>Runs one instruction; true for those that move on in the code.</summary>
    bool Execute(byte operation)
    {
        var low = operation & 0x3f;
        switch (operation >> 6)
        {
            case 1:
                return Advance((ulong)low);
            case 2:
                SetRule((ulong)low, new(RegisterRuleKind.AtOffset, Factored(_cursor.ReadUnsigned())));
                return false;
            case 3:
                Restore((ulong)low);
                return false;
            default:
                return ExecuteExtended(operation);
        }
    }

    bool ExecuteExtended(byte operation)
    {
        switch (operation)
        {
            case 0x00: // nop
            case 0x2d: // GNU_window_save
                return false;
            case 0x01: // set_loc
                var target = _cursor.ReadPointer(_common.PointerEncoding, dataBase: null);
                _location = Math.Max(_location, target);
                return true;
            case 0x02: // advance_loc1
                return Advance(_cursor.ReadByte());
            case 0x03: // advance_loc2
                return Advance(_cursor.ReadUInt16());
            case 0x04: // advance_loc4
                return Advance(_cursor.ReadUInt32());
            case 0x05: // offset_extended
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.AtOffset, Factored(_cursor.ReadUnsigned())));
                return false;
            case 0x06: // restore_extended
                Restore(_cursor.ReadUnsigned());
                return false;
            case 0x07: // undefined
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.Undefined));
                return false;
            case 0x08: // same_value
                SetRule(_cursor.ReadUnsigned(), default);
                return false;
            case 0x09: // register
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.Register, unchecked((long)_cursor.ReadUnsigned())));
                return false;
            case 0x0a: // remember_state
                _remembered ??= new();
                if (_remembered.Count >= MostRemembered)
                {
                    throw _cursor.Error("too many remembered states");
                }

                _remembered.Push(_state);
                return false;
            case 0x0b: // restore_state
                _state = _remembered is { Count: > 0 } ? _remembered.Pop() : throw _cursor.Error("a state is restored that was not remembered");
                return false;
            case 0x0c: // def_cfa
                SetFrameAddress(_cursor.ReadUnsigned(), unchecked((long)_cursor.ReadUnsigned()));
                return false;
            case 0x0d: // def_cfa_register
                SetFrameAddress(_cursor.ReadUnsigned(), _state.FrameAddress.Value);
                return false;
            case 0x0e: // def_cfa_offset
                SetFrameAddress((ulong)_state.FrameAddress.Register, unchecked((long)_cursor.ReadUnsigned()));
                return false;
            case 0x0f: // def_cfa_expression
                var (start, length) = _cursor.ReadBlock();
                _state.FrameAddress = new(FrameAddressKind.Expression, 0, start, length);
                return false;
            case 0x10: // expression
                SetRule(_cursor.ReadUnsigned(), Block(RegisterRuleKind.AtExpression));
                return false;
            case 0x11: // offset_extended_sf
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.AtOffset, unchecked(_cursor.ReadSigned() * _common.DataAlignment)));
                return false;
            case 0x12: // def_cfa_sf
                SetFrameAddress(_cursor.ReadUnsigned(), unchecked(_cursor.ReadSigned() * _common.DataAlignment));
                return false;
            case 0x13: // def_cfa_offset_sf
                SetFrameAddress((ulong)_state.FrameAddress.Register, unchecked(_cursor.ReadSigned() * _common.DataAlignment));
                return false;
            case 0x14: // val_offset
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.Offset, Factored(_cursor.ReadUnsigned())));
                return false;
            case 0x15: // val_offset_sf
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.Offset, unchecked(_cursor.ReadSigned() * _common.DataAlignment)));
                return false;
            case 0x16: // val_expression
                SetRule(_cursor.ReadUnsigned(), Block(RegisterRuleKind.Expression));
                return false;
            case 0x2e: // GNU_args_size
                _cursor.ReadUnsigned();
                return false;
            case 0x2f: // GNU_negative_offset_extended
                SetRule(_cursor.ReadUnsigned(), new(RegisterRuleKind.AtOffset, unchecked(-Factored(_cursor.ReadUnsigned()))));
                return false;
            default:
                throw _cursor.Error(string.Create(CultureInfo.InvariantCulture, $"unknown unwind instruction 0x{operation:x2}"));
        }
    }

    bool Advance(ulong by)
    {
        var distance = unchecked(by * _common.CodeAlignment);
        _location = distance > ulong.MaxValue - _location ? ulong.MaxValue : _location + distance;
        return true;
    }

    readonly long Factored(ulong offset) => unchecked((long)offset * _common.DataAlignment);

    void SetRule(ulong register, RegisterRule rule)
    {
        if (register < FrameRegister.Count)
        {
            _state.Rules[(int)register] = rule;
        }
    }

    void Restore(ulong register)
    {
        if (register < FrameRegister.Count)
        {
            _state.Rules[(int)register] = _initial.Rules[(int)register];
        }
    }

    void SetFrameAddress(ulong register, long offset) =>
        _state.FrameAddress = new(FrameAddressKind.Register, (int)Math.Min(register, FrameRegister.Count), offset);

    RegisterRule Block(RegisterRuleKind kind)
    {
        var (start, length) = _cursor.ReadBlock();
        return new(kind, start, length);
    }
}
