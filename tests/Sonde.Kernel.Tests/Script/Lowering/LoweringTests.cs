using System.Buffers.Binary;
using System.Text;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;
using static Sonde.Kernel.Tests.Script.Lowering.Bound;

namespace Sonde.Kernel.Tests.Script.Lowering;

public class LoweringTests
{
    [Fact]
    public void Numbers_are_stored_in_maps()
    {
        ScriptMap map = Bound.Map("@a", null, IntegerType.Int64);
        BoundVariable x = Variable("$x", IntegerType.Int64);
        using LoadedScript script = new(Program([map], [],
            new BoundSetVariable(x, Int(6)),
            new BoundSetMap(map, null, Binary(BinaryOperator.Multiply, new BoundVariableRead(x), Int(7)))));
        script.Run();
        Assert.Equal(42, script.Number(map));
        Assert.Equal(1, script.Number(map, 0));
    }

    [Fact]
    public void Counting_without_a_key_takes_few_instructions()
    {
        ScriptMap map = Bound.Map("@", null, new AggregateType(AggregateKind.Count, true));
        using LoadedScript script = new(Program([map], [], new BoundAggregate(map, null, null, null)));
        script.Run();
        script.Run();
        Assert.Equal(2, script.Number(map));
        Assert.InRange(script.Compiled.Programs[0].Instructions.Count(instruction => !instruction.IsMark), 1, 13);
    }

    [Fact]
    public void Counting_by_process_adds_keys()
    {
        ScriptMap map = Bound.Map("@", IntegerType.UInt32, new AggregateType(AggregateKind.Count, true));
        using LoadedScript script = new(Program([map], [], new BoundAggregate(map, Pid, null, null)));
        script.Run();
        script.Run();
        byte[] value = new byte[script.MapOf(map).ValueBytes];
        Assert.True(script.MapOf(map).TryLookup(BitConverter.GetBytes(Environment.ProcessId), value));
        Assert.Equal(2ul, Enumerable.Range(0, map.Copies).Aggregate(0ul, (sum, processor) => sum + BinaryPrimitives.ReadUInt64LittleEndian(value.AsSpan(processor * map.Stride))));
    }

    [Fact]
    public void Records_carry_numbers_and_texts()
    {
        ScriptAction action = Printf("%d %s\n", IntegerType.Int32, new StringType(16), IntegerType.Int64);
        using LoadedScript script = new(Program([], [action],
            new BoundSend(0, [new BoundConvert(Pid, IntegerType.Int32), Comm, Int(-5)])));
        script.Run();
        byte[] record = Assert.Single(script.Records());
        Assert.Equal(8 + action.Payload.Size, record.Length);
        Assert.Equal(Environment.ProcessId, BinaryPrimitives.ReadInt32LittleEndian(record.AsSpan(8)));
        Assert.Equal(-5, BinaryPrimitives.ReadInt64LittleEndian(record.AsSpan(8 + action.Payload.OffsetOf(2))));
    }

    [Fact]
    public void Long_texts_are_sent_as_long_as_they_are()
    {
        byte[] text = Encoding.UTF8.GetBytes("a text of the traced process\0");
        byte[] pinned = GC.AllocateArray<byte>(64, pinned: true);
        text.CopyTo(pinned, 0);
        ulong address = Address(pinned);
        StringType type = new(1024);
        ScriptAction action = Printf("%s\n", type);
        using LoadedScript script = new(Program(UserArguments, [], [action],
            new BoundSend(0, [Call(Intrinsic.ReadString, type, Argument(0))])));
        script.Run(0, address);
        script.Run(0, 0);
        List<byte[]> records = script.Records();
        Assert.Equal(text, records[0][8..]);
        Assert.Equal([0, (byte)EmptyReason.Null], records[1][8..]);
        Assert.True(script.ScratchIsFree());
    }

    [Theory]
    [InlineData(8, "1234567", 0)]
    [InlineData(8, "12345678", 1)]
    [InlineData(8, "12", 0)]
    public void Texts_that_are_cut_are_marked(int capacity, string text, byte mark)
    {
        byte[] pinned = GC.AllocateArray<byte>(64, pinned: true);
        Encoding.UTF8.GetBytes(text).CopyTo(pinned, 0);
        StringType type = new(capacity);
        ScriptMap map = Bound.Map("@a", null, type);
        using LoadedScript script = new(Program(UserArguments, [map], [], new BoundSetMap(map, null, Call(Intrinsic.ReadString, type, Argument(0)))));
        script.Run(0, Address(pinned));
        byte[] value = new byte[8 + capacity];
        script.MapOf(map).TryLookup(new byte[4], value);
        byte[] expected = new byte[capacity];
        Encoding.UTF8.GetBytes(text).AsSpan(0, Math.Min(text.Length, capacity - 1)).CopyTo(expected);
        expected[^1] = mark;
        Assert.Equal(expected, value[8..]);
    }

