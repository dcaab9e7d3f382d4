using System.Buffers.Binary;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>The types of a kernel, one of its modules or a program in BTF, found by name without reading them all (Documentation/bpf/btf.rst).</summary>
/// <remarks>
/// Parsing notes where each type begins; names are indexed at the first search; everything else is read when asked for. A module's types and names go
/// on where the kernel's end, and refer to them ("split BTF", Linux 5.11+). Safe for concurrent use.
/// </remarks>
public sealed class BtfTypes
{
    /// <summary>Where the kernel shows its own (Linux 5.4+ with CONFIG_DEBUG_INFO_BTF).</summary>
    public const string KernelPath = "/sys/kernel/btf/vmlinux";

    const int MostTypes = 1 << 22;

    static readonly byte[] _void = new byte[BtfType.HeaderBytes];

    readonly BtfTypes? _kernel;
    readonly int _firstId;
    readonly uint _firstString;
    readonly ReadOnlyMemory<byte> _types;
    readonly ReadOnlyMemory<byte> _strings;
    readonly int[] _offsets;
    readonly Lazy<int[]> _heads;
    int[] _next = [];

    BtfTypes(BtfTypes? kernel, ReadOnlyMemory<byte> types, ReadOnlyMemory<byte> strings)
    {
        _kernel = kernel;
        _firstId = kernel?.Count ?? 1;
        _firstString = kernel is null ? 0 : kernel._firstString + (uint)kernel._strings.Length;
        _types = types;
        _strings = strings;
        _offsets = ScanTypes(types.Span);
        _heads = new Lazy<int[]>(IndexNames);
    }

    /// <summary>How many types there are, <c>void</c> and those of the kernel included.</summary>
    public int Count => _firstId + _offsets.Length;

    /// <summary>All types but <c>void</c>, in order of their numbers; of a module its own.</summary>
    public IEnumerable<BtfType> Own
    {
        get
        {
            for (int i = 0; i < _offsets.Length; i++)
            {
                yield return new BtfType(this, _firstId + i);
            }
        }
    }

    /// <summary>Whether these can be the types of a module of the kernel that they were read with: every name begins where another ends, and some are among the kernel's.</summary>
    /// <remarks>False of what was read without a kernel.</remarks>
    public bool IsOfItsKernel
    {
        get
        {
            // Strings of its own kernel begin with the empty one, those of a module go on.
            if (_kernel is null || (!_strings.IsEmpty && _strings.Span[0] == 0))
            {
                return false;
            }

            var refersToKernel = false;
            foreach (BtfType type in Own)
            {
                uint name = Word(Record(type.Id), 0);
                if (name != 0 && (name >= _firstString ? !BeginsName(_strings.Span, name - _firstString) : !BeginsName(_kernel._strings.Span, name)))
                {
                    return false;
                }

                refersToKernel |= name != 0 && name < _firstString;
            }

            return refersToKernel;

            static bool BeginsName(ReadOnlySpan<byte> strings, uint offset) => offset < strings.Length && (offset == 0 || strings[(int)offset - 1] == 0);
        }
    }

    /// <summary>The type of that number.</summary>
    /// <exception cref="BtfException">There is none.</exception>
    public BtfType this[int id] => (uint)id >= Count
        ? throw new BtfException(0, $"there is no type {(uint)id}, only {Count}")
        : id >= _firstId || _kernel is null ? new BtfType(this, id) : _kernel[id];

    /// <summary>Reads the running kernel's types.</summary>
    /// <exception cref="LinuxException">ENOENT: the kernel has none.</exception>
    public static BtfTypes LoadKernel() => ProcFs.TryRead(KernelPath, out byte[] bytes)
        ? Parse(bytes)
        : throw new LinuxException(Errno.ENOENT, $"read(\"{KernelPath}\")", "Needs Linux 5.4 with CONFIG_DEBUG_INFO_BTF.");

