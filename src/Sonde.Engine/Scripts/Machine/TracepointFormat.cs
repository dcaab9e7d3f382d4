using System.Buffers;
using System.Globalization;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>A field of a tracepoint's record as its format file tells it.</summary>
/// <param name="Declaration">The C declaration: <c>char prev_comm[16]</c>, <c>__data_loc char[] filename</c>.</param>
/// <param name="Type">Its type: <c>char</c>, <c>__data_loc char[]</c>, <c>const char *</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="IsArray">Whether brackets follow the name.</param>
/// <param name="Offset">Bytes from the record's start.</param>
/// <param name="Size">Bytes it takes.</param>
/// <param name="IsSigned">Whether the number, or the array's elements, have a sign.</param>
readonly record struct TracepointField(string Declaration, string Type, string Name, bool IsArray, int Offset, int Size, bool IsSigned);

/// <summary>The record of a tracepoint: <c>events/SUBSYSTEM/EVENT/format</c> in tracefs (Documentation/trace/events.rst).</summary>
/// <param name="Id">The tracepoint's number.</param>
/// <param name="Fields">Its own fields, without those every tracepoint begins with.</param>
sealed record TracepointFormat(int Id, IReadOnlyList<TracepointField> Fields)
{
    const int MostFields = 1024;
    const int LargestRecord = 1 << 20;

    static readonly SearchValues<char> _identifier = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    /// <summary>Reads the text of a format file; lines that do not look as they should are left out.</summary>
    public static TracepointFormat Parse(ReadOnlySpan<char> text)
    {
        var id = 0;
        var fields = new List<TracepointField>();
        foreach (var range in text.Split('\n'))
        {
            var line = text[range].Trim();
            if (line.StartsWith("ID:"))
            {
                _ = int.TryParse(line["ID:".Length..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out id);
            }
            else if (line.StartsWith("field:") && fields.Count < MostFields && TryParseField(line["field:".Length..], out var field) && !field.Name.StartsWith("common_", StringComparison.Ordinal))
            {
                fields.Add(field);
            }
        }

        return new(id, fields);
    }

    // int prev_prio;	offset:28;	size:4;	signed:1;
    static bool TryParseField(ReadOnlySpan<char> line, out TracepointField field)
    {
        field = default;
        var end = line.IndexOf(';');
        if (end <= 0 || !TryNumber(line, "offset:", out var offset) || !TryNumber(line, "size:", out var size) || offset > LargestRecord - size)
        {
            return false;
        }

        var declaration = line[..end].Trim();
        var named = declaration;
        if (named.IsEmpty)
        {
            return false;
        }

        var isArray = named[^1] == ']' && named.IndexOf('[') > 0;
        if (isArray)
        {
            named = named[..named.IndexOf('[')].TrimEnd();
        }

        var start = named.LastIndexOfAny(' ', '*', '\t') + 1;
        if (start <= 0 || start == named.Length || named[start..].ContainsAnyExcept(_identifier))
        {
            return false;
        }

        // "signed:" came with Linux 2.6.33; without it nothing is.
        field = new(declaration.ToString(), named[..start].Trim().ToString(), named[start..].ToString(), isArray, offset, size, TryNumber(line, "signed:", out var signed) && signed != 0);
        return true;
    }

    static bool TryNumber(ReadOnlySpan<char> line, string name, out int value)
    {
        value = 0;
        var at = line.IndexOf(name);
        if (at < 0)
        {
            return false;
        }

        var rest = line[(at + name.Length)..];
        var end = rest.IndexOf(';');
        return end > 0 && int.TryParse(rest[..end], NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= LargestRecord;
    }
}
