using System.Buffers.Binary;
using System.Text;
using Sonde.Bpf.Btf;
using Xunit;

namespace Sonde.Tests.Bpf;

public class BtfTests
{
    [Fact]
    public void Finds_members_through_nameless_structs_and_bit_fields()
    {
        BtfTypes types = BtfTypes.Parse(Sample());
        Assert.True(types.TryFind("outer", BtfKind.Structure, out BtfType outer));
        Assert.Equal(24, outer.SizeBytes);

        Assert.True(outer.TryFindMember("b", out BtfMember b));
        Assert.Equal((96u, 12, 0), (b.BitOffset, b.ByteOffset, b.BitSize));
        Assert.True(outer.TryFindMember("flag", out BtfMember flag));
        Assert.Equal((131u, 5), (flag.BitOffset, flag.BitSize));
        Assert.True(outer.TryFindMember("named.b", out BtfMember nested));
        Assert.Equal(16 + 4, nested.ByteOffset);
        Assert.Equal("myint", nested.Type.Name);
        Assert.Equal("int", nested.Type.Resolve().Name);
        Assert.True(nested.Type.Resolve().IsSigned);
        Assert.False(outer.TryFindMember("named.c", out _));
        Assert.False(outer.TryFindMember("", out _));
    }

    [Fact]
    public void Reads_enumerations_arrays_and_prototypes()
    {
        BtfTypes types = BtfTypes.Parse(Sample());
        Assert.True(types.TryFind("color", BtfKind.Enumeration, out BtfType color));
        Assert.Equal([("RED", 1), ("NONE", -1)], color.Values);
        Assert.True(types.TryFind("big", BtfKind.Enumeration64, out BtfType big));
        Assert.Equal([("HUGE", 0x1_0000_0002)], big.Values);
        Assert.True(types.TryFind("paint", BtfKind.Function, out BtfType paint));
        (string name, BtfType type) = Assert.Single(paint.Parameters);
        Assert.Equal("what", name);
        Assert.Equal(BtfKind.Array, type.Target.Kind);
        Assert.Equal(12, type.Target.SizeBytes);
        Assert.Equal("int", paint.Target.Target.Name);
        Assert.Equal("void", types[0].ToString());
        Assert.Equal(0, types[0].SizeBytes);
    }

    [Fact]
    public void A_modules_types_go_on_where_the_kernels_end()
    {
        BtfTypes kernel = BtfTypes.Parse(Sample());
        BtfTypes module = BtfTypes.Parse(SampleModule(kernel.Count), kernel);
        Assert.Equal(kernel.Count + 3, module.Count);
        Assert.Equal(["device", "paint", ""], module.Own.Select(type => type.Name));

        Assert.True(module.TryFind("device", BtfKind.Structure, out BtfType device));
        Assert.Equal(kernel.Count, device.Id);
        Assert.Same(module, device.Types);
        Assert.True(device.TryFindMember("shape.named.b", out BtfMember nested));
        Assert.Equal(8 + 16 + 4, nested.ByteOffset);
        Assert.Same(kernel, nested.Type.Types);
        // The names of the kernel's members, of one of the module's own, and of its function, which the kernel has too.
        Assert.Equal(["a", "shape"], device.Members.Select(member => member.Name));
        Assert.Equal(["paint", "paint"], module.FindAll("paint").Select(type => type.Name));
        Assert.Same(module, module.FindAll("paint").First().Types);
        Assert.True(module.TryFind("color", BtfKind.Enumeration, out BtfType color));
        Assert.Equal(color, kernel.FindAll("color").Single());
        Assert.False(kernel.TryFind("device", BtfKind.Structure, out _));
        Assert.Equal($"BTF+0x0: there is no type {module.Count}, only {module.Count}", Assert.Throws<BtfException>(() => module[module.Count]).Message);
    }

    [Fact]
    public void A_module_may_have_no_names_of_its_own()
    {
        BtfTypes kernel = BtfTypes.Parse(Sample());
        uint[] words = [0x1eb9f, 24, 0, 12, 12, 0, 0, (uint)BtfKind.Pointer << 24, 1];
        BtfTypes module = BtfTypes.Parse(words.SelectMany(BitConverter.GetBytes).ToArray(), kernel);
        Assert.Equal("int", module[kernel.Count].Target.Name);
    }

    [Fact]
    public void Types_that_contain_themselves_do_not_hold_it_up()
    {
        Builder b = new();
        b.Type("ring", BtfKind.Typedef, 0, 2);
        b.Type("", BtfKind.Const, 0, 1);
        b.Type("self", BtfKind.Structure, 2, 8, 0, 3, 0, 0, 3, 0);
        b.Type("", BtfKind.Array, 0, 0, 4, 4, 1000);
        BtfTypes types = BtfTypes.Parse(b.Build());
        Assert.Equal(BtfKind.Void, types[1].Resolve().Kind);
        Assert.Equal(0, types[1].SizeBytes);
        Assert.Equal(0, types[4].SizeBytes);
        Assert.False(types[3].TryFindMember("x.y", out _));
    }

