using Sonde.Python.Source;

namespace Sonde.Python.Stacks;

/// <summary>A code object of the target, decoded. Names are as the target has them: whoever shows them escapes them.</summary>
public sealed class CodeObject
{
    readonly byte[] _lineTable;
    readonly PythonVersion _version;
    readonly CodeTable _table;
    (int[] Ends, SourceSpan?[] Spans)? _locations;
    IReadOnlyList<string>? _variableNames;
    CodeBody? _body;
    bool _bodyWasRead;

    internal CodeObject(CodeTable table, PythonVersion version, in CodeIdentity identity, byte[] lineTable)
    {
        _table = table;
        _version = version;
        Identity = identity;
        _lineTable = lineTable;
    }

    /// <summary>Its address in the target.</summary>
    public required ulong Address { get; init; }

    /// <summary>The name it has in the target: <c>co_name</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The qualified name: <c>co_qualname</c>, or up to 3.10 what <c>__qualname__</c> would be by the source; the plain name where that is not to be had.</summary>
    public required string Function { get; init; }

    /// <summary>The source file: <c>co_filename</c>.</summary>
    public required string File { get; init; }

    /// <summary>The first line, that of the first decorator where there are any: <c>co_firstlineno</c>.</summary>
    public required int FirstLine { get; init; }

    /// <summary>The flags: <c>co_flags</c> (Include/cpython/code.h).</summary>
    public required int Flags { get; init; }

    /// <summary>The address of its first instruction.</summary>
    public required ulong Instructions { get; init; }

    /// <summary>The length of its instructions in bytes.</summary>
    public required int InstructionBytes { get; init; }

    /// <summary>Whether it is the body of a generator, coroutine or asynchronous generator.</summary>
    public bool IsGenerator => (Flags & Layouts.CallLayout.GeneratorFlags) != 0;

    /// <summary>The names of its variables, those of cells and free variables included from 3.11 on; empty when they cannot be read (any more).</summary>
    public IReadOnlyList<string> VariableNames => _variableNames ??= _table.ReadVariableNames(this);

    internal CodeIdentity Identity { get; }

    /// <summary>The offset of the first instruction that counts as running it; a frame before that is still being made.</summary>
    internal int FirstTraceableBytes { get; init; }

    /// <summary>Its instructions and what they name, read when first asked for; null when they cannot be read.</summary>
    internal CodeBody? Body
    {
        get
        {
            if (!_bodyWasRead)
            {
                _bodyWasRead = true;
                _body = _table.ReadBody(this);
            }

            return _body;
        }
    }

    /// <summary>When its identity was last compared with the target's memory (<see cref="Environment.TickCount64"/>).</summary>
    internal long CheckedAtMs { get; set; }

    /// <summary>Where an instruction was compiled from; null when it belongs to no line.</summary>
    /// <param name="instructionOffsetBytes">Bytes of the instruction from the first one; one before the first counts as it.</param>
    public SourceSpan? Locate(int instructionOffsetBytes)
    {
        var (ends, spans) = _locations ??= DecodeLocations();
        var offset = Math.Max(instructionOffsetBytes, 0);
        var at = Array.BinarySearch(ends, offset + 1);
        at = at < 0 ? ~at : at;
        return at < spans.Length ? spans[at] : null;
    }

    (int[] Ends, SourceSpan?[] Spans) DecodeLocations()
    {
        List<int> ends = [];
        List<SourceSpan?> spans = [];
        foreach (var range in LineTable.Ranges(_version, _lineTable, FirstLine))
        {
            // Ranges of no instructions say nothing, and would make the search find the wrong one.
            if (range.End > (ends.Count == 0 ? 0 : ends[^1]))
            {
                ends.Add(range.End);
                spans.Add(range.Span);
            }
        }

        return ([.. ends], [.. spans]);
    }
}
