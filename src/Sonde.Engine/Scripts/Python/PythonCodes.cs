using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Targets;
using Sonde.Python.Layouts;
using Sonde.Python.Source;
using Sonde.Script.Binding;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Python;

/// <summary>The Python code objects a script has met: learnt from one record each, named when values of them are printed.</summary>
/// <param name="images">The interpreters, by the numbers records have.</param>
/// <param name="readStack">Reads the script's map of stacks.</param>
/// <param name="wantsLines">Whether stacks are asked for, whose frames have lines.</param>
sealed class PythonCodes(IReadOnlyList<PythonImage> images, PythonCodes.StackReader readStack, bool wantsLines)
{
    /// <summary>Longer line tables are not read: a function of a million instructions has less.</summary>
    const int MostTableBytes = 1 << 20;

    readonly Dictionary<(int Process, ulong Address), Code> _codes = [];
    readonly Dictionary<(int Process, int Image), SourceFiles> _sources = [];

    ulong _matched;

    /// <summary>The value of a stack's number in the map of stacks; null when there is none.</summary>
    public delegate byte[]? StackReader(ulong number);

    /// <summary>What is known of a code object.</summary>
    sealed record Code(string Function, string File, int FirstLine, int Image, byte[] Lines);

    /// <summary>Takes a record that tells of a code object (<see cref="PythonCodeRecord"/>).</summary>
    public void Learn(ReadOnlySpan<byte> record)
    {
        if (record.Length < PythonCodeRecord.Work)
        {
            return;
        }

        var address = BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Code..]);
        var process = (int)BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Process..]);
        _matched |= BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Matches..]);
        var image = BinaryPrimitives.ReadInt32LittleEndian(record[PythonCodeRecord.Image..]);
        var firstLine = BinaryPrimitives.ReadInt32LittleEndian(record[PythonCodeRecord.FirstLine..]);
        var function = Text(record[PythonCodeRecord.Name..]) ?? string.Create(CultureInfo.InvariantCulture, $"?@0x{address:x}");
        var file = Text(record[PythonCodeRecord.File..]) ?? "?";
        if ((uint)image < (uint)images.Count && !images[image].Layout.NamesAreQualified)
        {
            function = Sources(process, image).Qualify(file, firstLine, function);
        }

        var lines = wantsLines && (uint)image < (uint)images.Count ? Lines(record[PythonCodeRecord.Lines..], process, address, images[image]) : [];
        _codes[(process, address)] = new Code(function, file, firstLine, image, lines);
    }

    /// <summary>One message for each pattern that nothing that ran has matched, with the name that was perhaps meant.</summary>
    /// <param name="patterns">Those of the script, in the order of its <see cref="PythonCodeRecord.Matches"/>.</param>
    public IEnumerable<string> Unmatched(IReadOnlyList<PythonPattern> patterns)
    {
        for (var i = 0; i < patterns.Count; i++)
        {
            if ((_matched >> i & 1) == 0)
            {
                var pattern = patterns[i];
                var wanted = pattern.File.Length > 0 ? $"{pattern.File}:{pattern.Function}" : pattern.Function;
                var found = _codes.Count == 0 ? "no Python function was called" : string.Create(CultureInfo.InvariantCulture, $"none of the {_codes.Count} Python functions that were called matches");
                yield return $"{wanted}: {found}{(Meant(pattern) is { } meant ? $"; {meant}" : "")}";
            }
        }
    }

    string? Meant(PythonPattern pattern)
    {
        var named = Wildcards.Matcher(pattern.Function);
        if (_codes.Values.FirstOrDefault(code => named(code.Function)) is { } elsewhere)
        {
            return $"such a function is in {elsewhere.File}";
        }

        return _codes.Values.FirstOrDefault(code => code.Function.EndsWith($".{pattern.Function}", StringComparison.Ordinal)) is { } method
            ? $"did you mean '{method.Function}'?"
            : Suggestions.DidYouMean(pattern.Function, _codes.Values.Select(code => code.Function));
    }

    /// <summary>A function, file or stack in words; null when its names never came.</summary>
    public string? Name(SymbolicType type, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadUInt64LittleEndian(value);
        var process = (int)BinaryPrimitives.ReadUInt64LittleEndian(value[8..]);
        return type.Kind switch
        {
            SymbolicKind.PythonFunction => _codes.GetValueOrDefault((process, number))?.Function,
            SymbolicKind.PythonFile => _codes.GetValueOrDefault((process, number))?.File,
            SymbolicKind.PythonStack => Stack(process, number, type.Stack.Depth),
            _ => null,
        };
    }

    string? Stack(int process, ulong number, int depth)
    {
        if (number == 0 || readStack(number) is not { } value)
        {
            return null;
        }

        var count = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(value), (ulong)((value.Length - PythonMaps.StackFrames) / PythonMaps.FrameSize));
        var text = new StringBuilder("\n");
        for (var i = 0; i < Math.Min(count, depth); i++)
        {
            var frame = value.AsSpan(PythonMaps.StackFrames + (i * PythonMaps.FrameSize));
            text.Append("        ").Append(Frame(process, BinaryPrimitives.ReadUInt64LittleEndian(frame), BinaryPrimitives.ReadUInt64LittleEndian(frame[8..]))).Append('\n');
        }

        return text.ToString();
    }

    string Frame(int process, ulong address, ulong instruction)
    {
        if (!_codes.TryGetValue((process, address), out var code))
        {
            return string.Create(CultureInfo.InvariantCulture, $"?@0x{address:x}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{code.Function} ({code.File}:{Line(code, address, instruction) ?? code.FirstLine})");
    }

    int? Line(Code code, ulong address, ulong instruction)
    {
        // Up to 3.10 a frame that has not begun has the instruction -1.
        if (code.Lines.Length == 0 || (images[code.Image].Version.Minor <= 10 && (int)instruction < 0))
        {
            return null;
        }

        // f_lasti counts bytes up to 3.9 and pairs of bytes in 3.10; since 3.11 a frame has the instruction's address.
        var version = images[code.Image].Version;
        var offset = version.Minor switch
        {
            <= 9 => (int)(uint)instruction,
            10 => (int)(uint)instruction * 2,
            _ => (int)Math.Min(unchecked(instruction - address - (ulong)ValueLayout.For(version).CodeInstructions!.Value), int.MaxValue),
        };
        return LineTable.Find(version, code.Lines, code.FirstLine, Math.Max(offset, 0));
    }

    /// <summary>The line table: from the record, or if it is too long for that from the process, which is still in the call as a rule.</summary>
    static byte[] Lines(ReadOnlySpan<byte> part, int process, ulong code, PythonImage image)
    {
        var copied = BinaryPrimitives.ReadInt64LittleEndian(part[PythonCodeRecord.LinesCopied..]);
        if (copied is >= 0 and <= PythonCodeRecord.LinesCapacity)
        {
            return part.Slice(PythonCodeRecord.LinesBytes, (int)copied).ToArray();
        }

        using var memory = new LiveMemory(process);
        var values = ValueLayout.For(image.Version);
        Span<byte> word = stackalloc byte[8];
        if (!memory.TryRead(code + (ulong)image.Layout.CodeLineTable, word))
        {
            return [];
        }

        var table = BinaryPrimitives.ReadUInt64LittleEndian(word);
        if (!memory.TryRead(table + (ulong)values.ItemCount, word) || BinaryPrimitives.ReadUInt64LittleEndian(word) is not (> 0 and <= MostTableBytes and var length))
        {
            return [];
        }

        var lines = new byte[length];
        return memory.TryRead(table + (ulong)values.BytesData, lines) ? lines : [];
    }

    SourceFiles Sources(int process, int image)
    {
        if (!_sources.TryGetValue((process, image), out var sources))
        {
            sources = new SourceFiles(process, images[image].Version);
            _sources.Add((process, image), sources);
        }

        return sources;
    }

    static string? Text(ReadOnlySpan<byte> part)
    {
        var state = BinaryPrimitives.ReadUInt32LittleEndian(part[PythonCodeRecord.TextState..]);
        var copied = BinaryPrimitives.ReadInt32LittleEndian(part[PythonCodeRecord.TextCopied..]);
        var size = PythonText.CharacterBytes(state);
        return copied < 0 || copied > PythonCodeRecord.TextCapacity || size == 0 ? null : PythonText.Decode(state, part.Slice(PythonCodeRecord.TextBytes, copied / size * size));
    }
}
