using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Finds types by name: the language's, the script's C definitions, those of the probed program, the kernel's.</summary>
sealed class TypeResolver
{
    /// <summary>Typedefs of typedefs, arrays of arrays: nobody goes deeper than this on purpose.</summary>
    const int MostDepth = 64;

    static readonly Dictionary<string, DataType> _own = new()
    {
        ["bool"] = BoolType.Instance,
        ["void"] = VoidType.Instance,
        ["int8"] = IntegerType.Int8,
        ["int16"] = IntegerType.Int16,
        ["int32"] = IntegerType.Int32,
        ["int64"] = IntegerType.Int64,
        ["uint8"] = IntegerType.UInt8,
        ["uint16"] = IntegerType.UInt16,
        ["uint32"] = IntegerType.UInt32,
        ["uint64"] = IntegerType.UInt64,
        ["float"] = new FloatType(4),
        ["double"] = new FloatType(8),
        ["kstack_t"] = new SymbolicType(SymbolicKind.KernelStack),
        ["ustack_t"] = new SymbolicType(SymbolicKind.UserStack),
        ["ksym_t"] = new SymbolicType(SymbolicKind.KernelSymbol),
        ["usym_t"] = new SymbolicType(SymbolicKind.UserSymbol),
        ["macaddr_t"] = new SymbolicType(SymbolicKind.HardwareAddress),
        ["inet"] = new SymbolicType(SymbolicKind.InternetAddress),
        ["timestamp"] = new SymbolicType(SymbolicKind.Timestamp),
        ["cgroup_path_t"] = new SymbolicType(SymbolicKind.CgroupPath),
        ["username"] = new SymbolicType(SymbolicKind.UserName),
    };

    /// <summary>C names scripts use that may be had without any header (System V ABI, LP64).</summary>
    static readonly Dictionary<string, DataType> _wellKnown = new()
    {
        ["char"] = IntegerType.Int8,
        ["int8_t"] = IntegerType.Int8,
        ["int16_t"] = IntegerType.Int16,
        ["int32_t"] = IntegerType.Int32,
        ["int64_t"] = IntegerType.Int64,
        ["uint8_t"] = IntegerType.UInt8,
        ["uint16_t"] = IntegerType.UInt16,
        ["uint32_t"] = IntegerType.UInt32,
        ["uint64_t"] = IntegerType.UInt64,
        ["s8"] = IntegerType.Int8,
        ["s16"] = IntegerType.Int16,
        ["s32"] = IntegerType.Int32,
        ["s64"] = IntegerType.Int64,
        ["u8"] = IntegerType.UInt8,
        ["u16"] = IntegerType.UInt16,
        ["u32"] = IntegerType.UInt32,
        ["u64"] = IntegerType.UInt64,
        ["__u8"] = IntegerType.UInt8,
        ["__u16"] = IntegerType.UInt16,
        ["__u32"] = IntegerType.UInt32,
        ["__u64"] = IntegerType.UInt64,
        ["size_t"] = IntegerType.UInt64,
        ["ssize_t"] = IntegerType.Int64,
        ["uintptr_t"] = IntegerType.UInt64,
        ["intptr_t"] = IntegerType.Int64,
        ["off_t"] = IntegerType.Int64,
        ["pid_t"] = IntegerType.Int32,
        ["uid_t"] = IntegerType.UInt32,
        ["gid_t"] = IntegerType.UInt32,
    };

    readonly Dictionary<(TypeKeyword, string), CDefinition> _definitions = [];
    readonly Dictionary<(TypeKeyword, string), DataType?> _resolved = [];
    readonly Dictionary<CDefinition, DataType> _built = [];
    readonly Dictionary<string, (EnumType Type, long Value)> _constants = [];
    readonly HashSet<CDefinition> _building = [];
    readonly ITarget _target;
    int _depth;

    public TypeResolver(IReadOnlyList<CDefinition> definitions, ITarget target)
    {
        _target = target;
        foreach (var definition in definitions)
        {
            _definitions[(KeywordOf(definition), definition.Name)] = definition;
            if (definition is CEnum named)
            {
                var type = EnumOf(named);
                foreach (var constant in named.Constants)
                {
                    _constants[constant.Name] = (type, constant.Value);
                }
            }
        }
    }

    /// <summary>Whether a type was found that is the probed program's own.</summary>
    public bool UsesProgramTypes { get; set; }

    public bool TryFindConstant(string name, out EnumType type, out long value)
    {
        if (_constants.TryGetValue(name, out var known))
        {
            (type, value) = known;
            return true;
        }

        return _target.TryFindEnumValue(name, out type, out value);
    }

    /// <summary>The names of one kind that the script itself defines, and the language's.</summary>
    public IEnumerable<string> KnownNames(TypeKeyword keyword) =>
        _definitions.Keys.Where(key => key.Item1 == keyword).Select(key => key.Item2).Concat(keyword == TypeKeyword.None ? _own.Keys : []);

