using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Sonde.Python.Values;

/// <content>Instances of classes, and those classes of the standard library whose form is worth knowing.</content>
sealed partial class ValueWriter
{
    /// <summary>Writes an instance: of a data class by its fields, of any other class by its name, and by its fields when they are asked for.</summary>
    public void WriteInstance(PythonObject value)
    {
        var names = DataClasses.ShownFields(objects, value.Type);
        if (names is null)
        {
            WriteObject(value);
            return;
        }

        var name = objects.QualifiedName(value.Type);
        if (!TryEnter(value.Address, "...", name + "(…)"))
        {
            return;
        }

        var fields = InstanceFields.Read(objects, value, 1024, out _);
        Add(name + "(");
        WriteItems(names, names.Count, wanted =>
        {
            Add(PythonLiteral.Safe(wanted) + "=");
            var found = fields.Find(field => field.Name == wanted);
            if (found.Value != 0)
            {
                WriteNamed(wanted, found.Value);
            }
            else
            {
                Add("<unset>");
            }
        });
        Add(")");
        Leave();
    }

    void WriteObject(PythonObject value)
    {
        if (_objectDepth >= limits.FieldDepth || !(value.Type.IsClass || value.Type.DictionaryOffset != 0))
        {
            WritePlain(value);
            return;
        }

        if (!TryEnter(value.Address, "...", $"<{objects.FullName(value.Type)} object at 0x{value.Address:x}>"))
        {
            return;
        }

        var fields = InstanceFields.Read(objects, value, limits.Items, out var count);
        Add($"<{objects.FullName(value.Type)} object at 0x{value.Address:x}{(count > 0 ? " with " : "")}");
        _objectDepth++;
        WriteItems(fields, count, WriteField);
        _objectDepth--;
        Add(">");
        Leave();
    }

    void WriteField(Field field)
    {
        Add(PythonLiteral.Safe(field.Name) + "=");
        WriteNamed(field.Name, field.Value);
    }

    public void WriteNamespace(PythonObject value)
    {
        var name = value.Type.Name == "types.SimpleNamespace" ? "namespace" : value.Type.ShortName;
        if (!TryEnter(value.Address, name + "(...)", name + "(…)"))
        {
            return;
        }

        Add(name + "(");
        if (objects.TryReadPointer(value.Address + FirstField, out var dictionary) && TryReadEntries(dictionary, limits.Items, out var entries, out var count))
        {
            WriteItems(entries, count, entry => WriteField(new Field(objects.TryReadText(entry.Key, 300, out var key) ? key : "?", entry.Value)));
        }
        else
        {
            Add(Unreadable);
        }

        Add(")");
        Leave();
    }

    public void WriteEnumMember(PythonObject value)
    {
        Add("<" + value.Type.ShortName);
        if (InstanceFields.TryFind(objects, value, "_name_", out var name) && objects.TryReadText(name, 300, out var text)
            && objects.TryGet(name, out var named) == ObjectState.Live && ObjectReader.IsText(named.Type))
        {
            Add("." + PythonLiteral.Safe(text));
        }

        Add(": ");
        if (!InstanceFields.TryFind(objects, value, "_value_", out var number))
        {
            Add(Unreadable);
        }
        else if (TryEnter(value.Address, "...", Cut))
        {
            Write(number);
            Leave();
        }

        Add(">");
    }

    public void WriteFraction(PythonObject value)
    {
        if (InstanceFields.TryFind(objects, value, "_numerator", out var numerator) && InstanceFields.TryFind(objects, value, "_denominator", out var denominator))
        {
            WriteCall(value.Type.ShortName, [numerator, denominator]);
        }
        else
        {
            WriteObject(value);
        }
    }

    public void WriteUuid(PythonObject value)
    {
        if (!InstanceFields.TryFind(objects, value, "int", out var address) || !TryReadInteger(address, out var number) || number.Sign < 0 || number.GetBitLength() > 128)
        {
            WriteObject(value);
            return;
        }

        var digits = number.ToString("x32", CultureInfo.InvariantCulture)[^32..];
        Add($"{value.Type.ShortName}('{digits[..8]}-{digits[8..12]}-{digits[12..16]}-{digits[16..20]}-{digits[20..]}')");
    }

