using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Python.Layouts;
using Sonde.Script.Binding;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Scripts.Python;

/// <summary>
/// Finds the places in interpreters where Python functions are called and left: those of a process, of a command, of an interpreter that is named, or
/// of every interpreter that runs.
/// </summary>
/// <param name="processId">The process of -p or -c; 0 for none.</param>
/// <param name="program">The program of -c as it is found on disk; empty without -c.</param>
sealed class PythonResolver(int processId, string program) : IProbeResolver, IDisposable
{
    readonly List<PythonImage> _images = [];
    bool _searched;
    string? _problem;

    /// <summary>The interpreters found so far; their places in this list are <see cref="PythonContext.Image"/>.</summary>
    public IReadOnlyList<PythonImage> Images => _images;

    /// <inheritdoc/>
    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var parts = request.Parts;
        var (interpreter, file, function) = parts.Count switch
        {
            1 => ("*", "", parts[0]),
            2 => ("*", parts[0], parts[1]),
            _ => (parts[0], parts[1], parts[2]),
        };
        if (function.Length == 0)
        {
            return request.Error($"{request.Type.Name} needs a function: a qualified name such as Server.handle, or a pattern; * is all of them");
        }

        if (Math.Max(file.Length, function.Length) > PythonCodeRecord.MostSteps - 2)
        {
            return request.Error(string.Create(CultureInfo.InvariantCulture, $"{request.Type.Name}: the pattern has {Math.Max(file.Length, function.Length)} characters; at most {PythonCodeRecord.MostSteps - 2} are compared"));
        }

        Search();
        if (_problem is not null)
        {
            return request.ErrorOnce(_problem);
        }

        if (interpreter.Contains('/') && !Wildcards.Has(interpreter) && TryDo(() => Add(MappedImage.Open(interpreter))) is { } problem)
        {
            return request.Error($"{request.Type.Name}: {problem}");
        }

