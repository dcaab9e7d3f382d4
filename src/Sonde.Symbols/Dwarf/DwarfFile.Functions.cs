using System.Collections.Concurrent;
using Sonde.Symbols.Demangle;

namespace Sonde.Symbols.Dwarf;

public sealed partial class DwarfFile
{
    readonly Lazy<NameIndex> _names;
    readonly Lazy<UnitRange[]> _unitRanges;
    readonly ConcurrentDictionary<DwarfUnit, FunctionRange[]> _functions = new();

    /// <summary>The function an address lies in.</summary>
    /// <param name="address">In the file's own address space.</param>
    /// <returns>Null when the debug information has no function there.</returns>
    public DwarfFunction? FindFunction(ulong address) =>
        FindFunctionRange(address) is { } range && range.Unit.ReadDie(range.Offset) is { } die ? new(die, FirstRange(die)) : null;

    /// <summary>The functions of a name, those with code first.</summary>
    /// <param name="name">The name in the source (<c>f</c>, <c>ns::C::f</c>) or the one the linker knows (<c>_ZN2ns1C1fEv</c>).</param>
    public IReadOnlyList<DwarfFunction> FindFunctions(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var found = new List<DwarfFunction>();
        var separator = LastSeparator(name);
        foreach (var reference in _names.Value.Find(separator < 0 ? name : name[(separator + 2)..], isFunction: true))
        {
            if (reference.Read() is not { } die)
            {
                continue;
            }

            var function = new DwarfFunction(die, FirstRange(die));
            if (separator < 0 || function.LinkageName is not { } linkage || Demangler.FunctionName(linkage) is not { } qualified || EndsWithName(qualified, name))
            {
                found.Add(function);
            }
        }

        return [.. found.OrderBy(f => f.Address is null)];

        static bool EndsWithName(string qualified, string name) =>
            qualified == name || (qualified.EndsWith(name, StringComparison.Ordinal) && qualified.AsSpan(0, qualified.Length - name.Length).EndsWith("::"));
    }

    /// <summary>Where the last <c>::</c> outside of template arguments is; -1 for none.</summary>
    static int LastSeparator(string name)
    {
        var depth = 0;
        for (var i = name.Length - 1; i > 0; i--)
        {
            depth += name[i] switch
            {
                '>' => 1,
                '<' => -1,
                _ => 0,
            };
            if (depth <= 0 && name[i] == ':' && name[i - 1] == ':')
            {
                return i - 1;
            }
        }

        return -1;
    }

    /// <summary>The places a function was inlined at: the address of the first instruction of each copy, in ascending order.</summary>
    /// <param name="name">As for <see cref="FindFunctions"/>.</param>
    public IReadOnlyList<ulong> FindInlined(string name)
    {
        var targets = new HashSet<DieReference>();
        foreach (var function in FindFunctions(name))
        {
            foreach (var die in function.Die.WithOrigins())
            {
                targets.Add(new(die.Unit, die.Offset));
            }
        }

        var addresses = new SortedSet<ulong>();
        if (targets.Count > 0)
        {
            foreach (var unit in _data.Units)
            {
                CollectInlined(unit, targets, addresses);
            }
        }

        return [.. addresses];
    }

    static void CollectInlined(DwarfUnit unit, HashSet<DieReference> targets, SortedSet<ulong> addresses)
    {
        if (unit.FirstDie >= unit.End)
        {
            return;
        }

        var reader = unit.ReaderAt(unit.FirstDie);
        while (!reader.AtEnd)
        {
            var offset = (ulong)reader.Position;
            if (unit.ReadAbbreviation(ref reader) is not { } abbreviation)
            {
                continue;
            }

            var isCopy = false;
            foreach (var (attribute, form, constant) in abbreviation.Attributes)
            {
                var value = AttributeValue.Read(ref reader, form, constant, unit);
                isCopy |= abbreviation.Tag == DwarfTag.InlinedSubroutine && attribute == DwarfAttribute.AbstractOrigin
                    && unit.ReferenceOf(value) is { } origin && targets.Contains(origin);
            }

            if (isCopy && unit.ReadDie(offset) is { } die && EntryOf(die) is { } entry)
            {
                addresses.Add(entry);
            }
        }
    }