    /// <summary>The text is kept once it was asked for (<c>_str</c>); else there are the parts, or from 3.12 on what the path was made of (Lib/pathlib).</summary>
    public void WritePath(PythonObject value)
    {
        string? path = null;
        if (InstanceFields.TryFind(objects, value, "_str", out var text) && objects.TryReadText(text, 4096, out var whole))
        {
            path = whole;
        }
        else if (InstanceFields.TryFind(objects, value, objects.Version.Minor < 12 ? "_parts" : "_raw_paths", out var list) && objects.TryGet(list, out var parts) == ObjectState.Live && parts.Type.Name == "list"
            && objects.TryReadInt64(list + (ulong)objects.Values.ItemCount, out var count) && objects.TryReadPointer(list + 24, out var items))
        {
            path = "";
            foreach (var item in objects.ReadPointers(items, (int)Math.Clamp(count, 0, 256)))
            {
                var part = objects.TryReadText(item, 4096, out var found) ? found : "?";
                path = part.StartsWith('/') || path.Length == 0 ? part : path.EndsWith('/') ? path + part : path + "/" + part;
            }

            var isAbsolute = path.StartsWith('/');
            path = (isAbsolute ? "/" : "") + string.Join('/', path.Split('/').Where(part => part is not ("" or ".")));
            path = path.Length == 0 ? "." : path;
        }

        if (path is null)
        {
            WriteObject(value);
            return;
        }

        Add(value.Type.ShortName + "(");
        var characters = Encoding.UTF32.GetBytes(path);
        WriteRest((characters.Length / 4) - PythonLiteral.Quote(_text, characters, 4, Room));
        Add(")");
    }

    /// <summary><c>PyDecObject</c> with the <c>mpd_t</c> in it (Modules/_decimal): flags, exponent, digits, words of 19 decimal digits.</summary>
    public void WriteDecimal(PythonObject value)
    {
        const int flags = 24, exponentAt = 32, lengthAt = 48, dataAt = 64, maximumWords = 64;
        const byte negative = 1, infinite = 2, notNumber = 4, signalling = 8;
        Span<byte> raw = stackalloc byte[72];
        if (!objects.TryRead(value.Address, raw))
        {
            Add(Unreadable);
            return;
        }

        var words = BinaryPrimitives.ReadInt64LittleEndian(raw[lengthAt..]);
        var isShort = words is >= 0 and <= maximumWords;
        var digits = BigInteger.Zero;
        // Not the extension method: on arrays the older framework of the native build has one that returns nothing.
        foreach (var word in Enumerable.Reverse(objects.ReadPointers(BinaryPrimitives.ReadUInt64LittleEndian(raw[dataAt..]), isShort ? (int)words : 0)))
        {
            digits = (digits * 10_000_000_000_000_000_000UL) + word;
        }

        var sign = (raw[flags] & negative) != 0 ? "-" : "";
        var payload = digits.IsZero ? "" : digits.ToString(CultureInfo.InvariantCulture);
        var text = (raw[flags] & infinite) != 0 ? "Infinity"
            : (raw[flags] & notNumber) != 0 ? "NaN" + payload
            : (raw[flags] & signalling) != 0 ? "sNaN" + payload
            : isShort ? Scientific(digits.ToString(CultureInfo.InvariantCulture), BinaryPrimitives.ReadInt64LittleEndian(raw[exponentAt..]))
            : string.Create(CultureInfo.InvariantCulture, $"{Cut} {words * 19} digits");
        Add($"Decimal('{sign}{text}')");
    }

    /// <summary>to-scientific-string of the General Decimal Arithmetic Specification.</summary>
    static string Scientific(string digits, long exponent)
    {
        var adjusted = exponent + digits.Length - 1;
        if (exponent <= 0 && adjusted >= -6)
        {
            var point = digits.Length + (int)exponent;
            return exponent == 0 ? digits : point > 0 ? $"{digits[..point]}.{digits[point..]}" : $"0.{new string('0', -point)}{digits}";
        }

        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return string.Create(CultureInfo.InvariantCulture, $"{mantissa}E{(adjusted < 0 ? '-' : '+')}{Math.Abs(adjusted)}");
    }
}
