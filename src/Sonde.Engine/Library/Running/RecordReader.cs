using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using Sonde.Tracing;

namespace Sonde.Engine.Library.Running;

/// <summary>The values of one record, by the numbers that a projection gave them. For the session's thread; a record is there until the next.</summary>
/// <param name="names">Puts stacks and functions into words.</param>
sealed class RecordReader(MachineNames names)
{
    TupleType _layout = new([]);
    byte[] _bytes = [];
    int _length;

    /// <summary>Texts that were cut.</summary>
    public long CutTexts { get; private set; }

    /// <summary>Texts that could not be read.</summary>
    public long UnreadableTexts { get; private set; }

    /// <summary>Takes a record; false when it is shorter than its layout.</summary>
    public bool TrySet(TupleType layout, ReadOnlySpan<byte> record)
    {
        // Only the last text may be shorter than its room.
        var last = layout.Elements.Count - 1;
        var least = last < 0 ? 0 : layout.OffsetOf(last) + (layout.Elements[last] is StringType ? 0 : layout.Elements[last].Size);
        if (record.Length < least)
        {
            return false;
        }

        if (_bytes.Length < record.Length)
        {
            _bytes = new byte[record.Length];
        }

        record.CopyTo(_bytes);
        (_layout, _length) = (layout, record.Length);
        return true;
    }

    /// <summary>A number; of a bool 0 or 1.</summary>
    public long Number(int slot) => ValueFormatter.Number(_layout.Elements[slot], Element(slot));

    /// <summary>A bool.</summary>
    public bool Truth(int slot) => Number(slot) != 0;

    /// <summary>Nanoseconds as a time.</summary>
    public TimeSpan Time(int slot) => TimeSpan.FromTicks(Number(slot) / 100);

    /// <summary>A floating-point number, or a number of Python's.</summary>
    public double Real(int slot) => _layout.Elements[slot] switch
    {
        FloatType { Bytes: 4 } => BinaryPrimitives.ReadSingleLittleEndian(Element(slot)),
        FloatType => BinaryPrimitives.ReadDoubleLittleEndian(Element(slot)),
        SymbolicType { Kind: SymbolicKind.PythonValue } => Value(slot) switch
        {
            double real => real,
            long whole => whole,
            bool truth => truth ? 1 : 0,
            _ => double.NaN,
        },
        _ => Number(slot),
    };

    /// <summary>A text; null when it is not there.</summary>
    public string? Text(int slot)
    {
        var value = Element(slot);
        if (_layout.Elements[slot] is SymbolicType symbolic)
        {
            return names.Python(symbolic, value) ?? "";
        }

        var text = ValueFormatter.StringBytes(value, out var isCut);
        CutTexts += isCut ? 1 : 0;
        if (!text.IsEmpty || value.Length < 2)
        {
            return Encoding.UTF8.GetString(text);
        }

        var reason = (EmptyReason)value[1];
        UnreadableTexts += reason == EmptyReason.Unreadable ? 1 : 0;
        return reason == EmptyReason.Empty ? "" : null;
    }

    /// <summary>A stack of machine code or of Python.</summary>
    public Stack Stack(int slot)
    {
        var value = Element(slot);
        var number = BinaryPrimitives.ReadInt64LittleEndian(value);
        if (_layout.Elements[slot] is not SymbolicType { Kind: SymbolicKind.PythonStack } python)
        {
            return Native(((SymbolicType)_layout.Elements[slot]).Stack, number, BinaryPrimitives.ReadInt32LittleEndian(value[8..]));
        }

        var frames = new List<Frame>();
        if (number != PythonStackRecord.None && names.Codes.Stack((ulong)number) is { } stack)
        {
            foreach (ref readonly var frame in stack.Frames.AsSpan())
            {
                var place = names.Codes.Place(stack.Process, frame);
                frames.Add(new Frame(place.Function, place.File, place.Line));
            }
        }

        return new Stack(frames);
    }

    /// <summary>A Python object: long, bool, double, string, <see cref="PythonObject"/>; null for none.</summary>
    public object? Value(int slot)
    {
        // A function that was left by an exception has no result.
        if (_layout.Elements[slot] is not SymbolicType { Kind: SymbolicKind.PythonValue })
        {
            return null;
        }

        var value = Element(slot);
        var number = BinaryPrimitives.ReadInt64LittleEndian(value[PythonValueLayout.Number..]);
        return (PythonValueKind)value[PythonValueLayout.Kind] switch
        {
            PythonValueKind.Integer => number,
            PythonValueKind.Bool => number != 0,
            PythonValueKind.Float => BitConverter.Int64BitsToDouble(number),
            PythonValueKind.Text => Characters(value),
            PythonValueKind.LargeInteger => new PythonObject("int"),
            PythonValueKind.Other => TypeName(value),
            PythonValueKind.Unreadable => Unreadable(),
            _ => null,
        };
    }

    static PythonObject? TypeName(ReadOnlySpan<byte> value)
    {
        var name = value[PythonValueLayout.Text..];
        var end = name.IndexOf((byte)0);
        var type = Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
        return type == "NoneType" ? null : new PythonObject(type);
    }

    object? Unreadable()
    {
        UnreadableTexts++;
        return null;
    }

    string Characters(ReadOnlySpan<byte> value)
    {
        var size = Math.Max((int)value[PythonValueLayout.CharacterSize], 1);
        var length = BinaryPrimitives.ReadInt32LittleEndian(value[PythonValueLayout.Length..]);
        var there = Math.Clamp(length, 0, PythonValueLayout.TextCapacity / size);
        CutTexts += there < length ? 1 : 0;
        var bytes = value.Slice(PythonValueLayout.Text, there * size);
        return size switch
        {
            1 => Encoding.Latin1.GetString(bytes),
            2 => Encoding.Unicode.GetString(bytes),
            _ => Encoding.UTF32.GetString(bytes),
        };
    }

    Stack Native(StackShape shape, long number, int process)
    {
        var frames = new List<Frame>();
        foreach (var address in names.Stack(shape, number))
        {
            if (address == 0)
            {
                break;
            }

            var symbol = names.UserSymbol(process, address, isCaller: frames.Count > 0);
            frames.Add(new Frame(symbol.Name ?? string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), symbol.Module ?? "", 0));
        }

        return new Stack(frames);
    }

    ReadOnlySpan<byte> Element(int slot) => ValueFormatter.Element(_layout, slot, _bytes.AsSpan(0, _length));
}