    /// <summary>The address of the first instruction to run, which need not be the lowest.</summary>
    static ulong? EntryOf(Die die)
    {
        var ranges = die.Unit.RangesOf(die, most: 1);
        if (ranges.Count == 0 || ranges[0].IsDiscarded)
        {
            return die.Address(DwarfAttribute.EntryPc);
        }

        // In DWARF 5 a number counts from the start of the first range.
        return die.Address(DwarfAttribute.EntryPc) ?? unchecked(ranges[0].Low + (die.Constant(DwarfAttribute.EntryPc) ?? 0));
    }

    static AddressRange? FirstRange(Die die)
    {
        var ranges = die.Unit.RangesOf(die, most: 1);
        return ranges.Count > 0 && !ranges[0].IsDiscarded ? ranges[0] : null;
    }

    FunctionRange? FindFunctionRange(ulong address)
    {
        foreach (var unit in UnitsAt(address))
        {
            var functions = _functions.GetOrAdd(unit, ReadFunctions);
            int low = 0, high = functions.Length;
            while (low < high)
            {
                var middle = (low + high) >>> 1;
                if (functions[middle].Range.Low <= address)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            if (low > 0 && functions[low - 1].Range.Contains(address))
            {
                return functions[low - 1];
            }
        }

        return null;
    }

    /// <summary>The units whose code covers an address: one, unless the file is odd.</summary>
    IEnumerable<DwarfUnit> UnitsAt(ulong address)
    {
        const int MostUnits = 16;
        var ranges = _unitRanges.Value;
        int low = 0, high = ranges.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (ranges[middle].Range.Low <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (int at = low - 1, count = 0; at >= 0 && count < MostUnits; at--, count++)
        {
            if (ranges[at].Range.Contains(address))
            {
                yield return ranges[at].Unit;
            }
        }
    }

    UnitRange[] ReadUnitRanges()
    {
        const int MostRanges = 1 << 22;
        var found = new List<UnitRange>();
        foreach (var unit in _data.Units)
        {
            if (found.Count < MostRanges && unit.FirstDie < unit.End && unit.ReadDie(unit.FirstDie) is { Tag: DwarfTag.CompileUnit } root)
            {
                found.AddRange(unit.RangesOf(root).Where(r => !r.IsDiscarded).Select(r => new UnitRange(r, unit)));
            }
        }

        found.Sort(static (a, b) => a.Range.Low.CompareTo(b.Range.Low));
        return [.. found];
    }

    /// <summary>All functions of a unit that have code, also those within namespaces, classes and other functions.</summary>
    static FunctionRange[] ReadFunctions(DwarfUnit unit)
    {
        const int MostRanges = 1 << 20;
        var found = new List<FunctionRange>();
        var reader = unit.ReaderAt(unit.FirstDie);
        while (!reader.AtEnd && found.Count < MostRanges)
        {
            var offset = (ulong)reader.Position;
            if (unit.ReadAbbreviation(ref reader) is not { } abbreviation)
            {
                continue;
            }

            var hasCode = false;
            foreach (var (attribute, form, constant) in abbreviation.Attributes)
            {
                AttributeValue.Read(ref reader, form, constant, unit);
                hasCode |= attribute is DwarfAttribute.LowPc or DwarfAttribute.Ranges;
            }

            if (hasCode && abbreviation.Tag == DwarfTag.Subprogram && unit.ReadDie(offset) is { } die)
            {
                found.AddRange(unit.RangesOf(die).Where(r => !r.IsDiscarded).Select(r => new FunctionRange(r, unit, offset)));
            }
        }

        found.Sort(static (a, b) => a.Range.Low.CompareTo(b.Range.Low));
        return [.. found];
    }

    readonly record struct UnitRange(AddressRange Range, DwarfUnit Unit);

    readonly record struct FunctionRange(AddressRange Range, DwarfUnit Unit, ulong Offset);
}
