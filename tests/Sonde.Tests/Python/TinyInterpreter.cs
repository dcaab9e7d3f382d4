using System.Buffers.Binary;
using Iced.Intel;
using Sonde.Symbols.Elf;
using Sonde.Tests.Symbols;
using static Iced.Intel.AssemblerRegisters;

namespace Sonde.Tests.Python;

/// <summary>How the code of a <see cref="TinyInterpreter"/> is laid out.</summary>
enum Shape
{
    /// <summary>One function, handlers are labels.</summary>
    OneFunction,

    /// <summary>The same, with the error paths split off into a range of their own, as profile-guided builds do.</summary>
    Split,

    /// <summary>Every handler is a function that jumps to the next one, as <c>--with-tail-call-interp</c> builds do.</summary>
    TailCalls,
}

/// <summary>
/// The bookkeeping of CPython 3.14's eval loop and nothing else, assembled into an ELF file: thread state in r14, frame in r12, next
/// instruction in r15. For shapes no interpreter of the machine has, and for code that is wrong in exactly one way.
/// </summary>
sealed class TinyInterpreter
{
    const ulong CodeAddress = 0x401000, TableAddress = 0x500000;
    const int Counter = 48, CurrentFrame = 72, Previous = 8;
    const int Resume = 128, ResumeCheck = 196, InstrumentedResume = 245;
    const int ReturnValue = 35, InstrumentedReturnValue = 246, YieldValue = 120, InstrumentedYieldValue = 247, ReturnGenerator = 34;

    readonly Assembler _code = new(64);
    readonly List<(Label Start, bool BeginsWithFrame)> _ranges = [];
    readonly Label[] _handlers = new Label[256];
    Label _helper, _error, _unwind, _startFrame, _leave;

    public Shape Shape { get; init; }

    /// <summary>Emitted by the handler of opcode 1 before it dispatches.</summary>
    public Action<Assembler> OddOpcode { get; init; } = static _ => { };

    /// <summary>What RETURN_VALUE does to the recursion counter.</summary>
    public Action<Assembler> Raise { get; init; } = static code => code.add(__dword_ptr[r14 + Counter], 1);

    /// <summary>The ELF file. Once per object: the labels are used up.</summary>
    public byte[] Assemble()
    {
        for (var i = 0; i < _handlers.Length; i++)
        {
            _handlers[i] = _code.CreateLabel();
        }

        (_helper, _error, _unwind, _startFrame, _leave) =
            (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        var function = _code.CreateLabel();
        Range(ref function);
        EmitEntry();
        EmitHandlers();
        EmitErrors();
        Range(ref _helper);
        _code.ret();
        var end = _code.CreateLabel();
        _code.Label(ref end);
        _code.nop();

        var bytes = new MemoryStream();
        var result = _code.Assemble(new StreamCodeWriter(bytes), CodeAddress, BlockEncoderOptions.ReturnNewInstructionOffsets);
        ulong Address(Label label) => result.GetLabelRIP(label);

        // Opcodes that are not used share a handler.
        var elf = new TestElf { Type = ElfType.Executable };
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Execute, CodeAddress, bytes.ToArray());
        elf.Section(".data.rel.ro", ElfSectionType.ProgramBits, TestElf.Words([.. _handlers.Select((handler, opcode) => Address(opcode is > 140 and < 190 ? _handlers[140] : handler))]), address: TableAddress);
        elf.Section(".eh_frame", ElfSectionType.ProgramBits, UnwindTable([.. _ranges.Select(range => (Address(range.Start), range.BeginsWithFrame))], Address(end)), address: 0x600000);
        elf.Symbols(ElfSectionType.DynamicSymbols, ("_PyEval_EvalFrameDefault", Address(function), ElfSymbolType.Function, true));
        return elf.Build();
    }

    void EmitEntry()
    {
        _code.push(rbx);
        _code.push(r12);
        _code.push(r14);
        _code.push(r15);
        _code.sub(rsp, 24);
        _code.mov(r14, rdi);
        _code.mov(r12, rsi);
        _code.mov(rax, __[r14 + CurrentFrame]);
        _code.mov(__[r12 + Previous], rax);
        _code.mov(__[r14 + CurrentFrame], r12);
        var thrown = _code.CreateLabel();
        _code.test(edx, edx);
        _code.jne(thrown);
        Go(_startFrame);
        _code.Label(ref thrown);
        _code.mov(eax, __dword_ptr[r14 + Counter]);
        _code.lea(ecx, __[rax - 1]);
        _code.mov(__dword_ptr[r14 + Counter], ecx);
        var tooDeep = _code.CreateLabel();
        _code.test(eax, eax);
        _code.jle(tooDeep);
        Go(_error);
        _code.Label(ref tooDeep);
        Go(_unwind);
        Handler(ref _startFrame);
        _code.sub(__dword_ptr[r14 + Counter], 1);
        _code.js(_unwind);
        Dispatch();
    }

