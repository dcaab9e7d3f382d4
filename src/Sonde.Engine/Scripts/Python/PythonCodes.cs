using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python.Layouts;
using Sonde.Script.Binding;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Python;

/// <summary>A place in a Python program.</summary>
/// <param name="Function">The qualified name.</param>
/// <param name="File">The file as the program has it.</param>
/// <param name="Line">The line, 1-based; 0 when it is unknown.</param>
readonly record struct PythonPlace(string Function, string File, int Line);

/// <summary>A frame of a stack as programs send it.</summary>
/// <param name="Code">The address of its code object.</param>
/// <param name="Line">The line it is at; 0 when that is unknown.</param>
/// <param name="Identity">What tells the code object from others at the same address.</param>
readonly record struct PythonStackFrame(ulong Code, int Line, ulong Identity);

/// <summary>A stack as programs send it.</summary>
/// <param name="Process">Whose it is.</param>
/// <param name="End">How it ends.</param>
/// <param name="Frames">The frames, innermost first.</param>
sealed record PythonStack(int Process, PythonStackEnd End, PythonStackFrame[] Frames);

/// <summary>The Python code objects and stacks a script has met: learnt from one record each, named when values of them are printed.</summary>
/// <param name="interpreters">The interpreters, by the numbers records have.</param>
sealed class PythonCodes(PythonInterpreters interpreters)
{
    /// <summary>More stacks are not kept; the first ones are forgotten.</summary>
    const int MostStacks = 1 << 18;

    /// <summary>Up to so many everything met is kept, be its process still there or not.</summary>
    const int EnoughCodes = 1 << 17;

    readonly Dictionary<(int Process, ulong Address), Code> _latest = [];
    readonly Dictionary<(int Process, ulong Address, ulong Identity), Code> _codes = [];
    readonly Dictionary<(int Process, int Image), SourceFiles> _sources = [];
    readonly Dictionary<ulong, PythonStack> _stacks = [];

    int _mostCodes = EnoughCodes;
    ulong _matched;

    /// <summary>What is known of a code object.</summary>
    sealed record Code(string Function, string File);

