using System.Globalization;

namespace Sonde.Bpf.Btf;

/// <summary>One type (<c>struct btf_type</c> and what follows it, include/uapi/linux/btf.h). Number 0 is <c>void</c>.</summary>
/// <remarks>Its members are read from the bytes at every call; keep what is needed more than once.</remarks>
public readonly record struct BtfType
{
    internal const int HeaderBytes = 12;
    const int MostDepth = 32; // longer chains than any compiler makes, short enough for rings

    readonly BtfTypes? _types;

    internal BtfType(BtfTypes types, int id)
    {
        _types = types;
        Id = id;
    }

    /// <summary>Its number.</summary>
    public int Id { get; }

    /// <summary>Where it is from.</summary>
    public BtfTypes Types => _types ?? throw new InvalidOperationException("This type was never found.");

    /// <summary>What kind it is.</summary>
    public BtfKind Kind => Id == 0 ? BtfKind.Void : KindOf(Info);

    /// <summary>Its name; empty when it has none.</summary>
    public string Name => Types.Text(BtfTypes.Word(Record, 0));

    /// <summary>What it points to, is made of, returns or stands for; <c>void</c> for kinds that refer to nothing.</summary>
    /// <exception cref="BtfException">It names a type that does not exist.</exception>
    public BtfType Target => Kind switch
    {
        BtfKind.Array => Types[(int)BtfTypes.Word(Record, HeaderBytes)],
        BtfKind.Pointer or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Function
            or BtfKind.FunctionPrototype or BtfKind.Variable or BtfKind.DeclarationTag or BtfKind.TypeTag => Types[(int)SizeOrType],
        _ => Types[0],
    };

    /// <summary>How many elements an array has; 0 for other kinds.</summary>
    public uint ElementCount => Kind == BtfKind.Array ? BtfTypes.Word(Record, HeaderBytes + 8) : 0;

    /// <summary>Whether an integer or enumeration is signed.</summary>
    public bool IsSigned => Kind switch
    {
        BtfKind.Integer => (BtfTypes.Word(Record, HeaderBytes) >> 24 & 1) != 0,
        BtfKind.Enumeration or BtfKind.Enumeration64 => Info >> 31 != 0,
        _ => false,
    };

    /// <summary>Bytes of a value; 0 for what has no size, such as functions, or is nested too deep.</summary>
    public long SizeBytes
    {
        get
        {
            BtfType type = this;
            long elements = 1;
            for (int depth = 0; depth < MostDepth; depth++)
            {
                switch (type.Kind)
                {
                    case BtfKind.Integer or BtfKind.Structure or BtfKind.Union or BtfKind.Enumeration or BtfKind.Enumeration64 or BtfKind.Float or BtfKind.DataSection:
                        return Multiply(elements, type.SizeOrType);
                    case BtfKind.Pointer:
                        return Multiply(elements, sizeof(ulong));
                    case BtfKind.Array:
                        elements = Multiply(elements, type.ElementCount);
                        type = type.Target;
                        break;
                    case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Variable or BtfKind.TypeTag:
                        type = type.Target;
                        break;
                    default:
                        return 0;
                }
            }

            return 0;
        }
    }

    /// <summary>The members of a struct or union, as they are written; empty for other kinds.</summary>
    public BtfMember[] Members
    {
        get
        {
            if (Kind is not (BtfKind.Structure or BtfKind.Union))
            {
                return [];
            }

            bool hasBitFields = Info >> 31 != 0;
            BtfMember[] members = new BtfMember[ElementsOf(Info)];
            for (int i = 0; i < members.Length; i++)
            {
                int at = HeaderBytes + 12 * i;
                uint offset = BtfTypes.Word(Record, at + 8);
                members[i] = new BtfMember(
                    Types.Text(BtfTypes.Word(Record, at)),
                    Types[(int)BtfTypes.Word(Record, at + 4)],
                    hasBitFields ? offset & 0xffffff : offset,
                    hasBitFields ? (int)(offset >> 24) : 0);
            }

            return members;
        }
    }

    /// <summary>The names and values of an enumeration; empty for other kinds.</summary>
    public (string Name, long Value)[] Values
    {
        get
        {
            BtfKind kind = Kind;
            if (kind is not (BtfKind.Enumeration or BtfKind.Enumeration64))
            {
                return [];
            }

            (string, long)[] values = new (string, long)[ElementsOf(Info)];
            for (int i = 0; i < values.Length; i++)
            {
                int at = HeaderBytes + i * (kind == BtfKind.Enumeration ? 8 : 12);
                uint low = BtfTypes.Word(Record, at + 4);
                long value = kind == BtfKind.Enumeration64
                    ? low | (long)BtfTypes.Word(Record, at + 8) << 32
                    : IsSigned ? (int)low : low;
                values[i] = (Types.Text(BtfTypes.Word(Record, at)), value);
            }

            return values;
        }
    }

    /// <summary>The parameters of a function or its prototype; the last one is nameless and <c>void</c> when it takes any number.</summary>
    public (string Name, BtfType Type)[] Parameters
    {
        get
        {
            BtfType prototype = Kind == BtfKind.Function ? Target : this;
            if (prototype.Kind != BtfKind.FunctionPrototype)
            {
                return [];
            }

            (string, BtfType)[] parameters = new (string, BtfType)[ElementsOf(prototype.Info)];
            for (int i = 0; i < parameters.Length; i++)
            {
                int at = HeaderBytes + 8 * i;
                parameters[i] = (Types.Text(BtfTypes.Word(prototype.Record, at)), Types[(int)BtfTypes.Word(prototype.Record, at + 4)]);
            }

            return parameters;
        }
    }

    ReadOnlySpan<byte> Record => Types.Record(Id);

    uint Info => BtfTypes.Word(Record, 4);

    uint SizeOrType => BtfTypes.Word(Record, 8);

    /// <summary>The type without <c>typedef</c>, <c>const</c>, <c>volatile</c>, <c>restrict</c> and tags around it.</summary>
    public BtfType Resolve()
    {
        BtfType type = this;
        for (int depth = 0; depth < MostDepth; depth++)
        {
            if (type.Kind is not (BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag))
            {
                return type;
            }

            type = type.Target;
        }

        return Types[0];
    }

    /// <summary>Finds a member by its path, such as <c>mm.context.id</c>, looking into nameless structs and unions as C does.</summary>
    /// <param name="path">Names of members, parted by dots. Pointers are not followed.</param>
    /// <param name="member">The member; its offset counts from the beginning of this type.</param>
    public bool TryFindMember(string path, out BtfMember member)
    {
        member = default;
        BtfType type = this;
        uint offset = 0;
        foreach (string name in path.Split('.'))
        {
            int budget = 1 << 17; // members looked at, against types that contain themselves
            if (name.Length == 0 || !type.TryFindNamed(name, 0, ref budget, out member))
            {
                return false;
            }

            offset += member.BitOffset;
            member = member with { BitOffset = offset };
            type = member.Type;
        }

        return true;
    }

    /// <summary>The kind and name, as C would say it.</summary>
    public override string ToString() => Kind switch
    {
        BtfKind.Void => "void",
        BtfKind.Structure => $"struct {Name}",
        BtfKind.Union => $"union {Name}",
        BtfKind.Enumeration or BtfKind.Enumeration64 => $"enum {Name}",
        _ => Name.Length > 0 ? Name : string.Create(CultureInfo.InvariantCulture, $"{Kind} {Id}"),
    };

    /// <summary>Bytes of the type at the beginning of <paramref name="record"/>, or -1 for an unknown kind.</summary>
    internal static int Length(ReadOnlySpan<byte> record)
    {
        uint info = BtfTypes.Word(record, 4);
        int elements = ElementsOf(info);
        return KindOf(info) switch
        {
            BtfKind.Pointer or BtfKind.Forward or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict
                or BtfKind.Function or BtfKind.Float or BtfKind.TypeTag => HeaderBytes,
            BtfKind.Integer or BtfKind.Variable or BtfKind.DeclarationTag => HeaderBytes + 4,
            BtfKind.Array => HeaderBytes + 12,
            BtfKind.Structure or BtfKind.Union or BtfKind.DataSection or BtfKind.Enumeration64 => HeaderBytes + 12 * elements,
            BtfKind.Enumeration or BtfKind.FunctionPrototype => HeaderBytes + 8 * elements,
            _ => -1,
        };
    }

    static BtfKind KindOf(uint info) => (BtfKind)(info >> 24 & 0x1f);

    static int ElementsOf(uint info) => (int)(info & 0xffff);

    static long Multiply(long elements, long size)
    {
        Int128 product = (Int128)elements * size;
        return product > long.MaxValue ? 0 : (long)product;
    }

    bool TryFindNamed(string name, int depth, ref int budget, out BtfMember found)
    {
        BtfMember[] members = Resolve().Members;
        budget -= members.Length;
        foreach (BtfMember member in members)
        {
            if (member.Name == name)
            {
                found = member;
                return true;
            }
        }

        foreach (BtfMember member in members)
        {
            if (member.Name.Length == 0 && depth < MostDepth && budget > 0 && member.Type.TryFindNamed(name, depth + 1, ref budget, out found))
            {
                found = found with { BitOffset = found.BitOffset + member.BitOffset };
                return true;
            }
        }

        found = default;
        return false;
    }
}

/// <summary>A member of a struct or union.</summary>
/// <param name="Name">The name; empty for nameless structs and unions.</param>
/// <param name="Type">The type.</param>
/// <param name="BitOffset">Bits from the beginning of the type it was found in.</param>
/// <param name="BitSize">Bits of a bit field; 0 for other members.</param>
public readonly record struct BtfMember(string Name, BtfType Type, uint BitOffset, int BitSize)
{
    /// <summary>Bytes from the beginning.</summary>
    public int ByteOffset => (int)(BitOffset / 8);
}