    void EmitHandlers()
    {
        for (var opcode = 0; opcode < _handlers.Length; opcode++)
        {
            Handler(ref _handlers[opcode]);
            switch (opcode)
            {
                case Resume or ResumeCheck or InstrumentedResume:
                    _code.mov(rax, __[r14 + 24]);
                    _code.cmp(__dword_ptr[rax + 16], opcode);
                    _code.jne(_error);
                    break;
                case ReturnValue:
                    Raise(_code);
                    _code.mov(rax, __[r12 + Previous]);
                    _code.mov(__[r14 + CurrentFrame], rax);
                    _code.mov(rsi, r12);
                    _code.mov(r12, rax);
                    _code.call(_helper);
                    break;
                case YieldValue:
                    _code.add(__dword_ptr[r14 + Counter], 1);
                    _code.mov(rbx, __[r12 + Previous]);
                    _code.mov(r12, rbx);
                    _code.mov(__[r14 + CurrentFrame], rbx);
                    _code.test(rbx, rbx);
                    _code.je(_leave);
                    break;
                case ReturnGenerator:
                    _code.call(_helper);
                    _code.test(rax, rax);
                    _code.je(_error);
                    _code.add(__dword_ptr[r14 + Counter], 1);
                    _code.test(ecx, ecx);
                    _code.je(_leave);
                    _code.mov(r12, __[r12 + Previous]);
                    _code.mov(__[r14 + CurrentFrame], r12);
                    break;
                case InstrumentedReturnValue or InstrumentedYieldValue:
                    _code.call(_helper);
                    _code.test(eax, eax);
                    _code.js(_error);
                    _code.jmp(_handlers[opcode == InstrumentedReturnValue ? ReturnValue : YieldValue]);
                    continue;
                case 1:
                    OddOpcode(_code);
                    break;
                default:
                    _code.cmp(__dword_ptr[r13], opcode);
                    _code.je(_error);
                    break;
            }

            Dispatch();
        }
    }

    void EmitErrors()
    {
        if (Shape == Shape.Split)
        {
            Range(ref _error, beginsWithFrame: true);
        }
        else
        {
            Handler(ref _error);
        }

        _code.call(_helper);
        _code.test(eax, eax);
        _code.je(_unwind);
        Dispatch();
        Handler(ref _unwind);
        _code.add(__dword_ptr[r14 + Counter], 1);
        _code.mov(rsi, r12);
        _code.mov(r12, __[r12 + Previous]);
        _code.mov(__[r14 + CurrentFrame], r12);
        _code.call(_helper);
        _code.cmp(__dword_ptr[r12], 0);
        _code.je(_leave);
        _code.jmp(_error);
        Handler(ref _leave);
        if (Shape != Shape.TailCalls)
        {
            Epilogue();
        }

        _code.ret();
    }

    /// <summary>The next opcode; where handlers are functions, control only comes to the first one by a call.</summary>
    void Go(Label handler)
    {
        if (Shape != Shape.TailCalls)
        {
            _code.jmp(handler);
            return;
        }

        _code.call(handler);
        Epilogue();
        _code.ret();
    }

    void Epilogue()
    {
        _code.add(rsp, 24);
        _code.pop(r15);
        _code.pop(r14);
        _code.pop(r12);
        _code.pop(rbx);
    }

    void Dispatch()
    {
        _code.movzx(eax, __byte_ptr[r15]);
        _code.add(r15, 2);
        _code.jmp(__qword_ptr[rax * 8 + (long)TableAddress]);
    }

    void Handler(ref Label label)
    {
        if (Shape == Shape.TailCalls)
        {
            Range(ref label);
        }
        else
        {
            _code.Label(ref label);
        }
    }

    void Range(ref Label label, bool beginsWithFrame = false)
    {
        _code.Label(ref label);
        _ranges.Add((label, beginsWithFrame));
    }

    /// <summary>One entry for each range, with absolute 32-bit addresses (DW_EH_PE_udata4).</summary>
    static byte[] UnwindTable(IReadOnlyList<(ulong Start, bool BeginsWithFrame)> ranges, ulong end)
    {
        List<byte> table = [.. Entry(0, [1, (byte)'z', (byte)'R', 0, 1, 0x78, 16, 1, 3, 0x0c, 7, 8, 0x90, 1, 0, 0])];
        for (var i = 0; i < ranges.Count; i++)
        {
            var body = new byte[12];
            BinaryPrimitives.WriteUInt32LittleEndian(body, (uint)ranges[i].Start);
            BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(4), (uint)((i + 1 < ranges.Count ? ranges[i + 1].Start : end) - ranges[i].Start));
            (body[9], body[10]) = ranges[i].BeginsWithFrame ? ((byte)0x0e, (byte)64) : ((byte)0, (byte)0);
            table.AddRange(Entry((uint)table.Count + 4, body));
        }

        return [.. table, 0, 0, 0, 0];
    }

    static byte[] Entry(uint distanceToCommon, byte[] body)
    {
        var entry = new byte[8 + body.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, (uint)body.Length + 4);
        BinaryPrimitives.WriteUInt32LittleEndian(entry.AsSpan(4), distanceToCommon);
        body.CopyTo(entry, 8);
        return entry;
    }
}
