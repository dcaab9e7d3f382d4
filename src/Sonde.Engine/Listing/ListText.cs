using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Python.Sites;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>Writes a listing for people, one line a probe; with details the lines below it are indented.</summary>
public sealed class ListText(TextWriter output, bool details)
{
    /// <summary>Writes one probe. Names that come from a target are escaped.</summary>
    public void Write(ListedProbe probe)
    {
        switch (probe)
        {
            case ListedProbe.Usdt usdt:
                WriteUsdt(usdt);
                break;
            case ListedProbe.Python python:
                WritePython(python);
                break;
            case ListedProbe.Tracepoint tracepoint:
                output.WriteLine($"tracepoint:{Escape.Text(tracepoint.Category)}:{Escape.Text(tracepoint.Name)}");
                foreach (var field in tracepoint.Fields)
                {
                    output.WriteLine($"    {Escape.Text(field)}");
                }

                break;
            case ListedProbe.NativeFunction function:
                output.WriteLine($"uprobe:{Name(function.File)}:{Escape.Text(function.Name)}");
                if (details)
                {
                    output.WriteLine(Invariant($"    address 0x{function.Address:x}, {Offset(function.FileOffset)}, {function.Size} bytes"));
                }

                break;
        }
    }

    /// <summary>A path, marked when the file has no such name any more.</summary>
    public static string Name(ListedFile file) => Escape.Text(file.Path, limit: 4096) + (file.IsDeleted ? " (deleted)" : "");

    /// <summary>How an interpreter would be traced, in a few words.</summary>
    public static string Describe(ListedProbe.Python python)
    {
        if (python.Refusal is { } refusal)
        {
            return $"cannot be traced: {Escape.Text(refusal, limit: 1000)}";
        }

        var exits = python.Sites.Count(site => site.Kind == SiteKind.Exit);
        return Invariant($"traced by stock probes at {python.Sites.Count} places of its own code ({python.Sites.Count - exits} entries, {exits} exits)");
    }

    void WriteUsdt(ListedProbe.Usdt usdt)
    {
        var probe = usdt.Probe;
        var names = probe.Locations[0].Arguments.Where(static argument => argument.Name.Length > 0).Select(static argument => Escape.Text(argument.Name)).ToList();
        output.WriteLine($"{Name(usdt.File)} {Escape.Text(probe.FullName)}{(names.Count > 0 ? $" ({string.Join(", ", names)})" : "")}");
        if (!details)
        {
            return;
        }

        for (var i = 0; i < probe.Locations.Count; i++)
        {
            WriteLocation(output, probe.Locations[i], Invariant($"location {i + 1}: "));
        }
    }

    /// <summary>Writes where a probe stands and what its arguments are.</summary>
    public static void WriteLocation(TextWriter output, UsdtLocation location, string label)
    {
        var semaphore = location.Semaphore is { } counter ? Invariant($", semaphore 0x{counter.Address:x} ({Offset(counter.FileOffset)})") : "";
        output.WriteLine(Invariant($"  {label}address 0x{location.Address:x}, {Offset(location.FileOffset)}{semaphore}"));
        for (var i = 0; i < location.Arguments.Count; i++)
        {
            var argument = location.Arguments[i];
            output.WriteLine(Invariant($"    argument {i + 1}: {Escape.Text(argument.Text),-20} {NameOf(argument)}{Escape.Text(argument.Description)}"));
        }
    }

    /// <summary>An argument's name and a colon; nothing where it has none.</summary>
    public static string NameOf(UsdtArgument argument) => argument.Name.Length > 0 ? $"{Escape.Text(argument.Name)}: " : "";

    void WritePython(ListedProbe.Python python)
    {
        var version = python.Version is { } known ? $"CPython {known}" : "CPython";
        var pids = python.Pids.Count switch
        {
            0 => "",
            1 => Invariant($", process {python.Pids[0]}"),
            _ => $", processes {string.Join(' ', python.Pids)}",
        };
        output.WriteLine($"{Name(python.File)} {version}, {Describe(python)}{pids}");
        if (!details)
        {
            return;
        }

        foreach (var site in python.Sites)
        {
            output.WriteLine(Invariant(
                $"  {site.Kind.ToString().ToLowerInvariant()}: address 0x{site.Address:x}, file offset 0x{site.FileOffset:x}, {Escape.Text(site.Instruction)} ({Cost(site.Cost)}), {Escape.Text(site.Origin)}"));
        }
    }

    static string Cost(SiteCost cost) => cost == SiteCost.Emulated ? "emulated" : "single-stepped";

    static string Offset(ulong? offset) => offset is { } known ? Invariant($"file offset 0x{known:x}") : "nowhere in the file";

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
