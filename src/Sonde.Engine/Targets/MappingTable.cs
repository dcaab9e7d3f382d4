using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>What one program of a process has mapped, in order of address: newer mappings take the place of what they overlap.</summary>
/// <remarks>A copy shares its mappings with the original until one of both changes.</remarks>
sealed class MappingTable
{
    /// <summary>A just-in-time compiler may map without end. What cannot run is only there when it was read, and does not count.</summary>
    const int MostExecutable = 1 << 14;

    List<ProcMapping> _mappings;
    int _executable;
    bool _isShared;

    /// <summary>A table of what was read.</summary>
    /// <param name="mappings">In order of address; it belongs to the table.</param>
    public MappingTable(List<ProcMapping> mappings)
        : this(mappings, mappings.Count(static mapping => mapping.IsExecutable), isShared: false)
    {
    }

    MappingTable(List<ProcMapping> mappings, int executable, bool isShared) => (_mappings, _executable, _isShared) = (mappings, executable, isShared);

    /// <summary>The mappings, in order of address.</summary>
    public IReadOnlyList<ProcMapping> All => _mappings;

    /// <summary>A table with the same mappings, which changes by itself.</summary>
    public MappingTable Copy()
    {
        _isShared = true;
        return new MappingTable(_mappings, _executable, isShared: true);
    }

    /// <summary>Finds the mapping that has an address.</summary>
    public bool TryFind(ulong address, out ProcMapping mapping)
    {
        var index = IndexAfter(address) - 1;
        mapping = index >= 0 ? _mappings[index] : default;
        return index >= 0 && mapping.Contains(address);
    }

    /// <summary>Adds a mapping.</summary>
    /// <returns>False when there is no room: then nothing has changed.</returns>
    public bool Add(in ProcMapping mapping)
    {
        // What lies before may reach into it, and beyond it.
        var first = IndexAfter(mapping.Start);
        if (first > 0 && _mappings[first - 1].End > mapping.Start)
        {
            first--;
        }

        var end = first;
        var executable = _executable + (mapping.IsExecutable ? 1 : 0);
        var (before, behind) = (default(ProcMapping), default(ProcMapping));
        for (; end < _mappings.Count && _mappings[end].Start < mapping.End; end++)
        {
            var old = _mappings[end];
            executable -= old.IsExecutable ? 1 : 0;
            before = old.Start < mapping.Start ? old with { End = mapping.Start } : before;
            behind = old.End > mapping.End ? old with { Start = mapping.End, Offset = unchecked(old.Offset + (mapping.End - old.Start)) } : behind;
        }

        executable += (before.IsExecutable ? 1 : 0) + (behind.IsExecutable ? 1 : 0);
        if (executable > MostExecutable && executable > _executable)
        {
            return false;
        }

        if (_isShared)
        {
            (_mappings, _isShared) = ([.. _mappings], false);
        }

        _executable = executable;
        _mappings.RemoveRange(first, end - first);
        if (before.End > 0)
        {
            _mappings.Insert(first++, before);
        }

        _mappings.Insert(first++, mapping);
        if (behind.End > 0)
        {
            _mappings.Insert(first, behind);
        }

        return true;
    }

    /// <summary>The index of the first mapping that begins behind an address.</summary>
    int IndexAfter(ulong address)
    {
        var (low, high) = (0, _mappings.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _mappings[middle].Start <= address ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