    /// <summary>The type; null if there is none of that name. Open arrays have no elements, <c>string</c> without a length no capacity.</summary>
    public DataType? Find(TypeName name, ResolvedProbe? probe)
    {
        if (_depth >= MostDepth)
        {
            return null;
        }

        _depth++;
        try
        {
            return FindBase(name, probe) is { } found ? AddSuffixes(found, name.Suffixes) : null;
        }
        finally
        {
            _depth--;
        }
    }

    public static DataType AddSuffixes(DataType type, IReadOnlyList<TypeSuffix> suffixes)
    {
        // C's arrays of arrays are written from the outside in; a pointer ends such a run.
        for (var i = 0; i < suffixes.Count; i++)
        {
            if (suffixes[i].IsPointer)
            {
                type = new PointerType(type);
                continue;
            }

            var end = i;
            while (end + 1 < suffixes.Count && !suffixes[end + 1].IsPointer)
            {
                end++;
            }

            for (var j = end; j >= i; j--)
            {
                var length = suffixes[j].Length ?? 0;
                if (length > int.MaxValue || (Int128)length * Math.Max(1, type.Size) > int.MaxValue)
                {
                    return UnknownType.Instance;
                }

                type = new ArrayType(type, (int)length);
            }

            i = end;
        }

        return type;
    }

    DataType? FindBase(TypeName name, ResolvedProbe? probe)
    {
        if (name.Definition is { } inline)
        {
            return Build(inline);
        }

        if (name.Keyword == TypeKeyword.None)
        {
            switch (name.Name)
            {
                case "string":
                    return new StringType((int)Math.Min(name.Capacity ?? 0, int.MaxValue / 2));
                case "buffer":
                    return new BufferType((int)Math.Min(name.Capacity ?? 64, int.MaxValue / 2));
            }

            if (_own.TryGetValue(name.Name, out var own))
            {
                return own;
            }
        }

        if (_definitions.TryGetValue((name.Keyword, name.Name), out var definition) && (!definition.IsSystem || FindKernelType(name) is null))
        {
            return Build(definition);
        }

        if (probe is { Path.Length: > 0 } && _target.FindProgramType(probe, TagOf(name), name.Name) is { } programs)
        {
            UsesProgramTypes = true;
            return programs;
        }

        return FindKernelType(name) ?? (name.Keyword == TypeKeyword.None ? _wellKnown.GetValueOrDefault(name.Name) : null);
    }

    DataType? FindKernelType(TypeName name)
    {
        if (!_resolved.TryGetValue((name.Keyword, name.Name), out var found))
        {
            found = _target.FindKernelType(TagOf(name), name.Name);
            _resolved.Add((name.Keyword, name.Name), found);
        }

        return found;
    }

    static string TagOf(TypeName name) => name.Keyword == TypeKeyword.None ? "" : name.Keyword.ToString().ToLowerInvariant();

    DataType? Build(CDefinition definition)
    {
        if (_built.TryGetValue(definition, out var known))
        {
            return known;
        }

        // A structure inside itself has no size.
        if (!_building.Add(definition))
        {
            return null;
        }

        var built = definition switch
        {
            CRecord record => RecordOf(record),
            CEnum named => EnumOf(named),
            CTypedef alias => Find(alias.Type, null),
            _ => null,
        };
        _building.Remove(definition);
        if (built is not null)
        {
            _built[definition] = built;
        }

        return built;
    }

    /// <summary>A structure's size needs its members, its members may point back to it: those that do are resolved when asked for.</summary>
    StructType RecordOf(CRecord record)
    {
        var name = record.Name.Length > 0 ? record.Name : $"(anonymous at {record.Span})";
        var layout = RecordLayout.Of(record, type => Find(type, null), followsPointers: false);
        return new(name, layout.Size, record.IsUnion, () => RecordLayout.Of(record, type => Find(type, null), followsPointers: true).Fields, layout.Alignment);
    }

    static EnumType EnumOf(CEnum named)
    {
        var isSigned = named.Constants.Any(constant => constant.Value < 0);
        var isLong = named.Constants.Any(constant => isSigned ? constant.Value is < int.MinValue or > int.MaxValue : constant.Value > uint.MaxValue);
        return new(named.Name, IntegerType.Of(isLong ? 8 : 4, isSigned), [.. named.Constants.Select(constant => new EnumMember(constant.Name, constant.Value))]);
    }

    static TypeKeyword KeywordOf(CDefinition definition) => definition switch
    {
        CRecord record => record.IsUnion ? TypeKeyword.Union : TypeKeyword.Struct,
        CEnum => TypeKeyword.Enum,
        _ => TypeKeyword.None,
    };
}
