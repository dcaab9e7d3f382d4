using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Stacks;
using Sonde.Script.Lowering.Python;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Scripts.Python;

/// <summary>An interpreter's file, as far as its stacks are concerned.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Layout">Where threads, frames and code objects have their fields.</param>
/// <param name="Interpreters">The address in the file of the pointer to the first interpreter state.</param>
/// <param name="Segments">The parts of the file that are mapped.</param>
sealed record KnownInterpreter(PythonVersion Version, RuntimeLayout Layout, ulong Interpreters, IReadOnlyList<ElfSegment> Segments)
{
    /// <summary>What programs in the kernel are told of it.</summary>
    public byte[] Row() => PythonImageRow.Of(Version, Layout, ValueLayout.For(Version));
}

/// <summary>The interpreters that were met, by number. A number keeps its meaning.</summary>
/// <param name="first">Those of the script's Python probes, which have the first numbers.</param>
sealed class PythonInterpreters(IReadOnlyList<PythonImage> first)
{
    readonly List<KnownInterpreter?> _all = [.. first.Select(image => TryDescribe(image.Image.Elf, image.Version, out var described) is null ? described : null)];
    readonly Dictionary<(uint Device, ulong Inode), Found> _files = [];

    /// <summary>What a file was found to be.</summary>
    /// <param name="Number">The interpreter's number; -1 for none.</param>
    /// <param name="Problem">Why it is none, when it looks like one; null for other files.</param>
    /// <param name="NeedsLibrary">Whether its interpreter is in a library it needs.</param>
    public sealed record Found(int Number, string? Problem, bool NeedsLibrary);

    /// <summary>How many there are.</summary>
    public int Count => _all.Count;

    /// <summary>Whether there is one whose stacks can be read.</summary>
    public bool Any => _all.Exists(static interpreter => interpreter is not null);

    /// <summary>The interpreter of a number; null when there is none, or none whose stacks can be read.</summary>
    public KnownInterpreter? this[int number] => (uint)number < (uint)_all.Count ? _all[number] : null;

    /// <summary>Looks at the file behind a mapping, once.</summary>
    public Found Look(int pid, ProcMapping mapping)
    {
        if (!_files.TryGetValue((mapping.Device, mapping.Inode), out var found))
        {
            found = Open(pid, mapping);
            _files.Add((mapping.Device, mapping.Inode), found);
        }

        return found;
    }

    Found Open(int pid, ProcMapping mapping)
    {
        try
        {
            using var image = MappedImage.Open(pid, mapping);
            switch (Interpreter.Recognize(image.Elf, mapping.Path))
            {
                case Interpreter.Image { Version: var version }:
                    if (TryDescribe(image.Elf, version, out var described) is { } problem)
                    {
                        return new Found(-1, problem, NeedsLibrary: false);
                    }

                    if (_all.Count >= PythonMaps.MostImages)
                    {
                        return new Found(-1, $"{mapping.Path}: more than {PythonMaps.MostImages} different interpreters", NeedsLibrary: false);
                    }

                    _all.Add(described);
                    return new Found(_all.Count - 1, null, NeedsLibrary: false);
                case Interpreter.Unsupported unsupported:
                    return new Found(-1, unsupported.Reason, NeedsLibrary: false);
                case Interpreter.Launcher:
                    return new Found(-1, null, NeedsLibrary: true);
                default:
                    return new Found(-1, null, NeedsLibrary: false);
            }
        }
        catch (Exception exception) when (exception is ElfException or LinuxException)
        {
            return new Found(-1, null, NeedsLibrary: false);
        }
    }

    /// <summary>What is known of a file with an interpreter; why its stacks cannot be read otherwise.</summary>
    static string? TryDescribe(ElfFile image, PythonVersion version, out KnownInterpreter? described)
    {
        try
        {
            var layout = RuntimeLayout.For(version, image);
            described = new KnownInterpreter(version, layout, InterpreterListHead.Find(image, layout), image.Segments);
            return null;
        }
        catch (LayoutException exception)
        {
            described = null;
            return exception.Message;
        }
    }
}
