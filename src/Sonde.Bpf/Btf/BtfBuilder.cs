using System.Buffers.Binary;
using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>Writes the little BTF the loader needs itself (Documentation/bpf/btf.rst).</summary>
sealed class BtfBuilder
{
    const uint Integer = 1;
    const uint Array = 3;
    const uint Structure = 4;
    const uint Function = 12;
    const uint FunctionPrototype = 13;

    readonly List<byte> _types = [];
    readonly List<byte> _strings = [0];
    uint _count;

    internal uint AddInteger(string name, uint bytes) => Add(name, Integer, 0, bytes, [bytes * 8]);

    internal uint AddByteArray(uint element, uint index, uint length) => Add("", Array, 0, 0, [element, index, length]);

    internal uint AddStructure(string name, uint bytes, string member, uint type) => Add(name, Structure, 1, bytes, [AddString(member), type, 0]);

    internal uint AddPrototype(uint returned) => Add("", FunctionPrototype, 0, returned, []);

    internal uint AddStaticFunction(string name, uint prototype) => Add(name, Function, 0, prototype, []);

    internal byte[] Build()
    {
        const int HeaderBytes = 24;
        byte[] btf = new byte[HeaderBytes + _types.Count + _strings.Count];
        BinaryPrimitives.WriteUInt16LittleEndian(btf, 0xeb9f);
        btf[2] = 1;
        Span<uint> header = [HeaderBytes, 0, (uint)_types.Count, (uint)_types.Count, (uint)_strings.Count];
        for (int i = 0; i < header.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(btf.AsSpan(4 + 4 * i), header[i]);
        }

        _types.CopyTo(btf, HeaderBytes);
        _strings.CopyTo(btf, HeaderBytes + _types.Count);
        return btf;
    }

    internal FileDescriptor Load()
    {
        SystemResult result = BpfSystemCall.LoadBtf(Build());
        return result.CheckDescriptor("bpf(BTF_LOAD)", result.Errno == Errno.EPERM ? Map.NeedsRights : null);
    }

    uint Add(string name, uint kind, uint elements, uint sizeOrType, ReadOnlySpan<uint> rest)
    {
        Put(AddString(name));
        Put(kind << 24 | elements);
        Put(sizeOrType);
        foreach (uint word in rest)
        {
            Put(word);
        }

        return ++_count;
    }

    void Put(uint word)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
        _types.AddRange(bytes);
    }

    uint AddString(string text)
    {
        if (text.Length == 0)
        {
            return 0;
        }

        uint offset = (uint)_strings.Count;
        _strings.AddRange(Encoding.ASCII.GetBytes(text));
        _strings.Add(0);
        return offset;
    }
}