        var pattern = new PythonPattern(file, function);
        var name = $"{request.Type.Name}:{string.Join(':', parts)}";
        return [.. _images.Where(image => Named(image, interpreter)).SelectMany(image => Places(image, request, pattern, name))];
    }

    /// <inheritdoc/>
    public string? ExplainMissing(ProbeRequest request) =>
        processId != 0 ? null
        : _images.Count == 0 ? "no Python runs on this machine now; name the interpreter (pycall:/usr/bin/python3:FILE:FUNCTION), a process with -p or a command with -c"
        : $"of the interpreters that run now ({string.Join(", ", _images.Select(image => image.Image.Path))}) none matches '{request.Parts[0]}'";

    /// <inheritdoc/>
    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        Search();
        return _images.Select(image => new ListedScriptProbe($"{request.Type.Name}:{image.Image.Path}:*:*", []));
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var image in _images)
        {
            image.Dispose();
        }
    }

    static bool Named(PythonImage image, string interpreter) =>
        Wildcards.Matcher(interpreter)(image.Image.Path) || Wildcards.Matcher(interpreter)(Path.GetFileName(image.Image.Path))
        || (NamespaceFile.TryRead(interpreter, out var named) && NamespaceFile.TryRead(image.Image.File.ProcPath, out var own) && named == own);

    IEnumerable<ResolvedProbe> Places(PythonImage image, ProbeRequest request, PythonPattern pattern, string name)
    {
        var number = _images.IndexOf(image);
        var values = ValueLayout.For(image.Version);
        foreach (var site in image.Sites.Where(site => PythonProbeCode.Serves(site, request.Kind, image.Layout)))
        {
            yield return new ResolvedProbe
            {
                Kind = request.Kind,
                Name = name,
                Path = image.Image.File.ProcPath,
                FileOffset = site.FileOffset,
                ProcessId = processId,
                Function = pattern.Function,
                Span = request.Span,
                Context = new ProbeContext
                {
                    Key = $"{name} {number} {site.Kind} {site.ThreadState} {site.Frame} {site.ParentFrame} {site.Current} {site.Reasons}",
                    Kind = request.Kind,
                    ProgramType = ProgramType.Kprobe,
                    DefaultSpace = AddressSpace.User,
                    HasRegisters = true,
                    Python = new PythonContext(image.Layout, values, site, pattern, number),
                },
            };
        }
    }

    void Search()
    {
        if (_searched)
        {
            return;
        }

        _searched = true;
        _problem = TryDo(() =>
        {
            if (program.Length > 0)
            {
                AddProgram(program);
            }
            else if (processId != 0)
            {
                Add(PythonTarget.Find(processId).Image);
            }
            else
            {
                AddRunning();
            }
        });
    }

    /// <summary>Does what may find no interpreter that can be traced; says why not.</summary>
    static string? TryDo(Action action)
    {
        try
        {
            action();
            return null;
        }
        catch (Exception problem) when (problem is UserErrorException or LinuxException or ElfException)
        {
            return problem.Message;
        }
    }

    /// <summary>The interpreter a program will have: its own, or that of the libpython it needs.</summary>
    void AddProgram(string path)
    {
        var image = MappedImage.Open(path);
        switch (Sonde.Python.Interpreter.Recognize(image.Elf, path))
        {
            case Sonde.Python.Interpreter.Launcher launcher:
                using (image)
                {
                    Add(MappedImage.Open(LibraryOf(image, path, launcher.Library)));
                }

                break;
            case Sonde.Python.Interpreter.None:
                image.Dispose();
                throw new UserErrorException($"{path} is no Python, so the command has no Python functions to probe; give the interpreter itself: -c 'python3 FILE'");
            default:
                Add(image);
                break;
        }
    }

    static string LibraryOf(MappedImage image, string path, string library)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        var candidates = (image.Elf.RunPath ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Select(run => run.Replace("$ORIGIN", folder, StringComparison.Ordinal).Replace("${ORIGIN}", folder, StringComparison.Ordinal))
            .Append(Path.Combine(folder, "../lib")).Select(directory => Path.Combine(directory, library));
        return candidates.FirstOrDefault(File.Exists)
            ?? new BinaryFinder(0).Find(library).Select(found => found.Path).FirstOrDefault()
            ?? throw new UserErrorException($"{path} needs {library}, which was not found where the loader looks by default; name the interpreter (pycall:/path/to/{library}:FILE:FUNCTION)");
    }

    void AddRunning()
    {
        var seen = new HashSet<(uint, ulong)>();
        foreach (var pid in ProcFs.Processes())
        {
            if (!ProcFs.TryReadMaps(pid, out var mappings)
                || mappings.FirstOrDefault(mapping => mapping.IsExecutable && mapping.IsFile) is not { Inode: not 0 } first
                || !mappings.Exists(mapping => mapping.IsExecutable && Path.GetFileName(mapping.Path).Contains("python", StringComparison.OrdinalIgnoreCase)))
            {
                continue;
            }

            if (PythonTarget.Search(pid, mappings).Target is { } target)
            {
                if (seen.Add((target.Mapping.Device, target.Mapping.Inode)))
                {
                    TryAdd(target.Image);
                }
                else
                {
                    target.Image.Dispose();
                }
            }
        }
    }

    /// <summary>Of all that run, those that cannot be traced are left out.</summary>
    void TryAdd(MappedImage image)
    {
        try
        {
            Add(image);
        }
        catch (UserErrorException)
        {
            // It is named by 'sonde list', with the reason; here others may be meant.
        }
    }

    void Add(MappedImage image)
    {
        if (NamespaceFile.TryRead(image.File.ProcPath, out var file) && _images.Exists(known => NamespaceFile.TryRead(known.Image.File.ProcPath, out var other) && other == file))
        {
            image.Dispose();
            return;
        }

        _images.Add(PythonImage.Analyse(image));
    }
}
