using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Linux;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>A place to inspect.</summary>
readonly record struct InspectedSite(string Name, ulong Address, UsdtLocation? Note, (int Number, int Count) Location);

/// <summary>Finds the places that a probe's name stands for in a process.</summary>
sealed class InspectedSites
{
    readonly int _pid;
    readonly string _written;
    readonly ProbeKind _kind;
    readonly string? _target;
    readonly string _name;
    readonly Glob _pattern;
    readonly ulong _offset;

    /// <exception cref="UsageException">The probe's name cannot be understood.</exception>
    public InspectedSites(string probe, int pid)
    {
        _pid = pid;
        _written = probe;
        _name = probe;
        if (!ProbeKinds.TryTakePrefix(ref _name, out _kind))
        {
            _kind = ProbeKind.Usdt;
        }

        switch (_kind)
        {
            case ProbeKind.Tracepoint:
                throw new UsageException($"'{probe}': a tracepoint stands in the kernel, not in a process; inspect takes USDT probes and uprobes");
            case ProbeKind.Function when _name.IndexOf(':') is var colon and > 0:
                _target = _name[..colon];
                _name = _name[(colon + 1)..];
                TakeOffset(ref _name, out _offset);
                break;
            case ProbeKind.Function:
                throw new UsageException($"'{probe}': write uprobe:PATH:function, uprobe:LIBRARY:function+offset or uprobe:PATH:0xaddress");
            case ProbeKind.Usdt when _name.AsSpan().Count(':') >= 2:
                var last = _name.LastIndexOf(':', _name.LastIndexOf(':') - 1);
                _target = _name[..last];
                _name = _name[(last + 1)..];
                break;
        }

        if (_name.Length == 0 && _kind != ProbeKind.Python)
        {
            throw new UsageException($"'{probe}': it names no probe");
        }

        _pattern = new Glob(_name);
    }

    /// <summary>Whether the file may have one.</summary>
    public bool IsWanted(ProcMapping mapping) => _target is null || FileSearch.IsCalled(mapping.Path, _target);

    /// <summary>Its places in a file.</summary>
    public IEnumerable<InspectedSite> In(ElfFile elf, ProcMapping mapping) => _kind switch
    {
        ProbeKind.Function => Functions(elf),
        ProbeKind.Python => PythonProcesses.Describe(elf, new(mapping.Path, mapping.IsDeleted)) is { } python
            ? python.Sites.Select((site, i) => new InspectedSite($"python {site.Kind.ToString().ToLowerInvariant()}, {site.Origin}", site.Address, null, (i + 1, python.Sites.Count)))
            : [],
        _ => SeparateDebugFile.ReadNotes(elf, mapping.Path, _pid).Probes.Where(p => ProbeKinds.IsCalled(p, _pattern))
            .SelectMany(p => p.Locations.Select((location, i) => new InspectedSite(p.FullName, location.Address, location, (i + 1, p.Locations.Count)))),
    };

    /// <summary>The message for a process that has no such place.</summary>
    /// <param name="problem">What else went wrong while looking for it; null for nothing.</param>
    public UserErrorException NotFound(string? problem) => new(_kind switch
    {
        ProbeKind.Function => $"process {_pid} has no function '{_name}' in {_target}; 'sonde list -p {_pid} uprobe:{_target}:*' lists the functions",
        ProbeKind.Python => $"process {_pid} runs no CPython that can be traced; 'sonde list -p {_pid}' says why",
        _ => $"process {_pid} has no USDT probe '{_written}'; 'sonde list -p {_pid}' lists those it has",
    } + (problem is null ? "" : $". {Escape.Text(problem)}"));

    IEnumerable<InspectedSite> Functions(ElfFile elf)
    {
        if (_name.StartsWith("0x", StringComparison.Ordinal))
        {
            return TryParseHex(_name, out var address)
                ? [new InspectedSite(_name, address, null, (1, 1))]
                : throw new UsageException($"'{_written}': {_name} is no address");
        }

        var seen = new HashSet<ulong>();
        var suffix = _offset > 0 ? $"+0x{_offset:x}" : "";
        return new[] { elf.DynamicSymbols, elf.Symbols }.SelectMany(table => table)
            .Where(symbol => symbol.IsFunction && _pattern.Matches(symbol.Name) && seen.Add(symbol.Value))
            .Select(symbol => new InspectedSite(symbol.Name + suffix, unchecked(symbol.Value + _offset), null, (1, 1)));
    }

    /// <summary>Cuts "+12" or "+0x1c" off the end.</summary>
    static void TakeOffset(ref string name, out ulong offset)
    {
        offset = 0;
        var plus = name.LastIndexOf('+');
        if (plus > 0 && (TryParseHex(name[(plus + 1)..], out offset)
            || ulong.TryParse(name.AsSpan(plus + 1), NumberStyles.None, CultureInfo.InvariantCulture, out offset)))
        {
            name = name[..plus];
        }
    }

    static bool TryParseHex(string text, out ulong value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.Ordinal)
            && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
