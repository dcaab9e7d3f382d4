using System.Buffers.Binary;
using System.Text;
using Sonde.Engine.Scripts.Values;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Script.Values;

/// <summary>Values in words; what is expected was printed by bpftrace 0.27.1 for the same values, unless a test says otherwise.</summary>
public sealed class ValueTests
{
    static readonly EnumType _color = new("color", IntegerType.UInt32, [new("RED", 0), new("GREEN", 5)]);
    static readonly ValueFormatter _formatter = new(new ScriptConfig(), ["begin", "uprobe:/bin/bash:readline"], new FixtureNames());

    internal static byte[] Bytes(params object[] parts) => [.. parts.SelectMany(part => part switch
    {
        byte value => [value],
        short value => BitConverter.GetBytes(value),
        int value => BitConverter.GetBytes(value),
        long value => BitConverter.GetBytes(value),
        ulong value => BitConverter.GetBytes(value),
        byte[] value => value,
        _ => throw new ArgumentException($"{part.GetType()}"),
    })];

    internal static byte[] Text(int capacity, string text)
    {
        var bytes = new byte[capacity];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }

    [Fact]
    public void Numbers_follow_size_and_sign()
    {
        AssertWritten("-5", "-5", IntegerType.Int8, Bytes(unchecked((byte)-5)));
        AssertWritten("251", "251", IntegerType.UInt8, Bytes((byte)251));
        AssertWritten("-2", "-2", IntegerType.Int16, Bytes((short)-2));
        AssertWritten("4294967295", "4294967295", IntegerType.UInt32, Bytes(-1));
        AssertWritten("18446744073709551615", "\"18446744073709551615\"", IntegerType.UInt64, Bytes(ulong.MaxValue));
        AssertWritten("9007199254740993", "\"9007199254740993\"", IntegerType.Int64, Bytes((1L << 53) + 1));
        AssertWritten("9007199254740992", "9007199254740992", IntegerType.Int64, Bytes(1L << 53));
        AssertWritten("-9223372036854775808", "-9223372036854775808", IntegerType.Int64, Bytes(long.MinValue));
        AssertWritten("9223372036854775807", "\"9223372036854775807\"", IntegerType.Int64, Bytes(long.MaxValue));
        AssertWritten("true", "true", BoolType.Instance, Bytes((byte)1));
        AssertWritten("0x1234", "4660", new PointerType(IntegerType.Int8), Bytes(0x1234L));
        AssertWritten("0x0", "0", new PointerType(IntegerType.Int8), Bytes(0L));
        AssertWritten("GREEN", "5", _color, Bytes(5));
        AssertWritten("7", "7", _color, Bytes(7));
        AssertWritten("1.5", "1.5", new FloatType(4), BitConverter.GetBytes(1.5f));
    }

    [Fact]
    public void Texts_say_why_they_are_empty_and_whether_they_were_cut()
    {
        var type = new StringType(8);
        AssertWritten("abc", "\"abc\"", type, Text(8, "abc"));
        AssertWritten("", "\"\"", type, Text(8, ""));
        AssertWritten("abcdefg", "\"abcdefg\"", type, Text(8, "abcdefg"));
        AssertWritten("abcdefg..", "\"abcdefg..\"", type, [.. "abcdefg"u8, 1]);
        // Different from bpftrace, which prints nothing for both.
        AssertWritten("(null)", "null", type, [0, (byte)EmptyReason.Null, 0, 0, 0, 0, 0, 0]);
        AssertWritten("(unreadable)", "null", type, [0, (byte)EmptyReason.Unreadable, 0, 0, 0, 0, 0, 0]);
    }

    [Fact]
    public void A_record_may_end_behind_its_last_texts_zero_byte() => AssertWritten("ab", "\"ab\"", new StringType(64), [.. "ab\0"u8]);

    [Fact]
    public void Json_stays_json_whatever_a_target_says()
    {
        AssertWritten("a\u0001\"\\\n\t\r\u007fä", "\"a\\u0001\\\"\\\\\\n\\t\\r\u007fä\"", new StringType(32), Text(32, "a\u0001\"\\\n\t\r\u007fä"));
        Assert.Equal("\"\ufffdx\"", Json(new StringType(8), [0xff, (byte)'x', 0, 0, 0, 0, 0, 0]));
    }

    [Fact]
    public void On_a_terminal_nothing_of_a_target_moves_the_cursor()
    {
        var text = new Utf8Text();
        new ValueFormatter(new ScriptConfig(), [], new FixtureNames(), forTerminal: true).Write(text, new StringType(16), Text(16, "a\u001b[2Jb"));
        Assert.Equal("a\\x1b[2Jb", text.ToString());
    }

    [Fact]
    public void Buffers_are_escaped()
    {
        var value = Bytes(6, "ab\u0001\u00ff\\\""u8.ToArray()[..3], (byte)0xff, (byte)'\\', (byte)'"', 0);
        AssertWritten("ab\\x01\\xff\\\"", "[97,98,1,-1,92,34]", new BufferType(8), value);
    }