    /// <summary>Takes a record that tells of a code object (<see cref="PythonCodeRecord"/>).</summary>
    public void Learn(ReadOnlySpan<byte> record)
    {
        if (record.Length < PythonCodeRecord.Work)
        {
            return;
        }

        var address = BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Code..]);
        var identity = BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Identity..]);
        var process = (int)BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Process..]);
        _matched |= BinaryPrimitives.ReadUInt64LittleEndian(record[PythonCodeRecord.Matches..]);
        var image = BinaryPrimitives.ReadInt32LittleEndian(record[PythonCodeRecord.Image..]);
        var firstLine = BinaryPrimitives.ReadInt32LittleEndian(record[PythonCodeRecord.FirstLine..]);
        var function = Text(record[PythonCodeRecord.Name..]) ?? string.Create(CultureInfo.InvariantCulture, $"?@0x{address:x}");
        var file = Text(record[PythonCodeRecord.File..]) ?? "?";
        var interpreter = interpreters[image];
        if (interpreter is { Layout.Calls.NamesAreQualified: false })
        {
            function = Sources(process, image, interpreter).Qualify(file, firstLine, function);
        }

        if (_codes.Count >= _mostCodes)
        {
            ForgetEnded();
        }

        var code = new Code(function, file);
        _latest[(process, address)] = code;
        _codes[(process, address, identity)] = code;
    }

    /// <summary>Takes a record that brings a stack (<see cref="PythonStackRecord"/>).</summary>
    public void LearnStack(ReadOnlySpan<byte> record)
    {
        if (record.Length < PythonStackRecord.Frames)
        {
            return;
        }

        var count = (int)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(record[PythonStackRecord.Count..]), (ulong)((record.Length - PythonStackRecord.Frames) / PythonStackRecord.FrameSize));
        var frames = new PythonStackFrame[count];
        for (var i = 0; i < count; i++)
        {
            var frame = record[(PythonStackRecord.Frames + (i * PythonStackRecord.FrameSize))..];
            frames[i] = new PythonStackFrame(
                BinaryPrimitives.ReadUInt64LittleEndian(frame), BinaryPrimitives.ReadInt32LittleEndian(frame[PythonStackRecord.FrameLine..]), BinaryPrimitives.ReadUInt64LittleEndian(frame[PythonStackRecord.FrameIdentity..]));
        }

        if (_stacks.Count >= MostStacks)
        {
            _stacks.Clear();
        }

        var process = (int)BinaryPrimitives.ReadUInt64LittleEndian(record[PythonStackRecord.Process..]);
        var end = (PythonStackEnd)BinaryPrimitives.ReadInt32LittleEndian(record[PythonStackRecord.End..]);
        _stacks[BinaryPrimitives.ReadUInt64LittleEndian(record[PythonStackRecord.Number..])] = new PythonStack(process, end, frames);
    }

    /// <summary>The stack of a number; null when there is none.</summary>
    public PythonStack? Stack(ulong number) => _stacks.GetValueOrDefault(number);

    /// <summary>Where a frame is.</summary>
    public PythonPlace Place(int process, in PythonStackFrame frame)
    {
        return _codes.TryGetValue((process, frame.Code, frame.Identity), out var code)
            ? new PythonPlace(code.Function, code.File, frame.Line)
            : new PythonPlace(string.Create(CultureInfo.InvariantCulture, $"?@0x{frame.Code:x}"), "?", 0);
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
                var found = _latest.Count == 0 ? "no Python function was called" : string.Create(CultureInfo.InvariantCulture, $"none of the {_latest.Count} Python functions that were called matches");
                yield return $"{wanted}: {found}{(Meant(pattern) is { } meant ? $"; {meant}" : "")}";
            }
        }
    }

    string? Meant(PythonPattern pattern)
    {
        var named = Wildcards.Matcher(pattern.Function);
        if (_latest.Values.FirstOrDefault(code => named(code.Function)) is { } elsewhere)
        {
            return $"such a function is in {elsewhere.File}";
        }

        return _latest.Values.FirstOrDefault(code => code.Function.EndsWith($".{pattern.Function}", StringComparison.Ordinal)) is { } method
            ? $"did you mean '{method.Function}'?"
            : Suggestions.DidYouMean(pattern.Function, _latest.Values.Select(code => code.Function));
    }

    /// <summary>Makes room in a session that sees many processes come and go. What is still in a map of those that ended has no name then.</summary>
    void ForgetEnded()
    {
        var ended = _latest.Keys.Select(key => key.Process).Distinct().Where(process => !ProcFs.Exists(process)).ToHashSet();
        Forget(_latest, key => ended.Contains(key.Process));
        Forget(_codes, key => ended.Contains(key.Process));
        Forget(_sources, key => ended.Contains(key.Process));
        _mostCodes = Math.Max(EnoughCodes, 2 * _codes.Count);
    }

    static void Forget<TKey, TValue>(Dictionary<TKey, TValue> known, Predicate<TKey> isGone)
        where TKey : notnull
    {
        foreach (var key in known.Keys.Where(key => isGone(key)).ToList())
        {
            known.Remove(key);
        }
    }

    /// <summary>A function, file or stack in words; null when its names never came.</summary>
    public string? Name(SymbolicType type, ReadOnlySpan<byte> value)
    {
        var number = BinaryPrimitives.ReadUInt64LittleEndian(value);
        var process = (int)BinaryPrimitives.ReadUInt64LittleEndian(value[8..]);
        return type.Kind switch
        {
            SymbolicKind.PythonFunction or SymbolicKind.PythonFile when number == 0 => "",
            SymbolicKind.PythonFunction => _latest.GetValueOrDefault((process, number))?.Function,
            SymbolicKind.PythonFile => _latest.GetValueOrDefault((process, number))?.File,
            SymbolicKind.PythonStack when number == PythonStackRecord.None => "\n        (no Python)\n",
            SymbolicKind.PythonStack => Text(number),
            _ => null,
        };
    }

    string? Text(ulong number)
    {
        if (Stack(number) is not { } stack)
        {
            return null;
        }

        var text = new StringBuilder("\n");
        foreach (ref readonly var frame in stack.Frames.AsSpan())
        {
            var place = Place(stack.Process, frame);
            text.Append("        ").Append(place.Function).Append(" (").Append(place.File);
            if (place.Line > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $":{place.Line}");
            }

            text.Append(")\n");
        }

        return text.Append(stack.End == PythonStackEnd.Unreadable ? "        (unreadable)\n" : "").ToString();
    }

    SourceFiles Sources(int process, int image, KnownInterpreter interpreter)
    {
        if (!_sources.TryGetValue((process, image), out var sources))
        {
            sources = new SourceFiles(process, interpreter.Version);
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
