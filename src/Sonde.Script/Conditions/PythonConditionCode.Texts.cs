using System.Text;
using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Script.Ir;

namespace Sonde.Script.Conditions;

/// <content>Texts and bytes.</content>
sealed partial class PythonConditionCode
{
    /// <summary><c>ob_start</c> of a bytearray (Include/cpython/bytearrayobject.h).</summary>
    const int ByteArrayData = 40;

    /// <summary>Bytes that are compared at a time; the stack that all functions share has no room for more.</summary>
    const int RunBytes = 32;

    /// <summary>Places of a text that are looked at for another; beyond, a text that was not found may be there.</summary>
    const int MostPlaces = 4096;

    // What the turns of a search share: the place, bytes a character, whether it was found, whether memory could not be read.
    const int SearchPlace = 0, SearchWidth = 8, SearchFound = 16, SearchSize = 24;
    const int NotFound = 0, WasFound = 1, NotReadable = 2;

    /// <summary>A str: where its characters are, how many, and how many bytes each takes.</summary>
    (VirtualRegister Data, VirtualRegister Length, VirtualRegister Width) Text(VirtualRegister address)
    {
        const int compact = 1 << 5, ascii = 1 << 6;
        var state = Read(_ir.Arithmetic(IrOperation.Add, address, _layout.TextState), 4, Size.Word);
        var length = Read(_ir.Arithmetic(IrOperation.Add, address, _layout.TextLength));
        var width = _ir.Arithmetic(IrOperation.And, _ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        // Up to 3.11 a text may not have its final form yet.
        Require(Condition.NotEqual, width, 0, _undecided);
        var data = _ir.Arithmetic(IrOperation.Add, address, _layout.TextCompact);
        var (isCompact, apart, isAscii, got) = (_ir.NewBlock("compact"), _ir.NewBlock("apart"), _ir.NewBlock("ascii"), _ir.NewBlock("got_text"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, compact), 0, isCompact, apart);
        _ir.MoveTo(apart);
        _ir.Move(data, Read(_ir.Arithmetic(IrOperation.Add, address, _objects.TextPointer)));
        _ir.Jump(got);
        _ir.MoveTo(isCompact);
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, state, ascii), 0, isAscii, got);
        _ir.MoveTo(isAscii);
        _ir.Move(data, _ir.Arithmetic(IrOperation.Add, address, _layout.TextAscii));
        _ir.Jump(got);
        _ir.MoveTo(got);
        return (data, length, width);
    }

    /// <summary>A text with as many bytes a character; null when it has characters that need more.</summary>
    static byte[]? Encoded(string text, int width)
    {
        var runes = text.EnumerateRunes().ToArray();
        if (runes.Any(rune => width < 4 && rune.Value >= 1 << (8 * width)))
        {
            return null;
        }

        var bytes = new byte[runes.Length * width];
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)(runes[i / width].Value >> (8 * (i % width)));
        }

        return bytes;
    }

    /// <summary>A str takes as few bytes a character as its largest one needs: equal texts have equal bytes.</summary>
    void CompareText(VirtualRegister address, string wanted, BasicBlock whenEqual, BasicBlock whenUnequal)
    {
        var (data, length, width) = Text(address);
        var bytes = Encoded(wanted, 1) ?? Encoded(wanted, 2);
        var needed = bytes is null ? 4 : Encoded(wanted, 1) is null ? 2 : 1;
        bytes ??= Encoded(wanted, 4)!;
        Require(Condition.Equal, length, bytes.Length / needed, whenUnequal);
        if (bytes.Length > 0)
        {
            Require(Condition.Equal, width, needed, whenUnequal);
        }

        CompareRun(data, bytes, whenEqual, whenUnequal);
    }

    void CompareBytes(VirtualRegister address, VirtualRegister data, byte[] wanted, BasicBlock whenEqual, BasicBlock whenUnequal)
    {
        Require(Condition.Equal, Read(_ir.Arithmetic(IrOperation.Add, address, _values.ItemCount)), wanted.Length, whenUnequal);
        CompareRun(data, wanted, whenEqual, whenUnequal);
    }

    void CompareRun(VirtualRegister data, byte[] wanted, BasicBlock whenEqual, BasicBlock whenUnequal)
    {
        for (var done = 0; done < wanted.Length; done += RunBytes)
        {
            var part = wanted.AsSpan(done, Math.Min(RunBytes, wanted.Length - done));
            Require(Condition.Equal, _ir.Call(Helper.ProbeReadUser, _run, part.Length, _ir.Arithmetic(IrOperation.Add, data, done)), 0, _undecided);
            CompareWords(_ir, _run, part, whenUnequal);
        }

        _ir.Jump(whenEqual);
    }

    /// <summary>Goes on where bytes on the stack are those wanted.</summary>
    static void CompareWords(IrBuilder ir, StackSlot run, ReadOnlySpan<byte> wanted, BasicBlock whenUnequal)
    {
        for (var at = 0; at < wanted.Length;)
        {
            var (count, size) = (wanted.Length - at) switch { >= 8 => (8, Size.Double), >= 4 => (4, Size.Word), >= 2 => (2, Size.Half), _ => (1, Size.Byte) };
            var value = 0L;
            for (var i = 0; i < count; i++)
            {
                value |= (long)wanted[at + i] << (8 * i);
            }

            var same = ir.NewBlock("same");
            ir.Branch(Condition.Equal, ir.Load(size, new IrAddress(run, at)), ir.Constant(value), same, whenUnequal);
            ir.MoveTo(same);
            at += count;
        }
    }

    /// <summary>Goes on where a C string is that name, of ASCII characters. Seven at a time: there is little stack so deep in the calls.</summary>
    void CompareName(VirtualRegister address, string wanted, BasicBlock whenUnequal)
    {
        const int part = 7;
        byte[] bytes = [.. Encoding.ASCII.GetBytes(wanted), 0];
        for (var done = 0; done < bytes.Length; done += part)
        {
            Require(Condition.SignedGreater, _ir.Call(Helper.ProbeReadUserStr, _word, part + 1, _ir.Arithmetic(IrOperation.Add, address, done)), 0, _undecided);
            // What was cut ends with a zero, too.
            CompareWords(_ir, _word, done + part < bytes.Length ? [.. bytes.AsSpan(done, part), 0] : bytes.AsSpan(done), whenUnequal);
        }
    }

    void Search(Found found, Constant needle, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (needle is TextConstant text)
        {
            OnFlag(found, ValueLayout.TextFlag, () =>
            {
                RequireInherited(found.Address, found.Flags, ContainsFunction);
                var (data, length, width) = Text(found.Address);
                Search(data, length, width, "find_text", size => Encoded(text.Value, size), text.Value.EnumerateRunes().Count(), whenTrue, whenFalse);
            });
        }
        else
        {
            var bytes = ((BytesConstant)needle).Value;
            OnFlag(found, BytesFlag, () =>
            {
                RequireInherited(found.Address, found.Flags, ContainsFunction);
                SearchRun(_ir.Arithmetic(IrOperation.Add, found.Address, _values.BytesData));
            });
            OnName(found, "bytearray", () => SearchRun(Read(_ir.Arithmetic(IrOperation.Add, found.Address, ByteArrayData))));

            void SearchRun(VirtualRegister data) => Search(
                data, Read(_ir.Arithmetic(IrOperation.Add, found.Address, _values.ItemCount)), _ir.Constant(1), "find_bytes", size => size == 1 ? bytes : null, bytes.Length, whenTrue, whenFalse);
        }

        // Items of containers are not looked for; in numbers and None nothing can be.
        _ir.Jump(_undecided);
    }

    void Search(VirtualRegister data, VirtualRegister length, VirtualRegister width, string name, Func<int, byte[]?> encoded, int needleLength, BasicBlock whenTrue, BasicBlock whenFalse)
    {
        if (needleLength == 0)
        {
            _ir.Jump(whenTrue);
            return;
        }

        Require(Condition.SignedGreaterOrEqual, length, needleLength, whenFalse);
        var context = _ir.Function.NewSlot("search", SearchSize);
        _ir.Store(Size.Double, new IrAddress(context, SearchPlace), data);
        _ir.Store(Size.Double, new IrAddress(context, SearchWidth), width);
        _ir.Store(Size.Double, new IrAddress(context, SearchFound), NotFound);
        var places = _ir.Copy(_ir.Arithmetic(IrOperation.Subtract, length, needleLength - 1));
        var (over, within, missed, read, whole) = (_ir.NewBlock("over"), _ir.NewBlock("within"), _ir.NewBlock("missed"), _ir.NewBlock("read"), _ir.NewBlock("whole"));
        var all = _ir.Copy(places);
        _ir.Branch(Condition.Greater, places, MostPlaces, over, within);
        _ir.MoveTo(over);
        _ir.Move(places, MostPlaces);
        _ir.Jump(within);
        _ir.MoveTo(within);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [places, WriteSearchTurn(name, encoded), context, 0]));
        var answer = _ir.Load(Size.Double, new IrAddress(context, SearchFound));
        _ir.Branch(Condition.Equal, answer, WasFound, whenTrue, missed);
        _ir.MoveTo(missed);
        _ir.Branch(Condition.Equal, answer, NotReadable, _undecided, read);
        _ir.MoveTo(read);
        _ir.Branch(Condition.Equal, all, places, whole, _undecided);
        _ir.MoveTo(whole);
        _ir.Jump(whenFalse);
    }

    /// <summary>A turn looks whether the text is at the place, and goes on to the next.</summary>
    IrFunction WriteSearchTurn(string name, Func<int, byte[]?> encoded)
    {
        var function = new IrFunction(name, 2);
        _program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var context = function.Parameters[1];
        var run = function.NewSlot("run", RunBytes);
        var (next, unreadable) = (ir.NewBlock("next_place"), ir.NewBlock("unreadable"));
        var place = ir.Load(Size.Double, new IrAddress(context, SearchPlace));
        var width = ir.Load(Size.Double, new IrAddress(context, SearchWidth));
        ir.Store(Size.Double, new IrAddress(context, SearchPlace), ir.Arithmetic(IrOperation.Add, place, width));
        foreach (var size in new[] { 1, 2, 4 })
        {
            if (encoded(size) is not { } needle)
            {
                continue;
            }

            var (same, other) = (ir.NewBlock("same_width"), ir.NewBlock("other_width"));
            ir.Branch(Condition.Equal, width, size, same, other);
            ir.MoveTo(same);
            for (var done = 0; done < needle.Length; done += RunBytes)
            {
                var part = needle.AsSpan(done, Math.Min(RunBytes, needle.Length - done));
                var read = ir.NewBlock("read");
                ir.Branch(Condition.Equal, ir.Call(Helper.ProbeReadUser, run, part.Length, ir.Arithmetic(IrOperation.Add, place, done)), 0, read, unreadable);
                ir.MoveTo(read);
                CompareWords(ir, run, part, next);
            }

            ir.Store(Size.Double, new IrAddress(context, SearchFound), WasFound);
            ir.Return(1);
            ir.MoveTo(other);
        }

        ir.Jump(next);
        ir.MoveTo(unreadable);
        ir.Store(Size.Double, new IrAddress(context, SearchFound), NotReadable);
        ir.Return(1);
        ir.MoveTo(next);
        ir.Return(0);
        return function;
    }
}