    [Fact]
    public void Tuples_records_and_arrays_nest()
    {
        var inner = new TupleType([IntegerType.Int8, new StringType(2)]);
        var outer = new TupleType([inner, BoolType.Instance]);
        AssertWritten("((3, x), true)", "[[3,\"x\"],true]", outer, Bytes((byte)3, (byte)'x', (byte)0, (byte)1));
        AssertWritten("{ .a = 1, .b = x }", "{\"a\": 1, \"b\": \"x\"}", new TupleType([IntegerType.Int8, new StringType(2)], ["a", "b"]), Bytes((byte)1, (byte)'x', (byte)0));
        AssertWritten("[4,3,2,1]", "[4,3,2,1]", new ArrayType(IntegerType.Int8, 4), [4, 3, 2, 1]);
        AssertWritten("(1)", "[1]", new TupleType([IntegerType.Int8]), [1]);
        AssertWritten("()", "[]", new TupleType([]), []);
    }

    [Fact]
    public void Structures_show_their_fields_bit_fields_included()
    {
        var inner = new StructType("inner", 4, false, () => [new("x", IntegerType.Int32, 0)], 4);
        var outer = new StructType("outer", 16, false, () =>
        [
            new("i", inner, 0), new("name", new ArrayType(IntegerType.Int8, 4), 4), new("low", IntegerType.UInt32, 8, 0, 3), new("next", IntegerType.Int32, 8, 3, 2),
            new("far", IntegerType.Int64, 12),
        ]);
        AssertWritten("{ .i = { .x = 7 }, .name = abcd, .low = 5, .next = -1, .far = (unreadable) }",
            "{\"i\": {\"x\": 7}, \"name\": \"abcd\", \"low\": 5, \"next\": -1, \"far\": null}", outer, Bytes(7, "abcd"u8.ToArray(), 0b11101, 0));
    }

    [Theory]
    [InlineData("127.0.0.1", 2, "7f000001")]
    [InlineData("::1", 10, "00000000000000000000000000000001")]
    [InlineData("::", 10, "00000000000000000000000000000000")]
    [InlineData("2001:db8::ff00:42:8329", 10, "20010db8000000000000ff0000428329")]
    [InlineData("1:0:2::3:4:0", 10, "00010000000200000000000300040000")]
    [InlineData("::ffff:1.2.3.4", 10, "00000000000000000000ffff01020304")]
    [InlineData("::1.2.3.4", 10, "00000000000000000000000001020304")]
    [InlineData("1:2:3:4:5:6:7:8", 10, "00010002000300040005000600070008")]
    [InlineData("1:2:3:4:5:6::", 10, "00010002000300040005000600000000")]
    [InlineData("1:2:3:4:5:0:7:8", 10, "00010002000300040005000000070008")]
    public void Internet_addresses(string expected, int family, string address)
    {
        var value = new byte[20];
        BinaryPrimitives.WriteInt32LittleEndian(value, family);
        Convert.FromHexString(address).CopyTo(value, 4);
        AssertWritten(expected, $"\"{expected}\"", new SymbolicType(SymbolicKind.InternetAddress), value);
    }

    [Fact]
    public void Other_numbers_with_names()
    {
        AssertWritten("FE:CA:CE:FA:ED:FE", "\"FE:CA:CE:FA:ED:FE\"", new SymbolicType(SymbolicKind.HardwareAddress), Bytes(0xfeedfacecafeL));
        AssertWritten("root", "\"root\"", new SymbolicType(SymbolicKind.UserName), Bytes(0L));
        AssertWritten("1234", "\"1234\"", new SymbolicType(SymbolicKind.UserName), Bytes(1234L));
        AssertWritten("begin", "\"begin\"", new SymbolicType(SymbolicKind.Probe), Bytes(0L));
        AssertWritten("No such file or directory", "\"No such file or directory\"", new SymbolicType(SymbolicKind.ErrorText), Bytes(-2L));
        AssertWritten("Unknown error", "\"Unknown error\"", new SymbolicType(SymbolicKind.ErrorText), Bytes(41L));
        AssertWritten("Unknown error", "\"Unknown error\"", new SymbolicType(SymbolicKind.ErrorText), Bytes(long.MinValue));
        AssertWritten("Killed", "\"Killed\"", new SymbolicType(SymbolicKind.SignalName), Bytes(9L));
        AssertWritten("Real-time signal 30", "\"Real-time signal 30\"", new SymbolicType(SymbolicKind.SignalName), Bytes(64L));
        AssertWritten("N/A", "\"N/A\"", new SymbolicType(SymbolicKind.SignalName), Bytes(999L));
        AssertWritten("write", "\"write\"", new SymbolicType(SymbolicKind.SyscallName), Bytes(1L));
        AssertWritten("open_tree_attr", "\"open_tree_attr\"", new SymbolicType(SymbolicKind.SyscallName), Bytes(467L));
        AssertWritten("Unknown syscall", "\"Unknown syscall\"", new SymbolicType(SymbolicKind.SyscallName), Bytes(400L));
        AssertWritten("unified:/", "\"unified:/\"", new SymbolicType(SymbolicKind.CgroupPath), Bytes(1L, -1L));
        AssertWritten("0", "\"0\"", new SymbolicType(SymbolicKind.KernelSymbol), Bytes(0L));
        AssertWritten("0x4d2", "\"0x4d2\"", new SymbolicType(SymbolicKind.UserSymbol), Bytes(1234L, 1L));
        AssertWritten("syscall", "\"syscall\"", new SymbolicType(SymbolicKind.UserSymbol), Bytes(0x7f288eb1ae89L, 1L));
    }

