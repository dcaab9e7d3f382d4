using System.Buffers.Binary;
using System.Globalization;

namespace Sonde.Python.Values;

/// <content>Dates and times (Include/datetime.h: after the hash a flag for the time zone, then the fields as bytes, the largest first).</content>
sealed partial class ValueWriter
{
    const int HasZone = 24, DateFields = 25;

    public void WriteDate(PythonObject value)
    {
        Span<byte> raw = stackalloc byte[29];
        Add(objects.TryRead(value.Address, raw) ? $"{value.Type.Name}({Year(raw)}, {raw[DateFields + 2]}, {raw[DateFields + 3]})" : Unreadable);
    }

    public void WriteDateTime(PythonObject value)
    {
        const int hour = DateFields + 4, fold = 35, zone = 40;
        Span<byte> raw = stackalloc byte[36];
        if (!objects.TryRead(value.Address, raw))
        {
            Add(Unreadable);
            return;
        }

        Add($"{value.Type.Name}({Year(raw)}, {raw[DateFields + 2]}, {raw[DateFields + 3]}, {Clock(raw[hour..])}");
        Add(raw[fold] != 0 ? ", fold=1" : "");
        WriteTimeZoneOf(value, raw, zone);
        Add(")");
    }

    public void WriteTime(PythonObject value)
    {
        const int fold = 31, zone = 32;
        Span<byte> raw = stackalloc byte[32];
        if (!objects.TryRead(value.Address, raw))
        {
            Add(Unreadable);
            return;
        }

        Add($"{value.Type.Name}({Clock(raw[DateFields..])}");
        WriteTimeZoneOf(value, raw, zone);
        Add(raw[fold] != 0 ? ", fold=1)" : ")");
    }

    public void WriteTimeDelta(PythonObject value)
    {
        Span<byte> raw = stackalloc byte[36];
        if (!objects.TryRead(value.Address, raw))
        {
            Add(Unreadable);
            return;
        }

        var days = BinaryPrimitives.ReadInt32LittleEndian(raw[24..]);
        var seconds = BinaryPrimitives.ReadInt32LittleEndian(raw[28..]);
        var microseconds = BinaryPrimitives.ReadInt32LittleEndian(raw[32..]);
        string[] parts = objects.Version.Minor < 7
            ? microseconds != 0 ? [$"{days}, {seconds}, {microseconds}"] : seconds != 0 ? [$"{days}, {seconds}"] : [$"{days}"]
            : [days != 0 ? $"days={days}" : "", seconds != 0 ? $"seconds={seconds}" : "", microseconds != 0 ? $"microseconds={microseconds}" : ""];
        var text = string.Join(", ", parts.Where(part => part.Length > 0));
        Add($"{value.Type.Name}({(text.Length == 0 ? "0" : text)})");
    }

    /// <summary><c>PyDateTime_TimeZone</c>: offset, name (Modules/_datetimemodule.c).</summary>
    public void WriteTimeZone(PythonObject value)
    {
        if (!objects.TryReadPointer(value.Address + FirstField, out var offset) || !objects.TryReadPointer(value.Address + 24, out var name))
        {
            Add(Unreadable);
            return;
        }

        if (name == 0 && objects.TryReadPointer(offset + 24, out var days) && objects.TryReadPointer(offset + 32, out var rest) && days == 0 && (uint)rest == 0)
        {
            Add("datetime.timezone.utc");
            return;
        }

        if (TryEnter(value.Address, "...", $"{value.Type.Name}(…)"))
        {
            WriteCall(value.Type.Name, name == 0 ? [offset] : [offset, name]);
            Leave();
        }
    }

    /// <summary><c>PyZoneInfo_ZoneInfo.key</c> (Modules/_zoneinfo.c, 3.9 and later).</summary>
    public void WriteZone(PythonObject value)
    {
        Add(value.Type.Name + "(key=");
        if (objects.TryReadPointer(value.Address + FirstField, out var key))
        {
            Write(key);
        }
        else
        {
            Add(Unreadable);
        }

        Add(")");
    }

    void WriteTimeZoneOf(PythonObject value, ReadOnlySpan<byte> raw, ulong offset)
    {
        if (raw[HasZone] == 0)
        {
            return;
        }

        Add(", tzinfo=");
        if (objects.TryReadPointer(value.Address + offset, out var zone) && TryEnter(value.Address, "...", Cut))
        {
            Write(zone);
            Leave();
        }
    }

    static int Year(ReadOnlySpan<byte> raw) => BinaryPrimitives.ReadUInt16BigEndian(raw[DateFields..]);

    /// <summary>Hours and minutes, then seconds and microseconds unless they are 0.</summary>
    static string Clock(ReadOnlySpan<byte> fields)
    {
        var microseconds = fields[3] << 16 | fields[4] << 8 | fields[5];
        return string.Create(CultureInfo.InvariantCulture, $"{fields[0]}, {fields[1]}{(fields[2] != 0 || microseconds != 0 ? $", {fields[2]}" : "")}{(microseconds != 0 ? $", {microseconds}" : "")}");
    }
}