    /// <summary>Reads BTF: the contents of <see cref="KernelPath"/> or of an ELF file's <c>.BTF</c> section.</summary>
    /// <param name="bytes">The bytes; not copied.</param>
    /// <param name="kernel">The kernel's types, when these are a module's.</param>
    /// <exception cref="BtfException">The bytes are damaged, of the other byte order or of an unknown version.</exception>
    public static BtfTypes Parse(ReadOnlyMemory<byte> bytes, BtfTypes? kernel = null)
    {
        // struct btf_header: magic 16, version 8, flags 8, header length, then offset and length of types and strings behind it.
        const int LeastHeader = 24;
        ReadOnlySpan<byte> header = bytes.Span;
        if (header.Length < LeastHeader || BinaryPrimitives.ReadUInt16LittleEndian(header) != 0xeb9f)
        {
            throw new BtfException(0, "no little-endian BTF header");
        }

        if (header[2] != 1)
        {
            throw new BtfException(2, $"version {header[2]} is unknown, only 1 is known");
        }

        uint headerLength = Word(header, 4);
        ReadOnlyMemory<byte> types = Section(bytes, headerLength, 8, "types");
        ReadOnlyMemory<byte> strings = Section(bytes, headerLength, 16, "strings");
        // A module's strings go on behind the kernel's, whose first is the empty one; there may be none.
        if (strings.IsEmpty ? kernel is null : strings.Span[^1] != 0 || (kernel is null && strings.Span[0] != 0))
        {
            throw new BtfException(16, "the strings do not begin and end with a zero");
        }

        return new BtfTypes(kernel, types, strings);
    }

    /// <summary>Finds the first type of a name and kind.</summary>
    public bool TryFind(string name, BtfKind kind, out BtfType type)
    {
        foreach (BtfType candidate in FindAll(name))
        {
            if (candidate.Kind == kind)
            {
                type = candidate;
                return true;
            }
        }

        type = default;
        return false;
    }

    /// <summary>Finds every type of a name, in order of their numbers; a module's own come before the kernel's.</summary>
    public IEnumerable<BtfType> FindAll(string name)
    {
        if (name.Length == 0)
        {
            yield break;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(name);
        int[] heads = _heads.Value;
        for (int id = heads[Hash(bytes) & heads.Length - 1]; id != 0; id = _next[id - _firstId])
        {
            if (NameBytes(id).SequenceEqual(bytes))
            {
                yield return new BtfType(this, id);
            }
        }

        foreach (BtfType type in _kernel?.FindAll(name) ?? [])
        {
            yield return type;
        }
    }

    internal ReadOnlySpan<byte> Record(int id) => id == 0 ? _void : _types.Span[_offsets[id - _firstId]..];

    internal string Text(uint offset) => Encoding.UTF8.GetString(TextBytes(offset));

    internal static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    ReadOnlySpan<byte> NameBytes(int id) => TextBytes(Word(Record(id), 0));

    // An offset beyond the strings names nothing; the last byte is zero, so that every other one ends.
    ReadOnlySpan<byte> TextBytes(uint offset)
    {
        if (_kernel is not null && offset < _firstString)
        {
            return _kernel.TextBytes(offset);
        }

        ReadOnlySpan<byte> strings = _strings.Span;
        if (offset - _firstString >= strings.Length)
        {
            return [];
        }

        ReadOnlySpan<byte> text = strings[(int)(offset - _firstString)..];
        return text[..text.IndexOf((byte)0)];
    }

    static ReadOnlyMemory<byte> Section(ReadOnlyMemory<byte> bytes, uint headerLength, int field, string what)
    {
        long begin = (long)headerLength + Word(bytes.Span, field);
        long length = Word(bytes.Span, field + 4);
        if (begin + length > bytes.Length)
        {
            throw new BtfException(field, $"the {what} end at 0x{begin + length:x}, there are 0x{bytes.Length:x} bytes");
        }

        return bytes.Slice((int)begin, (int)length);
    }

    static int[] ScanTypes(ReadOnlySpan<byte> types)
    {
        List<int> offsets = new(types.Length / 20 + 1);
        int at = 0;
        while (at < types.Length)
        {
            if (types.Length - at < BtfType.HeaderBytes)
            {
                throw new BtfException(at, "a type is cut off");
            }

            int length = BtfType.Length(types[at..]);
            if (length < 0 || length > types.Length - at)
            {
                throw new BtfException(at, length < 0 ? "a type of unknown kind" : "a type is cut off");
            }

            if (offsets.Count == MostTypes)
            {
                throw new BtfException(at, $"more than {MostTypes} types");
            }

            offsets.Add(at);
            at += length;
        }

        return [.. offsets];
    }

    // Chains through arrays: a head for each hash, and for each type the next one of that hash.
    int[] IndexNames()
    {
        int[] heads = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_offsets.Length + 1)];
        int[] next = new int[_offsets.Length];
        for (int id = Count - 1; id >= _firstId; id--)
        {
            ReadOnlySpan<byte> name = NameBytes(id);
            if (!name.IsEmpty)
            {
                ref int head = ref heads[Hash(name) & heads.Length - 1];
                next[id - _firstId] = head;
                head = id;
            }
        }

        _next = next;
        return heads;
    }

    static int Hash(ReadOnlySpan<byte> name)
    {
        HashCode hash = default; // seeded by the process: no file can be made to collide
        hash.AddBytes(name);
        return hash.ToHashCode();
    }
}
