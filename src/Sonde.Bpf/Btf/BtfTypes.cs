using System.Buffers.Binary;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>The types of a kernel or a program in BTF, found by name without reading them all (Documentation/bpf/btf.rst).</summary>
/// <remarks>Parsing notes where each type begins; names are indexed at the first search; everything else is read when asked for. Safe for concurrent use.</remarks>
public sealed class BtfTypes
{
    /// <summary>Where the kernel shows its own (Linux 5.4+ with CONFIG_DEBUG_INFO_BTF).</summary>
    public const string KernelPath = "/sys/kernel/btf/vmlinux";

    const int MostTypes = 1 << 22;

    static readonly byte[] _void = new byte[BtfType.HeaderBytes];

    readonly ReadOnlyMemory<byte> _types;
    readonly ReadOnlyMemory<byte> _strings;
    readonly int[] _offsets;
    readonly Lazy<int[]> _heads;
    int[] _next = [];

    BtfTypes(ReadOnlyMemory<byte> types, ReadOnlyMemory<byte> strings, int[] offsets)
    {
        _types = types;
        _strings = strings;
        _offsets = offsets;
        _heads = new Lazy<int[]>(IndexNames);
    }

    /// <summary>How many types there are, <c>void</c> included.</summary>
    public int Count => _offsets.Length;

    /// <summary>The type of that number.</summary>
    /// <exception cref="BtfException">There is none.</exception>
    public BtfType this[int id] => (uint)id < _offsets.Length
        ? new BtfType(this, id)
        : throw new BtfException(0, $"there is no type {(uint)id}, only {_offsets.Length}");

    /// <summary>Reads the running kernel's types.</summary>
    /// <exception cref="LinuxException">ENOENT: the kernel has none.</exception>
    public static BtfTypes LoadKernel() => ProcFs.TryRead(KernelPath, out byte[] bytes)
        ? Parse(bytes)
        : throw new LinuxException(Errno.ENOENT, $"read(\"{KernelPath}\")", "Needs Linux 5.4 with CONFIG_DEBUG_INFO_BTF.");

    /// <summary>Reads BTF: the contents of <see cref="KernelPath"/> or of an ELF file's <c>.BTF</c> section.</summary>
    /// <exception cref="BtfException">The bytes are damaged, of the other byte order or of an unknown version.</exception>
    public static BtfTypes Parse(ReadOnlyMemory<byte> bytes)
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
        if (strings.IsEmpty || strings.Span[0] != 0 || strings.Span[^1] != 0)
        {
            throw new BtfException(16, "the strings do not begin and end with a zero");
        }

        return new BtfTypes(types, strings, ScanTypes(types.Span));
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

    /// <summary>Finds every type of a name, in order of their numbers.</summary>
    public IEnumerable<BtfType> FindAll(string name)
    {
        if (name.Length == 0)
        {
            yield break;
        }

        byte[] bytes = Encoding.UTF8.GetBytes(name);
        int[] heads = _heads.Value;
        for (int id = heads[Hash(bytes) & heads.Length - 1]; id != 0; id = _next[id])
        {
            if (NameBytes(id).SequenceEqual(bytes))
            {
                yield return new BtfType(this, id);
            }
        }
    }

    internal ReadOnlySpan<byte> Record(int id) => id == 0 ? _void : _types.Span[_offsets[id]..];

    internal string Text(uint offset) => Encoding.UTF8.GetString(TextBytes(offset));

    internal static uint Word(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    ReadOnlySpan<byte> NameBytes(int id) => TextBytes(Word(_types.Span, _offsets[id]));

    // An offset beyond the strings names nothing; the last byte is zero, so that every other one ends.
    ReadOnlySpan<byte> TextBytes(uint offset)
    {
        ReadOnlySpan<byte> strings = _strings.Span;
        if (offset >= strings.Length)
        {
            return [];
        }

        ReadOnlySpan<byte> text = strings[(int)offset..];
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
        List<int> offsets = new(types.Length / 20 + 1) { 0 };
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
        int[] heads = new int[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_offsets.Length)];
        int[] next = new int[_offsets.Length];
        for (int id = _offsets.Length - 1; id > 0; id--)
        {
            ReadOnlySpan<byte> name = NameBytes(id);
            if (!name.IsEmpty)
            {
                ref int head = ref heads[Hash(name) & heads.Length - 1];
                next[id] = head;
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
