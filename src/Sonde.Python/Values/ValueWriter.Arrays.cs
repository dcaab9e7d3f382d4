using System.Buffers.Binary;

namespace Sonde.Python.Values;

/// <content>Arrays of numbers.</content>
sealed partial class ValueWriter
{
    const int MaximumElementBytes = 1 << 16;

    /// <summary><c>PyArrayObject_fields</c>: data, dimensions, strides, description (numpy/ndarraytypes.h). Shown with element type and shape, its elements in one row.</summary>
    public void WriteNumpyArray(PythonObject value)
    {
        const int data = 16, dimensionCount = 24, dimensions = 32, strides = 40, description = 56, maximumDimensions = 64;
        Span<byte> raw = stackalloc byte[64];
        if (!objects.TryRead(value.Address, raw))
        {
            Add(Unreadable);
            return;
        }

        var rank = BinaryPrimitives.ReadInt32LittleEndian(raw[dimensionCount..]);
        if (rank is < 0 or > maximumDimensions || !TryReadElementFormat(BinaryPrimitives.ReadUInt64LittleEndian(raw[description..]), out var format))
        {
            Add(Unreadable);
            return;
        }

        var shape = objects.ReadPointers(BinaryPrimitives.ReadUInt64LittleEndian(raw[dimensions..]), rank);
        var steps = objects.ReadPointers(BinaryPrimitives.ReadUInt64LittleEndian(raw[strides..]), rank);
        if (shape.Length < rank || steps.Length < rank || shape.Any(length => length > MaximumCount))
        {
            Add(Unreadable);
            return;
        }

        long count = 1;
        foreach (var length in shape)
        {
            count = (long)UInt128.Min(MaximumCount, (UInt128)count * length);
        }

        var first = BinaryPrimitives.ReadUInt64LittleEndian(raw[data..]);
        var places = new ulong[Wanted(count)];
        for (var i = 0; i < places.Length; i++)
        {
            var (rest, place) = ((ulong)i, first);
            for (var dimension = rank - 1; dimension >= 0; dimension--)
            {
                place = unchecked(place + (rest % shape[dimension] * steps[dimension]));
                rest /= shape[dimension];
            }

            places[i] = place;
        }

        Add($"<{value.Type.Name} {NumpyTypes.Describe(format)} ({string.Join(", ", shape)}{(rank == 1 ? "," : "")}) [");
        WriteItems(places, count, place => WriteElement(place, format));
        Add("]>");
    }

    /// <summary><c>PyArray_Descr</c>. Up to numpy 1 the size of an element follows the type's number as an int, with the alignment behind it; from 2 on there are flags of 8 bytes between.</summary>
    bool TryReadElementFormat(ulong description, out NumberFormat format)
    {
        const int kindAt = 24, orderAt = 26, sizeAt = 32, alignmentAt = 36, newSizeAt = 40;
        Span<byte> raw = stackalloc byte[48];
        format = default;
        if (!objects.TryRead(description, raw))
        {
            return false;
        }

        var isOld = BinaryPrimitives.ReadInt32LittleEndian(raw[alignmentAt..]) != 0;
        long size = isOld ? BinaryPrimitives.ReadInt32LittleEndian(raw[sizeAt..]) : BinaryPrimitives.ReadInt64LittleEndian(raw[newSizeAt..]);
        format = new NumberFormat((char)raw[kindAt], (int)Math.Clamp(size, 0, int.MaxValue), raw[orderAt] == '>', ShortestSingle: true);
        return size is >= 0 and < int.MaxValue && format.Kind is >= 'A' and <= 'z';
    }

    void WriteElement(ulong address, NumberFormat format)
    {
        if (format.Kind == 'O')
        {
            if (objects.TryReadPointer(address, out var item) && TryEnter(address, "...", Cut))
            {
                if (item == 0)
                {
                    Add("None");
                }
                else
                {
                    Write(item);
                }

                Leave();
            }

            return;
        }

        var raw = new byte[Math.Min(format.Size, MaximumElementBytes)];
        var text = !objects.TryRead(address, raw) ? Unreadable : raw.Length == format.Size ? format.Describe(raw) ?? "?" : "?";
        Add(text.Length <= Room + 20 ? text : text[..(Room + 20)] + Cut);
    }

    void WriteElements(ulong address, NumberFormat format, long count)
    {
        if (format.Kind == 'U')
        {
            var characters = new byte[4 * Math.Min(count, limits.Characters)];
            if (!objects.TryRead(address, characters))
            {
                Add(Unreadable);
                return;
            }

            WriteRest(count - PythonLiteral.Quote(_text, characters, 4, Room));
            return;
        }

        var places = new ulong[Wanted(count)];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = address + ((ulong)i * (ulong)format.Size);
        }

        Add("[");
        WriteItems(places, count, place => WriteElement(place, format));
        Add("]");
    }

    /// <summary>The value follows the head of the object (<c>PyDoubleScalarObject</c> and its like); texts are Python's own.</summary>
    public void WriteNumpyScalar(PythonObject value)
    {
        const ulong data = 16;
        var type = objects.Ancestors(value.Type).FirstOrDefault(ancestor => !ancestor.IsClass && NumpyTypes.IsScalar(ancestor.Name));
        if (type is null)
        {
            WritePlain(value);
            return;
        }

        var format = NumpyTypes.Of(type.Name);
        Span<byte> truth = stackalloc byte[1];
        if (format.Kind == 'b' && objects.TryRead(value.Address + data, truth))
        {
            Add(truth[0] != 0 ? "np.True_" : "np.False_");
            return;
        }

        Add($"np.{type.ShortName}(");
        if (format.Kind == 'U')
        {
            WriteText(value);
        }
        else if (format.Kind == 'S')
        {
            WriteBytes(value);
        }
        else
        {
            var start = _text.Length;
            WriteElement(value.Address + data, format);
            // A complex number brings parentheses of its own, but for one without a real part.
            if (format.Kind == 'c' && _text[start] == '(' && _text[^1] == ')')
            {
                _text.Remove(start, 1).Length--;
            }
        }

        Add(")");
    }
}
