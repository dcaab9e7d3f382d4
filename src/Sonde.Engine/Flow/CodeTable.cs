using Sonde.Engine.Output;
using Sonde.Python.Layouts;

namespace Sonde.Engine.Flow;

/// <summary>The code objects of a flow: learnt from one record each, found by address for every event.</summary>
/// <param name="process">What is known about the interpreter of a process, by process id and image number.</param>
/// <param name="filter">Which functions are wanted.</param>
/// <param name="decided">Told of every decision, so that the kernel can drop unwanted functions at the source; null when it need not.</param>
sealed class CodeTable(Func<int, int, PythonProcess> process, FlowFilter filter, Action<CodeDecision>? decided)
{
    /// <summary>Longer names are cut; real ones are far below.</summary>
    const int MaximumName = 4096;

    readonly Dictionary<(int Pid, ulong Address), CodeInfo> _byAddress = [];

    /// <summary>Programs that compile the same text again and again make many code objects of few names; memory is kept for the names only.</summary>
    readonly Dictionary<(int Pid, string Function, string File, int Line), CodeInfo> _byName = [];

    /// <summary>Calls per function, by <see cref="CodeInfo.Id"/>.</summary>
    readonly List<long> _calls = [];

    /// <summary>Numbers that functions of ended processes had.</summary>
    readonly Stack<int> _free = [];

    int _forgotten;
    (string? Function, long Calls) _busiestForgotten;

    /// <summary>Functions seen that the filters ask for.</summary>
    public int Wanted => _forgotten + _byName.Values.Count(code => code.Wanted);

    /// <summary>Code objects whose name or file could not be read, and those whose record was lost.</summary>
    public int Unresolved { get; private set; }

    /// <summary>The function with the most calls; null before the first.</summary>
    public string? Busiest => _byName.Values.MaxBy(code => _calls[code.Id]) is { } code && _calls[code.Id] >= _busiestForgotten.Calls ? code.Function : _busiestForgotten.Function;

    /// <summary>Set when an object in a frame's code field is no code object: the interpreter is not laid out as its version says.</summary>
    public string? Contradiction { get; private set; }

    /// <summary>The code object at an address.</summary>
    public CodeInfo Find(int pid, ulong address, int image)
    {
        if (_byAddress.TryGetValue((pid, address), out var code))
        {
            return code;
        }

        // The record that names it was dropped; the kernel sends it again at the next call, but this one is to be shown now.
        code = Resolve(pid, image, address, name: null, file: null, firstLine: 0);
        _byAddress.Add((pid, address), code);
        return code;
    }

    /// <summary>True for a code object that is known, and known not to be asked for.</summary>
    public bool IsUnwanted(int pid, ulong address) => _byAddress.TryGetValue((pid, address), out var code) && !code.Wanted;

    /// <summary>Counts a call of a function.</summary>
    public void CountCall(CodeInfo code) => _calls[code.Id]++;

    /// <summary>Takes a record that describes a code object, and replaces what was at the same address before.</summary>
    public void Learn(ReadOnlySpan<byte> record)
    {
        var pid = (int)(FlowRecord.UInt64(record, FlowRecord.ThreadOffset) >> 32);
        var image = FlowRecord.UInt16(record, FlowRecord.ImageOffset);
        var address = FlowRecord.UInt64(record, FlowRecord.CodeAddress);
        var owner = process(pid, image);
        var type = FlowRecord.UInt64(record, FlowRecord.CodeType);
        owner.CodeTypeSeen?.Invoke(type);
        // After an exec, or in a later process of the same number, the interpreter lies elsewhere, but at the same place within a page.
        const ulong pageMask = 0xfff;
        if (owner.CodeType != 0 && ((type ^ owner.CodeType) & pageMask) != 0)
        {
            Contradiction ??= $"process {pid}: the object at 0x{address:x} in a frame's code field has the type at 0x{type:x}, not PyCode_Type at 0x{owner.CodeType:x}";
        }

        var code = Resolve(
            pid, image, address, Text(record[FlowRecord.CodeName..], owner, address, owner.Layout.CodeName), Text(record[FlowRecord.CodeFile..], owner, address, owner.Layout.CodeFile),
            FlowRecord.Int32(record, FlowRecord.CodeFirstLine));
        _byAddress[(pid, address)] = code;
        decided?.Invoke(new CodeDecision(pid, address, FlowRecord.UInt64(record, FlowRecord.CodeIdentity), code.Wanted));
    }

    /// <summary>Lets go of the functions of processes that have ended.</summary>
    /// <returns>The code objects that were known.</returns>
    public List<(int Pid, ulong Address)> Forget(IReadOnlySet<int> pids)
    {
        var known = _byAddress.Keys.Where(key => pids.Contains(key.Pid)).ToList();
        known.ForEach(key => _byAddress.Remove(key));
        foreach (var (key, code) in _byName)
        {
            if (pids.Contains(key.Pid))
            {
                _forgotten += code.Wanted ? 1 : 0;
                _busiestForgotten = _calls[code.Id] > _busiestForgotten.Calls ? (code.Function, _calls[code.Id]) : _busiestForgotten;
                _free.Push(code.Id);
                _byName.Remove(key);
            }
        }

        return known;
    }

    CodeInfo Resolve(int pid, int image, ulong address, string? name, string? file, int firstLine)
    {
        if (name is not null && file is not null && !process(pid, image).Layout.NamesAreQualified)
        {
            name = process(pid, image).Sources.Qualify(file, firstLine, name);
        }

        var unresolved = name is null || file is null;
        if (unresolved)
        {
            Unresolved++;
        }

        var function = name is null ? $"?@0x{address:x}" : Escape.Text(name);
        var path = file is null ? "?" : Escape.Text(file);
        if (_byName.TryGetValue((pid, function, path, firstLine), out var known))
        {
            return known;
        }

        if (!_free.TryPop(out var id))
        {
            id = _calls.Count;
            _calls.Add(0);
        }

        _calls[id] = 0;
        var code = new CodeInfo
        {
            Id = id, Pid = pid, Function = function, File = path, Line = Math.Max(0, firstLine), Unresolved = unresolved,
            Wanted = unresolved || filter.Wants(function, path),
        };
        _byName.Add((pid, function, path, firstLine), code);
        return code;
    }

    /// <summary>A string of a code record; what the kernel could not copy is fetched from the process, which is still in the call as a rule.</summary>
    static string? Text(ReadOnlySpan<byte> part, PythonProcess owner, ulong code, int field)
    {
        var length = FlowRecord.UInt64(part, FlowRecord.TextLength);
        var state = (uint)FlowRecord.Int32(part, FlowRecord.TextState);
        var copied = FlowRecord.Int32(part, FlowRecord.TextCopied);
        var size = PythonText.CharacterBytes(state);
        if (copied >= 0 && copied <= FlowRecord.TextCapacity && size > 0)
        {
            var text = PythonText.Decode(state, part.Slice(FlowRecord.TextBytes, copied / size * size));
            if (length * (ulong)size <= (ulong)copied)
            {
                return text;
            }

            return owner.TryReadText(code, field, MaximumName, out var whole) && whole.StartsWith(text, StringComparison.Ordinal) ? whole : text + "…";
        }

        return owner.TryReadText(code, field, MaximumName, out var read) ? read : null;
    }
}

/// <summary>Whether the functions of a code object are wanted, in the terms the kernel program compares.</summary>
readonly record struct CodeDecision(int Pid, ulong Address, ulong Identity, bool Wanted);