    [Theory]
    [InlineData(nameof(StackMode.Bpftrace), "\n        syscall+25\n        0x555980f8df58\n")]
    [InlineData(nameof(StackMode.Perf), "\n\t7f288eb1ae89 syscall+25 (/lib/libc.so.6)\n\t555980f8df58 0x555980f8df58 ([unknown])\n")]
    [InlineData(nameof(StackMode.Raw), "\n7f288eb1ae89\n555980f8df58\n")]
    [InlineData(nameof(StackMode.BuildId), "\n        abababababababababababababababababababab 0x10\n")]
    public void User_stacks(string mode, string expected) =>
        Assert.Equal(expected, Written(new SymbolicType(SymbolicKind.UserStack) { Stack = new(Enum.Parse<StackMode>(mode), 5) }, Bytes(8L, 1L)));

    [Fact]
    public void Python_objects()
    {
        AssertPython("-7", "-7", PythonValueKind.Integer, -7);
        AssertPython("True", "true", PythonValueKind.Bool, 1);
        AssertPython("0.5", "0.5", PythonValueKind.Float, BitConverter.DoubleToInt64Bits(0.5));
        AssertPython("(unset)", "null", PythonValueKind.Unset, 0);
        AssertPython("(unreadable)", "null", PythonValueKind.Unreadable, 0);
        AssertPython("(int of 3 30-bit digits)", "\"(int of 3 30-bit digits)\"", PythonValueKind.LargeInteger, 3);
        AssertPython("(negative int of 9223372036854775808 30-bit digits)", "\"(negative int of 9223372036854775808 30-bit digits)\"", PythonValueKind.LargeInteger, long.MinValue);
        AssertPython("None", "null", PythonValueKind.Other, 0, "NoneType"u8.ToArray());
        AssertPython("<Server>", "\"<Server>\"", PythonValueKind.Other, 0, "Server"u8.ToArray());
        AssertPython("h\u00e4", "\"h\u00e4\"", PythonValueKind.Text, 0, [(byte)'h', 0xe4], 1, 2);
        AssertPython("h\u20ac", "\"h\u20ac\"", PythonValueKind.Text, 0, [(byte)'h', 0, 0xac, 0x20], 2, 2);
        AssertPython("\U0001f600..", "\"\U0001f600..\"", PythonValueKind.Text, 0, [0x00, 0xf6, 0x01, 0], 4, 2, 4);
    }

    static void AssertPython(string text, string json, PythonValueKind kind, long number, byte[]? characters = null, byte size = 0, int length = 0, int capacity = PythonValueLayout.TextCapacity)
    {
        var value = new byte[PythonValueLayout.Size - PythonValueLayout.TextCapacity + capacity];
        value[PythonValueLayout.Kind] = (byte)kind;
        value[PythonValueLayout.CharacterSize] = size;
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(PythonValueLayout.Length), length);
        BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(PythonValueLayout.Number), number);
        characters?.CopyTo(value, PythonValueLayout.Text);
        AssertWritten(text, json, new SymbolicType(SymbolicKind.PythonValue), value);
    }

    [Fact]
    public void Kernel_stacks()
    {
        var type = new SymbolicType(SymbolicKind.KernelStack) { Stack = new(StackMode.Bpftrace, 5) };
        Assert.Equal("\n        __bpf_prog_test_run_raw_tp+106\n        0x1000\n", Written(type, Bytes(7L)));
        Assert.Equal("\n", Written(type, Bytes(-14L)));
        Assert.Equal("\n\tffffffff81f0602a __bpf_prog_test_run_raw_tp+106\n\t1000 0x1000\n", Written(type with { Stack = new(StackMode.Perf, 5) }, Bytes(7L)));
    }

    static string Written(DataType type, byte[] value)
    {
        var text = new Utf8Text();
        _formatter.Write(text, type, value);
        return text.ToString();
    }

    static string Json(DataType type, byte[] value)
    {
        var text = new Utf8Text();
        _formatter.WriteJson(text, type, value);
        return text.ToString();
    }

    static void AssertWritten(string text, string json, DataType type, byte[] value)
    {
        Assert.Equal(text, Written(type, value));
        Assert.Equal(json, Json(type, value));
    }
}