    [Fact]
    public void Says_where_damaged_bytes_are_wrong()
    {
        Assert.Equal("BTF+0x0: no little-endian BTF header", Refusal([1, 2, 3]));
        byte[] sample = Sample();
        sample[2] = 9;
        Assert.Equal("BTF+0x2: version 9 is unknown, only 1 is known", Refusal(sample));
        Assert.StartsWith("BTF+0x10: the strings end at 0x", Refusal(Sample()[..^1]), StringComparison.Ordinal);
        Builder b = new();
        b.Type("x", (BtfKind)31, 0, 0);
        Assert.Equal("BTF+0x0: a type of unknown kind", Refusal(b.Build()));
        b = new();
        b.Type("x", BtfKind.Structure, 9, 0);
        Assert.Equal("BTF+0x0: a type is cut off", Refusal(b.Build()));
        b = new();
        b.Type("x", BtfKind.Pointer, 0, 77);
        Assert.Equal("BTF+0x0: there is no type 77, only 2", Assert.Throws<BtfException>(() => BtfTypes.Parse(b.Build())[1].Target).Message);
    }

    [Fact]
    public void Whatever_the_bytes_nothing_but_a_refusal_happens()
    {
        byte[] sample = Sample();
        BtfTypes kernel = BtfTypes.Parse(sample);
        byte[] module = SampleModule(kernel.Count);
        Random random = new(7);
        for (int round = 0; round < 5_000; round++)
        {
            byte[] bytes = (byte[])(round % 2 == 0 ? sample : module).Clone();
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                BtfTypes types = BtfTypes.Parse(bytes, round % 2 == 0 ? null : kernel);
                for (int id = 0; id < types.Count; id++)
                {
                    Walk(types[id]);
                }
            }
            catch (BtfException)
            {
                // Expected for most.
            }
        }
    }

    static void Walk(BtfType type)
    {
        try
        {
            _ = type.ToString() + type.SizeBytes + type.Resolve() + type.Target + type.Values.Length + type.Parameters.Length;
            type.TryFindMember("named.b", out _);
            // Names that are no UTF-8 cannot be asked for.
            if (type.Name.Length > 0 && type.Name.All(char.IsAscii))
            {
                Assert.Contains(type, type.Types.FindAll(type.Name));
            }
        }
        catch (BtfException)
        {
            // Refers to a type that is not there.
        }
    }

    static string Refusal(byte[] bytes) => Assert.Throws<BtfException>(() => BtfTypes.Parse(bytes)).Message;

    /// <summary>struct outer { int a; struct { int x; myint b; } at 8; unsigned flag : 5 at bit 131; struct inner named at 16; };</summary>
    static byte[] Sample()
    {
        Builder b = new();
        b.Type("int", BtfKind.Integer, 0, 4, 1 << 24 | 32); // 1
        b.Type("myint", BtfKind.Typedef, 0, 1); // 2
        b.Type("", BtfKind.Structure, 2, 8, b.Text("x"), 1, 0, b.Text("b"), 2, 32); // 3
        b.Type("inner", BtfKind.Structure, 1, 8, b.Text("b"), 2, 32); // 4
        b.Type("outer", BtfKind.Structure | (BtfKind)0x80, 4, 24, b.Text("a"), 1, 0, 0, 3, 64, b.Text("flag"), 1, 5 << 24 | 131, b.Text("named"), 4, 128); // 5
        b.Type("color", BtfKind.Enumeration | (BtfKind)0x80, 2, 4, b.Text("RED"), 1, b.Text("NONE"), uint.MaxValue); // 6
        b.Type("big", BtfKind.Enumeration64, 1, 8, b.Text("HUGE"), 2, 1); // 7
        b.Type("", BtfKind.Array, 0, 0, 1, 1, 3); // 8
        b.Type("", BtfKind.Pointer, 0, 8); // 9
        b.Type("", BtfKind.FunctionPrototype, 1, 1, b.Text("what"), 9); // 10
        b.Type("paint", BtfKind.Function, 0, 10); // 11
        b.Type("outer", BtfKind.Forward, 0, 0); // 12
        return b.Build();
    }

    /// <summary>struct device { int a; struct outer shape at 8; }; another paint(), and a pointer to device: all in terms of <see cref="Sample"/>.</summary>
    static byte[] SampleModule(int firstType)
    {
        Builder kernel = new();
        foreach (string name in (string[])["int", "myint", "x", "b", "b", "inner"])
        {
            kernel.Text(name);
        }

        uint nameOfA = kernel.Text("a");
        int stringsOfKernel = BitConverter.ToInt32(Sample(), 20);

        Builder b = new(stringsOfKernel);
        b.Type("device", BtfKind.Structure, 2, 32, nameOfA, 1, 0, b.Text("shape"), 5, 64);
        b.Type("paint", BtfKind.Function, 0, 10);
        b.Type("", BtfKind.Pointer, 0, (uint)firstType);
        return b.Build();
    }

    sealed class Builder(int stringsBefore = 0)
    {
        readonly List<byte> _types = [];
        readonly List<byte> _strings = stringsBefore == 0 ? [0] : [];

        internal uint Text(string text)
        {
            uint offset = (uint)(stringsBefore + _strings.Count);
            _strings.AddRange(Encoding.UTF8.GetBytes(text + "\0"));
            return offset;
        }

        internal void Type(string name, BtfKind kind, uint elements, uint sizeOrType, params ReadOnlySpan<uint> rest)
        {
            foreach (uint word in (ReadOnlySpan<uint>)[name.Length == 0 ? 0 : Text(name), (uint)kind << 24 | elements, sizeOrType, .. rest])
            {
                byte[] bytes = new byte[4];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, word);
                _types.AddRange(bytes);
            }
        }

        internal byte[] Build()
        {
            uint[] header = [0x1eb9f, 24, 0, (uint)_types.Count, (uint)_types.Count, (uint)_strings.Count];
            return [.. header.SelectMany(BitConverter.GetBytes), .. _types, .. _strings];
        }
    }
}
