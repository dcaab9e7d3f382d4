using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Lowering.Native;
using Sonde.Symbols;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Stacks;

/// <summary>Loads the unwind tables of processes into the maps of programs that walk stacks (<see cref="UnwindMaps"/>).</summary>
/// <remarks>The rows of a file are loaded once, however many processes run it, and stay. For one thread at a time.</remarks>
sealed class KernelUnwindTables : IDisposable
{
    /// <summary>A process that asks for tables again and again, as one that runs code of no file does, is looked at no more often than this.</summary>
    const long PatienceMs = 200;

    readonly Map _processes;
    readonly Map _wanted;
    readonly MemoryMapping _rows;
    readonly int _room;
    readonly CodeFiles _files;
    readonly Dictionary<(uint Device, ulong Inode, string Path), Module?> _modules = [];
    readonly Dictionary<int, long> _lookedAtMs = [];
    readonly Dictionary<int, int> _lostMappings = [];
    (int Pid, int Count, ulong End) _followed;
    int _used;

    /// <summary>Tables for programs that use these maps.</summary>
    /// <param name="specs">What the maps were made of.</param>
    /// <param name="find">The maps.</param>
    /// <param name="files">The files that processes have mapped.</param>
    public KernelUnwindTables(UnwindMaps specs, Func<MapSpec, Map> find, CodeFiles files)
    {
        (_processes, _wanted, _files, _room) = (find(specs.Processes), find(specs.Wanted), files, specs.Rows.MaxEntries);
        _rows = find(specs.Rows).MapMemory();
        _processes.Update(BitConverter.GetBytes(0), new byte[specs.Processes.ValueSize]);
    }

    /// <summary>Files whose rows found no room, or that have more than a table can hold.</summary>
    public int LostFiles { get; private set; }

    /// <summary>Processes for which there was no room beside those that run.</summary>
    public int LostProcesses { get; private set; }

    /// <summary>Mappings beyond those that are kept of a process.</summary>
    public int LostMappings => _lostMappings.Values.Sum();

    /// <summary>Loads the tables of a process, or those of what it has mapped since; a process that is gone is forgotten.</summary>
    public void Add(int pid)
    {
        _lookedAtMs[pid] = Environment.TickCount64;
        if (!ProcFs.TryReadMaps(pid, out var mappings) || mappings.Count == 0)
        {
            Forget(pid);
            return;
        }

        var value = new byte[_processes.ValueBytes];
        var (count, lost) = (0, 0);
        using var memory = new LiveMemory(pid);
        foreach (var mapping in mappings)
        {
            if (!mapping.IsExecutable || ModuleOf(pid, mapping, memory) is not { } module || !MappedImage.TryGetLoadBias(module.Segments, mapping, out var bias))
            {
                continue;
            }

            if (count == UnwindMaps.MostMappings)
            {
                lost++;
                continue;
            }

            var entry = value.AsSpan(UnwindMaps.Mappings + count * UnwindMaps.MappingSize);
            Put(entry[UnwindMaps.MappingStart..], mapping.Start);
            Put(entry[UnwindMaps.MappingEnd..], mapping.End);
            Put(entry[UnwindMaps.MappingBias..], unchecked(bias + module.Base));
            Put(entry[UnwindMaps.MappingFirstRow..], module.First);
            Put(entry[UnwindMaps.MappingRows..], module.Count);
            count++;
        }

        Put(value, (ulong)count);
        _lostMappings[pid] = lost;
        if (!TryUpdate(pid, value))
        {
            foreach (var gone in _lookedAtMs.Keys.Where(static other => !ProcFs.Exists(other)).ToList())
            {
                Forget(gone);
            }

            LostProcesses += TryUpdate(pid, value) ? 0 : 1;
        }
    }

    /// <summary>What found no room, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (LostFiles > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"the unwind tables of {LostFiles} files found no room: stacks through their code follow frame pointers");
        }

        if (LostProcesses > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{LostProcesses} times there was no room for the unwind tables of one more process: its stacks follow frame pointers");
        }

        if (LostMappings > 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{LostMappings} mappings beyond {UnwindMaps.MostMappings} of a process have no unwind tables: stacks through their code follow frame pointers");
        }
    }

    /// <summary>Loads the tables of what a process has mapped since, before a program asks for them.</summary>
    public void Follow(int pid)
    {
        if (ProcFs.TryReadMaps(pid, out var mappings) && mappings.Count > 0 && (pid, mappings.Count, mappings[^1].End) is var now && now != _followed)
        {
            _followed = now;
            Add(pid);
        }
    }

    /// <summary>Loads what programs asked for since this was called the last time.</summary>
    public void Refresh()
    {
        foreach (var pid in _wanted.Keys<int>().ToList())
        {
            if (!_lookedAtMs.TryGetValue(pid, out var last) || Environment.TickCount64 - last >= PatienceMs)
            {
                _wanted.Delete(pid);
                Add(pid);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rows.Dispose();

    void Forget(int pid)
    {
        _processes.Delete(pid);
        _lookedAtMs.Remove(pid);
        _lostMappings.Remove(pid);
    }

    /// <returns>False when the map is full.</returns>
    bool TryUpdate(int pid, byte[] value)
    {
        try
        {
            _processes.Update(BitConverter.GetBytes(pid), value);
            return true;
        }
        catch (LinuxException exception) when (exception.Errno == Errno.E2BIG)
        {
            return false;
        }
    }

    /// <summary>The rows of a file, loaded when it is first met; the file itself is not kept.</summary>
    Module? ModuleOf(int pid, in ProcMapping mapping, IMemory memory)
    {
        var key = (mapping.Device, mapping.Inode, mapping.Path);
        if (!_modules.TryGetValue(key, out var module))
        {
            module = _files.Read(pid, mapping, memory) is { } elf ? Load(elf) : null;
            _modules.Add(key, module);
        }

        return module;
    }

    Module Load(ElfFile elf)
    {
        var table = Read(elf);
        if (table.Rows.Count > _room - _used)
        {
            LostFiles++;
            return new(elf.Segments, 0, 0, table.Base);
        }

        LostFiles += table.IsCut ? 1 : 0;
        var rows = MemoryMarshal.Cast<byte, CompactUnwindRow>(_rows.Bytes)[_used..];
        for (var i = 0; i < table.Rows.Count; i++)
        {
            rows[i] = table.Rows[i];
        }

        _used += table.Rows.Count;
        return new(elf.Segments, _used - table.Rows.Count, table.Rows.Count, table.Base);
    }

    static CompactUnwindTable Read(ElfFile elf)
    {
        try
        {
            return CallFrameTable.Read(elf).Compact();
        }
        catch (ElfException)
        {
            return new(0, []);
        }
    }

    static void Put<T>(Span<byte> to, T value) where T : unmanaged => MemoryMarshal.Write(to, in value);

    /// <summary>Where the rows of a file are.</summary>
    sealed record Module(IReadOnlyList<ElfSegment> Segments, int First, int Count, ulong Base);
}
