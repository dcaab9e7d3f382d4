using System.Globalization;
using System.Numerics;
using Sonde.Python.Layouts;

namespace Sonde.Python.Values;

/// <content>Numbers and texts.</content>
sealed partial class ValueWriter
{
    public void WriteBool(PythonObject value) => Add(IntegerReader.TryRead(objects, value, out var number, out _) ? number.IsZero ? "False" : "True" : Unreadable);

    public void WriteInteger(PythonObject value)
    {
        if (!IntegerReader.TryRead(objects, value, out var number, out var digits))
        {
            Add(digits > IntegerReader.MaximumDigits ? string.Create(CultureInfo.InvariantCulture, $"<int of about {digits * ValueLayout.DigitBits} bits>") : Unreadable);
            return;
        }

        var text = number.ToString(CultureInfo.InvariantCulture);
        var shown = Math.Max(Room, 20);
        Add(text.Length <= shown ? text : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, shown)}{Cut} {text.Length - shown} more digits"));
    }

    bool TryReadInteger(ulong address, out BigInteger number) => IntegerReader.TryRead(objects, address, out number);

    public void WriteFloat(PythonObject value) =>
        Add(objects.TryReadInt64(value.Address + (ulong)objects.Values.FloatValue, out var bits) ? PythonLiteral.Float(BitConverter.Int64BitsToDouble(bits)) : Unreadable);

    public void WriteComplex(PythonObject value) =>
        Add(objects.TryReadInt64(value.Address + 16, out var real) && objects.TryReadInt64(value.Address + 24, out var imaginary)
            ? PythonLiteral.Complex(BitConverter.Int64BitsToDouble(real), BitConverter.Int64BitsToDouble(imaginary))
            : Unreadable);

    public void WriteText(PythonObject value)
    {
        if (!objects.TryFindText(value.Address, out var data, out var size, out var length))
        {
            Add(Unreadable);
            return;
        }

        var bytes = new byte[Math.Min(length, limits.Characters) * size];
        if (!objects.TryRead(data, bytes))
        {
            Add(Unreadable);
            return;
        }

        WriteRest(length - PythonLiteral.Quote(_text, bytes, size, Room));
    }

    public void WriteBytes(PythonObject value)
    {
        Add("b");
        WriteByteRun(value.Address + (ulong)objects.Values.BytesData, value.Address + (ulong)objects.Values.ItemCount);
    }

    public void WriteByteArray(PythonObject value)
    {
        const int start = 40;
        Add($"{value.Type.ShortName}(b");
        if (objects.TryReadPointer(value.Address + start, out var data))
        {
            WriteByteRun(data, value.Address + (ulong)objects.Values.ItemCount, alwaysEscape: objects.Version.Minor < 15);
        }
        else
        {
            Add(Unreadable);
        }

        Add(")");
    }

    void WriteByteRun(ulong data, ulong sizeAddress, bool alwaysEscape = false)
    {
        if (!objects.TryReadInt64(sizeAddress, out var size) || size < 0)
        {
            Add(Unreadable);
            return;
        }

        var bytes = new byte[Math.Min(size, limits.Characters)];
        if (!objects.TryRead(data, bytes))
        {
            Add(Unreadable);
            return;
        }

        WriteRest(size - PythonLiteral.QuoteBytes(_text, bytes, Room, alwaysEscape));
    }

    void WriteRest(long count)
    {
        if (count > 0)
        {
            Add(string.Create(CultureInfo.InvariantCulture, $"{Cut} {count} more"));
        }
    }
}