    [Fact]
    public void Texts_are_compared_with_constants_and_each_other()
    {
        ScriptMap map = Bound.Map("@a", IntegerType.Int64, IntegerType.Int64);
        byte[] pinned = GC.AllocateArray<byte>(256, pinned: true);
        Encoding.UTF8.GetBytes("needle in a haystack").CopyTo(pinned, 0);
        Encoding.UTF8.GetBytes("needle in a haystack").CopyTo(pinned, 64);
        Encoding.UTF8.GetBytes("needle in a haystacK").CopyTo(pinned, 128);
        StringType type = new(200);
        BoundVariable a = Variable("$a", type), b = Variable("$b", type), c = Variable("$c", type);
        BoundVariableRead Read(BoundVariable variable) => new(variable);
        BoundSetVariable Set(BoundVariable variable, int index) => new(variable, Call(Intrinsic.ReadString, type, Argument(index)));
        BoundSetMap Put(int key, BoundExpression value) => new(map, Int(key), new BoundConvert(value, IntegerType.Int64));
        using LoadedScript script = new(Program(UserArguments, [map], [],
            Set(a, 0), Set(b, 1), Set(c, 2),
            Put(0, new BoundMemoryEqual(Read(a), Text("needle in a haystack"), false)),
            Put(1, new BoundMemoryEqual(Read(a), Text("needle in a haystac"), false)),
            Put(2, new BoundMemoryEqual(Read(a), Read(b), false)),
            Put(3, new BoundMemoryEqual(Read(a), Read(c), false)),
            Put(4, new BoundMemoryEqual(Read(a), Read(c), false, 19)),
            Put(5, new BoundMemoryEqual(Read(a), Text("needles"), false, 6)),
            Put(6, Call(Intrinsic.StringFind, IntegerType.Int64, Read(a), Text("hay"))),
            Put(7, Call(Intrinsic.StringFind, IntegerType.Int64, Read(a), Text("hays!"))),
            Put(8, Call(Intrinsic.StringLength, IntegerType.UInt64, Read(a)))));
        script.Run(0, Address(pinned), Address(pinned) + 64, Address(pinned) + 128);
        long[] expected = [1, 0, 1, 0, 1, 1, 12, -1, 20];
        Assert.Equal(expected, expected.Select((_, i) => script.MapOf(map).TryLookup((long)i, out long value) ? value : -99));
        Assert.True(script.ScratchIsFree());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void Histograms_count_powers_of_two(int bits)
    {
        AggregateType type = new(AggregateKind.Histogram, true) { Bits = bits };
        ScriptMap map = Bound.Map("@h", null, type);
        using LoadedScript script = new(Program(UserArguments, [map], [], new BoundAggregate(map, null, Argument(0, IntegerType.Int64), null)));
        long[] numbers = [-5, 0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 1000, 65535, 65536, 1L << 32, (1L << 32) - 1, (1L << 33) + 12345678, long.MaxValue];
        foreach (long number in numbers)
        {
            script.Run(0, (ulong)number);
            Assert.Equal(numbers.Count(other => Bucket(other, bits) == Bucket(number, bits) && Array.IndexOf(numbers, other) <= Array.IndexOf(numbers, number)), script.Number(map, 1 + Bucket(number, bits)));
        }
    }

    [Fact]
    public void Loops_count_break_and_leave()
    {
        ScriptMap sum = Bound.Map("@sum", null, IntegerType.Int64);
        BoundVariable i = Variable("$i", IntegerType.Int64), total = Variable("$total", IntegerType.Int64);
        BoundVariableRead ReadI() => new(i);
        using LoadedScript script = new(Program([sum], [],
            new BoundSetVariable(total, Int(0)),
            new BoundForRange(i, Int(10), Int(1000), new BoundBlock([
                new BoundIf(Compare(BinaryOperator.Equal, ReadI(), Int(12)), new BoundContinue(), null),
                new BoundIf(Compare(BinaryOperator.Equal, ReadI(), Int(15)), new BoundBreak(), null),
                new BoundSetVariable(total, Binary(BinaryOperator.Add, new BoundVariableRead(total), ReadI())),
            ])),
            new BoundSetMap(sum, null, new BoundVariableRead(total)),
            new BoundForRange(i, Int(0), Int(1000), new BoundBlock([
                new BoundIf(Compare(BinaryOperator.Equal, ReadI(), Int(5)), new BoundReturn(null), null),
            ])),
            new BoundSetMap(sum, null, Int(-1))));
        script.Run();
        Assert.Equal(10 + 11 + 13 + 14, script.Number(sum));
        Assert.True(script.ScratchIsFree());
    }

    static int Bucket(long number, int bits)
    {
        if (number < 0)
        {
            return 0;
        }

        if (number < 1L << bits)
        {
            return (int)number + 1;
        }

        int power = 63 - System.Numerics.BitOperations.LeadingZeroCount((ulong)number);
        return 2 + ((1 << bits) - 1) + ((power - bits) << bits) + (int)((number >> (power - bits)) & ((1 << bits) - 1));
    }

    static ulong Address(byte[] pinned) => (ulong)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
}
