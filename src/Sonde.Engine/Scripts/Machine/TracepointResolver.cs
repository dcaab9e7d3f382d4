using System.Globalization;
using System.Text;
using Sonde.Bpf;
using Sonde.Linux;
using Sonde.Script.Binding;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The kernel's tracepoints by their record: <c>tracepoint:SUBSYSTEM:EVENT</c>.</summary>
sealed class TracepointResolver(KernelTypes types) : IProbeResolver, IDisposable
{
    const string ForRoot = "tracepoints are read from tracefs, which only root may look at: run it with sudo";

    readonly TracepointTypes _types = new(types);
    Tracefs? _tracefs;
    string? _problem;

    public IReadOnlyList<ResolvedProbe> Resolve(ProbeRequest request)
    {
        var probes = new List<ResolvedProbe>();
        foreach (var (group, name) in Find(request.Parts[0], request.Parts[1]))
        {
            if (Read(group, name) is { Id: > 0 } format)
            {
                probes.Add(Probe(request, group, name, format));
            }
        }

        return probes.Count == 0 && _problem is { } problem ? request.ErrorOnce(problem) : probes;
    }

    public string? ExplainMissing(ProbeRequest request)
    {
        var (group, name) = (request.Parts[0], request.Parts[1]);
        if (Wildcards.Has(group))
        {
            return Wildcards.Has(name) ? null : Suggestions.DidYouMean(name, Find(group, "*").Select(e => e.Name));
        }

        if (!Groups().Contains(group))
        {
            // The event may be right and only its subsystem wrong, or the subsystem misspelt.
            return Find("*", name).FirstOrDefault() is { Name: { } found } other && !Wildcards.Has(name)
                ? $"did you mean '{other.Group}:{found}'?"
                : Suggestions.DidYouMean(group, Groups());
        }

        return Suggestions.Nearest(name, Events(group)) is { } nearest ? $"did you mean '{group}:{nearest}'?" : null;
    }

    public IEnumerable<ListedScriptProbe> List(ProbeRequest request, bool details)
    {
        foreach (var (group, name) in Find(request.Parts[0], request.Parts[1]))
        {
            yield return new($"tracepoint:{group}:{name}", details ? [.. (Read(group, name)?.Fields ?? []).Select(field => field.Declaration)] : []);
        }
    }

    public void Dispose() => _tracefs?.Dispose();

    ResolvedProbe Probe(ProbeRequest request, string group, string name, TracepointFormat format)
    {
        // Arguments of system calls are the process's; everything else was put into the record by the kernel.
        var space = group == "syscalls" ? AddressSpace.User : AddressSpace.Kernel;
        var arguments = new Lazy<IReadOnlyList<StructField>>(() => [.. format.Fields.Select(field => _types.Field(field, space == AddressSpace.User ? space : AddressSpace.None))]);
        var size = format.Fields.Select(field => field.Offset + field.Size).DefaultIfEmpty(8).Max();
        var record = new StructType($"tracepoint:{group}:{name}_args", (size + 7) / 8 * 8, false, () => arguments.Value);
        return new()
        {
            Kind = ProbeKind.Tracepoint,
            Name = $"tracepoint:{group}:{name}",
            Context = new()
            {
                Key = Key(group, format),
                Kind = ProbeKind.Tracepoint,
                ProgramType = ProgramType.Tracepoint,
                DefaultSpace = space,
                ContextType = record,
                ArgumentStruct = record,
            },
            Group = group,
            Function = name,
            TracepointId = format.Id,
            Span = request.Span,
        };
    }

    /// <summary>Events of one class have one layout, and so one program.</summary>
    static string Key(string group, TracepointFormat format)
    {
        var key = new StringBuilder(group == "syscalls" ? "tracepoint of a system call" : "tracepoint");
        foreach (var field in format.Fields)
        {
            key.Append(CultureInfo.InvariantCulture, $"|{field.Declaration}@{field.Offset}+{field.Size}{(field.IsSigned ? "s" : "u")}");
        }

        return key.ToString();
    }

    IEnumerable<(string Group, string Name)> Find(string subsystem, string name)
    {
        if (!Wildcards.Has(subsystem) && !Wildcards.Has(name))
        {
            return IsPlain(subsystem) && IsPlain(name) && Root is { } root && File.Exists($"{root}/events/{subsystem}/{name}/id") ? [(subsystem, name)] : [];
        }

        var groups = Wildcards.Matcher(subsystem);
        var names = Wildcards.Matcher(name);
        return from found in Wildcards.Has(subsystem) ? Groups().Where(groups) : [subsystem]
               from own in Events(found)
               where names(own) && File.Exists($"{Root}/events/{found}/{own}/id")
               select (found, own);
    }

    string[] Groups() => Directories("");

    string[] Events(string group) => IsPlain(group) ? Directories(group) : [];

    string[] Directories(string group)
    {
        try
        {
            if (Root is not { } root)
            {
                return [];
            }

            var names = Array.ConvertAll(Directory.GetDirectories($"{root}/events/{group}"), directory => Path.GetFileName(directory));
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (UnauthorizedAccessException)
        {
            _problem = ForRoot;
            return [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    TracepointFormat? Read(string group, string name) =>
        ProcFs.TryRead($"{Root}/events/{group}/{name}/format", out var text) ? TracepointFormat.Parse(Encoding.UTF8.GetString(text)) : null;

    string? Root
    {
        get
        {
            if (_tracefs is null && _problem is null)
            {
                try
                {
                    _tracefs = Tracefs.Open();
                }
                catch (LinuxException problem)
                {
                    _problem = problem.Errno == Errno.EPERM ? ForRoot : $"tracepoints are read from tracefs, which cannot be opened: {problem.Message}";
                }
            }

            return _tracefs?.Root;
        }
    }

    static bool IsPlain(string name) => name.Length > 0 && name[0] != '.' && !name.Contains('/') && !name.Contains('\0');
}
