using Sonde.Bpf.Btf;
using Sonde.Linux;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The kernel's types, and those of its modules that something was asked of. BTF is read at the first question and every part of it when needed; without BTF there are none.</summary>
sealed class KernelTypes
{
    /// <summary>What the kernel itself is called beside its modules.</summary>
    public const string Kernel = "vmlinux";

    readonly string _path;
    readonly Lazy<BtfTypes?> _btf;
    readonly Dictionary<string, BtfTypes?> _modules = [];
    readonly BtfTypeReader _reader = new();
    readonly Lazy<Dictionary<string, (int Enum, long Value)>> _constants;
    readonly Lazy<HashSet<int>> _callable;

    /// <summary>The running kernel's, or those of the file given in its place; modules' lie beside it.</summary>
    public KernelTypes(string? path = null)
    {
        _path = path ?? BtfTypes.KernelPath;
        _btf = new(() => Load(_path, null));
        _constants = new(IndexConstants);
        _callable = new(FindCallable);
    }

    /// <summary>Some BTF instead of the kernel's: for tests.</summary>
    public KernelTypes(BtfTypes btf)
        : this() => _btf = new(btf);

    /// <summary>The BTF itself; null when the kernel has none, or it is damaged.</summary>
    public BtfTypes? Btf => _btf.Value;

    /// <summary>The modules that tell their types (Linux 5.11+ with CONFIG_DEBUG_INFO_BTF_MODULES). Beside a file given in the kernel's place anything may lie: of those only what proves to be a module's BTF for it.</summary>
    public IEnumerable<string> Modules => Btf is null || Path.GetDirectoryName(_path) is not { } folder || !Directory.Exists(folder) ? []
        : Directory.EnumerateFiles(folder).Where(file => file != _path).Select(file => Path.GetFileName(file)).Where(name => _path == BtfTypes.KernelPath || Of(name) is not null).Order(StringComparer.Ordinal);

    /// <summary>The types of a module, or the kernel's own by the name of <see cref="Kernel"/>; null when it does not tell them.</summary>
    public BtfTypes? Of(string module)
    {
        if (module == Kernel || Btf is not { } kernel)
        {
            return Btf;
        }

        if (!_modules.TryGetValue(module, out var types))
        {
            types = module.Length == 0 || module.Contains('/', StringComparison.Ordinal) ? null : Load(Path.Combine(Path.GetDirectoryName(_path) ?? "", module), kernel);
            if (_path != BtfTypes.KernelPath && types is { IsOfItsKernel: false })
            {
                types = null;
            }

            _modules.Add(module, types);
        }

        return types;
    }

    /// <summary>The type of the language that a BTF type is.</summary>
    public DataType Read(BtfType type) => _reader.Read(type);

    /// <summary>See <see cref="Script.Binding.ITarget.FindKernelType"/>.</summary>
    public DataType? Find(string tag, string name)
    {
        foreach (var btf in Known)
        {
            foreach (var candidate in btf.FindAll(name))
            {
                if (IsTagged(candidate.Kind, tag))
                {
                    return Read(candidate);
                }
            }
        }

        return null;
    }

    /// <summary>See <see cref="Script.Binding.ITarget.TryFindEnumValue"/>.</summary>
    public bool TryFindEnumValue(string name, out EnumType type, out long value)
    {
        if (Btf is { } btf && _constants.Value.TryGetValue(name, out var constant) && Read(btf[constant.Enum]) is EnumType found)
        {
            type = found;
            value = constant.Value;
            return true;
        }

        foreach (var candidate in Known.Skip(1).SelectMany(module => module.Own))
        {
            if (candidate.Values.FirstOrDefault(each => each.Name == name) is { Name: not null } own && Read(candidate) is EnumType enumeration)
            {
                (type, value) = (enumeration, own.Value);
                return true;
            }
        }

        type = null!;
        value = 0;
        return false;
    }

    /// <summary>See <see cref="Script.Binding.ITarget.FindKernelFunction"/>.</summary>
    public int? FindCallableFunction(string name) =>
        FindFunction(name) is { } function && (_callable.Value.Count == 0 || _callable.Value.Contains(function.Id)) ? function.Id : null;

    /// <summary>Where a member, by its path of names, lies in a structure; null when either is not known.</summary>
    public int? OffsetOf(string structure, string member) =>
        Btf is { } btf && btf.TryFind(structure, BtfKind.Structure, out var type) && type.TryFindMember(member, out var found) ? found.ByteOffset : null;

    /// <summary>All types of a tag that have a name, each once.</summary>
    public IEnumerable<BtfType> Named(string tag)
    {
        var seen = new HashSet<string>();
        foreach (var type in Btf?.Own ?? [])
        {
            if (IsTagged(type.Kind, tag) && type.Name is { Length: > 0 } name && seen.Add(name))
            {
                yield return type;
            }
        }
    }

    /// <summary>A function of the kernel, or of a module, by name.</summary>
    public BtfType? FindFunction(string name, string module = Kernel) =>
        Of(module) is { } btf && btf.TryFind(name, BtfKind.Function, out var function) && function.Types == btf ? function : null;

    /// <summary>Whether there is a variable of this name; those that every processor has its own of are the only ones that BTF names up to now (pahole 1.31).</summary>
    public bool HasVariable(string name) => Btf is { } btf && btf.TryFind(name, BtfKind.Variable, out _);

    /// <summary>The kernel's types first.</summary>
    IEnumerable<BtfTypes> Known => new[] { Btf }.Concat(_modules.Values).OfType<BtfTypes>();

    static BtfTypes? Load(string path, BtfTypes? kernel)
    {
        try
        {
            // Beside a file of the user's there may be anything: a pipe, a device, a film.
            const int most = 64 << 20;
            return RootedFile.TryRead(0, path, most, out var bytes) ? BtfTypes.Parse(bytes, kernel) : null;
        }
        catch (BtfException)
        {
            return null;
        }
    }

    static bool IsTagged(BtfKind kind, string tag) => tag switch
    {
        "struct" => kind == BtfKind.Structure,
        "union" => kind == BtfKind.Union,
        "enum" => kind is BtfKind.Enumeration or BtfKind.Enumeration64,
        "" => kind is BtfKind.Typedef or BtfKind.Integer or BtfKind.Float,
        _ => false,
    };

    Dictionary<string, (int Enum, long Value)> IndexConstants()
    {
        var constants = new Dictionary<string, (int, long)>();
        foreach (var type in Btf?.Own ?? [])
        {
            foreach (var (name, value) in type.Values)
            {
                constants.TryAdd(name, (type.Id, value));
            }
        }

        return constants;
    }

    /// <summary>Functions that carry the tag <c>bpf_kfunc</c> (Linux 6.10 with pahole 1.26); none where the kernel does not tell.</summary>
    HashSet<int> FindCallable()
    {
        var functions = new HashSet<int>();
        foreach (var tag in Btf?.FindAll("bpf_kfunc") ?? [])
        {
            if (tag.Kind == BtfKind.DeclarationTag)
            {
                functions.Add(tag.Target.Id);
            }
        }

        return functions;
    }
}
