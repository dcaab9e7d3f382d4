using System.Buffers.Binary;
using System.Text;
using Sonde.Python;
using Sonde.Python.Stacks;
using Sonde.Symbols;
using Sonde.Symbols.Elf;
using Sonde.Tests.Symbols;

namespace Sonde.Tests.Stacks;

/// <summary>The memory of a process with CPython 3.12 in it, as far as stacks go, and with one thread. It can be changed between any two readings.</summary>
sealed class PaperPython : IMemory
{
    const ulong Base = 0x10_0000, RuntimeSymbol = Base, CodeType = Base + 0x200, Interpreter = Base + 0x400, CFrame = Base + 0x1800, ThreadAddress = Base + 0x1000, Shim = Base + 0x1900;
    const ulong Stack = Base + 0x2000, StackEnd = Stack + 0x4000, FrameBytes = 128;

    /// <summary>LOAD_GLOBAL, CALL and POP_TOP of 3.12 with their cache entries: 20 bytes a line.</summary>
    const int CallBytes = 20, CallAt = 10;

    readonly byte[] _memory = new byte[0x2_0000];
    ulong _free = StackEnd;

    public PaperPython()
    {
        Write(RuntimeSymbol + 40, Interpreter);
        Write(Interpreter + 72, ThreadAddress);
        Write(ThreadAddress + 16, Interpreter);
        Write(ThreadAddress + 56, CFrame);
        Write(ThreadAddress + 136, 0x7000_0000);
        Write(ThreadAddress + 144, 4242);
        Write(ThreadAddress + 232, Stack);
        Write(ThreadAddress + 240, Stack);
        Write(ThreadAddress + 248, StackEnd);
        Write(Shim + 70, 3);
        var elf = new TestElf { Type = ElfType.Executable };
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Write, Base, new byte[0x1000]);
        elf.Symbols(ElfSectionType.DynamicSymbols, ("_PyRuntime", RuntimeSymbol, ElfSymbolType.Data, true), ("PyCode_Type", CodeType, ElfSymbolType.Data, true));
        Runtime = new PythonRuntime(this, new PythonVersion(12, 1), ElfFile.Parse(elf.Build(), "paper"), 0);
        Codes = new CodeTable(this, Runtime.Version, Runtime.Layout, Runtime.CodeType);
        Reader = new StackReader(Runtime, Codes);
    }

    public PythonRuntime Runtime { get; }

    public CodeTable Codes { get; }

    public StackReader Reader { get; }

    public ThreadRecord Thread => Runtime.ReadThreads().Single();

    /// <summary>What happens before each reading.</summary>
    public Action BeforeReading { get; set; } = static () => { };

    /// <summary>How many readings there were.</summary>
    public int Readings { get; private set; }

    public Span<byte> Bytes => _memory;

    /// <summary>A function that calls these, one in each line from 2 on.</summary>
    public ulong Function(string name, params string[] calls)
    {
        var code = Take(192 + CallBytes * Math.Max(calls.Length, 1));
        Write(code + 8, CodeType);
        Write(code + 16, (ulong)(CallBytes * Math.Max(calls.Length, 1) / 2));
        Write(code + 24, Tuple([]));
        Write(code + 32, Tuple([.. calls.Select(Text)]));
        Write(code + 48, 3);
        Write(code + 68, 1);
        Write(code + 96, Tuple([]));
        Write(code + 112, Text("paper.py"));
        Write(code + 120, Text(name));
        Write(code + 128, Text(name));
        List<byte> lines = [];
        for (var i = 0; i < calls.Length; i++)
        {
            // Eight units a line further, then two in the same line; columns 4 to 9.
            lines.AddRange([0x80 | (11 << 3) | 7, 4, 9, 0x80 | (10 << 3) | 1, 4, 9]);
            ReadOnlySpan<byte> instructions = [116, (byte)(2 * i + 1), 0, 0, 0, 0, 0, 0, 0, 0, 171, 0];
            instructions.CopyTo(At(code + 192 + (ulong)(CallBytes * i)));
        }

        var table = Take(32 + lines.Count);
        Write(table + 16, (ulong)lines.Count);
        lines.ToArray().CopyTo(At(table + 32));
        Write(code + 136, table);
        return code;
    }

    /// <summary>Puts functions on the stack, the outermost first, each at the call of that line; the innermost is the current one.</summary>
    public void Run(params (ulong Code, int Line)[] frames)
    {
        for (var i = 0; i < frames.Length; i++)
        {
            SetFrame(i, frames[i].Code, frames[i].Line);
        }

        Write(CFrame, FrameAt(frames.Length - 1));
    }

    /// <summary>Changes one frame, counted from the outermost.</summary>
    public void SetFrame(int index, ulong code, int line)
    {
        var frame = FrameAt(index);
        Write(frame, code);
        Write(frame + 8, index == 0 ? Shim : FrameAt(index - 1));
        Write(frame + 56, code + 192 + (ulong)(CallBytes * Math.Max(line - 2, 0)) + (line < 2 ? 0UL : CallAt));
    }

    public void SetCaller(int index, ulong caller) => Write(FrameAt(index) + 8, caller);

    /// <summary>The frame, counted from the outermost, was called from C: the evaluation loop has a frame of its own between it and its caller.</summary>
    public void CallFromC(int index)
    {
        const int shims = 64;
        var shim = FrameAt(shims + index);
        Write(shim + 70, 3);
        Write(shim + 8, FrameAt(index - 1));
        SetCaller(index, shim);
    }

    public static ulong FrameAt(int index) => Stack + 24 + FrameBytes * (ulong)index;

    public StackReadResult Read(out string stack, bool isAsleep = false, long budgetNs = 200_000, Func<bool>? hasSlept = null)
    {
        List<RawFrame> frames = [];
        var result = Reader.Read(Thread, frames, budgetNs, isAsleep, hasSlept: hasSlept);
        stack = string.Join(' ', frames.Select(frame => Codes.TryGet(frame.Code, out var code) ? $"{code.Function}:{code.Locate(frame.InstructionOffsetBytes)?.Line}" : "?"));
        return result;
    }

    /// <summary>Takes the thread's memory away.</summary>
    public void EndThread() => Write(ThreadAddress + 16, 0);

    public bool TryRead(ulong address, Span<byte> destination)
    {
        if (address < Base || address > Base + (ulong)_memory.Length - (ulong)destination.Length)
        {
            return false;
        }

        At(address)[..destination.Length].CopyTo(destination);
        return true;
    }

    public int ReadGather(ReadOnlySpan<ulong> addresses, ReadOnlySpan<int> lengths, Span<byte> destination)
    {
        Readings++;
        BeforeReading();
        var done = 0;
        for (var at = 0; done < addresses.Length && TryRead(addresses[done], destination.Slice(at, lengths[done])); done++)
        {
            at += lengths[done];
        }

        return done;
    }

    Span<byte> At(ulong address) => _memory.AsSpan((int)(address - Base));

    void Write(ulong address, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(At(address), value);

    ulong Take(int bytes)
    {
        var taken = _free;
        _free += (ulong)(bytes + 15 & ~15);
        return taken;
    }

    ulong Tuple(ulong[] items)
    {
        var tuple = Take(24 + 8 * items.Length);
        Write(tuple + 16, (ulong)items.Length);
        for (var i = 0; i < items.Length; i++)
        {
            Write(tuple + 24 + 8 * (ulong)i, items[i]);
        }

        return tuple;
    }

    ulong Text(string text)
    {
        const ulong compactAscii = 1 << 2 | 1 << 5 | 1 << 6;
        var address = Take(40 + text.Length + 1);
        Write(address + 16, (ulong)text.Length);
        Write(address + 32, compactAscii);
        Encoding.ASCII.GetBytes(text).CopyTo(At(address + 40));
        return address;
    }
}
