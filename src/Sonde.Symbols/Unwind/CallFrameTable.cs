using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Unwind;

/// <summary>A file's unwind tables: how the caller of any of its instructions is found.</summary>
/// <remarks>
/// <c>.eh_frame</c> first; <c>.debug_frame</c>, of the file or its separate debug file, for code that is only there. Any number of threads may use one table.
/// </remarks>
public sealed class CallFrameTable
{
    readonly Range[] _ranges;
    readonly FrameState[] _initial;

    CallFrameTable(Range[] ranges, FrameState[] initial) => (_ranges, _initial) = (ranges, initial);

    /// <summary>How many ranges of code it knows.</summary>
    public int Count => _ranges.Length;

    /// <summary>Reads the tables of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="debug">Its separate debug file; null for none.</param>
    /// <exception cref="ElfException">A table contradicts itself, or uses something this reader does not know.</exception>
    public static CallFrameTable Read(ElfFile file, ElfFile? debug = null)
    {
        var sections = new[] { UnwindSection.ReadEhFrame(file), UnwindSection.ReadDebugFrame(file), debug is null ? null : UnwindSection.ReadDebugFrame(debug) };
        var ranges = new List<Range>();
        var initial = new List<FrameState>();
        foreach (var section in sections.OfType<UnwindSection>())
        {
            var first = initial.Count;
            for (var i = 0; i < section.Common.Count; i++)
            {
                initial.Add(CallFrameProgram.Initial(section, i));
            }

            foreach (var entry in section.Ranges)
            {
                ranges.Add(new(entry, section, first + entry.Common));
            }
        }

        // Stable: where two tables describe the same code, the first is kept.
        var sorted = ranges.OrderBy(static range => range.Entry.Start).ToArray();
        var kept = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            if (kept == 0 || sorted[i].Entry.Start >= sorted[kept - 1].Entry.End)
            {
                sorted[kept++] = sorted[i];
            }
        }

        return new(sorted[..kept], [.. initial]);
    }

    /// <summary>How the caller is found from an instruction.</summary>
    /// <param name="address">The instruction, in the file's own address space; for a return address one less, which lies in the call.</param>
    /// <param name="row">The rules.</param>
    /// <returns>False when no table describes the instruction.</returns>
    /// <exception cref="ElfException">The instructions for this range are damaged.</exception>
    public bool TryFindRow(ulong address, out UnwindRow row)
    {
        var index = IndexOf(address);
        if (index >= 0)
        {
            ref readonly var range = ref _ranges[index];
            var program = new CallFrameProgram(range.Section, range.Entry, _initial[range.Initial]);
            while (program.MoveNext())
            {
                if (address < program.End)
                {
                    var common = range.Section.Common[range.Entry.Common];
                    row = new(program.Start, program.End, common.IsSignalFrame, common.ReturnRegister, program.State, range.Section.Bytes);
                    return true;
                }
            }
        }

        row = null!;
        return false;
    }

    /// <summary>The range of code (a function, or a part of one) that an address lies in.</summary>
    public bool TryFindRange(ulong address, out ulong start, out ulong end)
    {
        var index = IndexOf(address);
        (start, end) = index < 0 ? (0, 0) : (_ranges[index].Entry.Start, _ranges[index].Entry.End);
        return index >= 0;
    }

    /// <summary>The table with as much of each rule as suffices to find return addresses, for programs in the kernel.</summary>
    public CompactUnwindTable Compact()
    {
        var builder = new CompactUnwindTable.Builder();
        foreach (ref readonly var range in _ranges.AsSpan())
        {
            var common = range.Section.Common[range.Entry.Common];
            var program = new CallFrameProgram(range.Section, range.Entry, _initial[range.Initial]);
            var at = range.Entry.Start;
            try
            {
                while (program.MoveNext())
                {
                    builder.Add(program.Start, program.End, program.State, common, range.Section.Bytes.Span);
                    at = program.End;
                }
            }
            catch (ElfException)
            {
                // What is damaged is code whose callers cannot be told.
                builder.AddUnknown(at, range.Entry.End);
            }
        }

        return builder.Build();
    }

    int IndexOf(ulong address)
    {
        int low = 0, high = _ranges.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            ref readonly var entry = ref _ranges[middle];
            if (address < entry.Entry.Start)
            {
                high = middle - 1;
            }
            else if (address >= entry.Entry.End)
            {
                low = middle + 1;
            }
            else
            {
                return middle;
            }
        }

        return -1;
    }

    readonly record struct Range(RangeEntry Entry, UnwindSection Section, int Initial);
}
