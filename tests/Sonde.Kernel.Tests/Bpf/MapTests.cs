using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Linux;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

public class MapTests
{
    [Theory]
    [InlineData(MapType.Hash)]
    [InlineData(MapType.LruHash)]
    public void Hash_tables_store_find_and_forget(MapType type)
    {
        using Map map = Map.Create(new MapSpec { Type = type, Name = "table", KeySize = 4, ValueSize = 8, MaxEntries = 100 });
        Assert.False(map.TryLookup(1, out long _));
        Assert.True(map.Update(1, 10L));
        Assert.True(map.TryLookup(1, out long value));
        Assert.Equal(10, value);
        Assert.False(map.Update(1, 11L, UpdateMode.OnlyNew));
        Assert.False(map.Update(2, 11L, UpdateMode.OnlyExisting));
        for (int i = 0; i < 50; i++)
        {
            map.Update(i, (long)i);
        }

        Assert.Equal(Enumerable.Range(0, 50), map.Keys<int>().Order());
        Assert.True(map.Delete(7));
        Assert.False(map.Delete(7));
        Assert.Equal(49, map.Keys<int>().Count());
    }

    [Fact]
    public void A_full_table_says_how_much_it_holds()
    {
        using Map map = Map.Create(new MapSpec { Type = MapType.Hash, Name = "small", KeySize = 4, ValueSize = 4, MaxEntries = 1 });
        map.Update(1, 1);
        LinuxException full = Assert.Throws<LinuxException>(() => map.Update(2, 2));
        Assert.Equal("bpf(MAP_UPDATE_ELEM, Hash \"small\"): E2BIG. The map holds 1 entries.", full.Message);
        Assert.Throws<ArgumentException>(() => map.Update(1, 1L));
        Assert.Throws<ArgumentException>(() => map.TryLookup((short)1, out int _));
    }

    [Fact]
    public void Per_cpu_values_come_one_for_each_processor()
    {
        using Map map = Map.Create(new MapSpec { Type = MapType.PerCpuArray, Name = "counts", KeySize = 4, ValueSize = 8, MaxEntries = 2 });
        byte[] values = new byte[map.ValueBytes];
        MemoryMarshal.Cast<byte, long>(values.AsSpan()).Fill(3);
        map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<int>([1])), values);
        long[] read = new long[Processors.Possible];
        Assert.True(map.TryLookupPerCpu(1, read.AsSpan()));
        Assert.All(read, v => Assert.Equal(3, v));
        Assert.Equal(3ul * (ulong)Processors.Possible, map.SumPerCpu(1));
        Assert.Equal(0ul, map.SumPerCpu(0));
    }

    [Fact]
    public void Mapped_arrays_are_shared_with_programs_that_use_values_directly()
    {
        MapSpec spec = new() { Type = MapType.Array, Name = "config", KeySize = 4, ValueSize = 12, MaxEntries = 1, Flags = MapFlags.Mmapable };
        using Map map = Map.Create(spec);
        using MemoryMapping memory = map.MapMemory();
        using Program program = Program.Load(new ProgramSpec
        {
            Name = "reader",
            Type = ProgramType.SocketFilter,
            Maps = [map],
            Instructions = [LoadMapValue(R1, spec, 4), Load(Size.Word, R0, R1, 0), StoreImm(Size.Word, R1, 4, 99), Exit()],
        });
        MemoryMarshal.Write(memory.Bytes[4..], 4711);
        Assert.Equal(4711u, program.TestRun(new byte[14]));
        Assert.Equal(99, MemoryMarshal.Read<int>(memory.Bytes[8..]));
    }

    [Fact]
    public void Mapped_values_lie_eight_byte_aligned_one_after_the_other()
    {
        using Map map = Map.Create(new MapSpec { Type = MapType.Array, Name = "rows", KeySize = 4, ValueSize = 12, MaxEntries = 3, Flags = MapFlags.Mmapable });
        using MemoryMapping memory = map.MapMemory(writable: false);
        map.Update(MemoryMarshal.AsBytes([2]), MemoryMarshal.AsBytes([1, 2, 3]));
        Assert.Equal(3, MemoryMarshal.Read<int>(memory.Bytes[(2 * 16 + 8)..]));
    }

    [Fact]
    public void Programs_call_each_other_through_a_program_array()
    {
        using Map programs = Map.Create(new MapSpec { Type = MapType.ProgArray, Name = "chain", KeySize = 4, ValueSize = 4, MaxEntries = 4 });
        using Program second = Program.Load(new ProgramSpec { Name = "second", Type = ProgramType.SocketFilter, Instructions = [Mov(R0, 2), Exit()] });
        using Program first = Program.Load(new ProgramSpec
        {
            Name = "first",
            Type = ProgramType.SocketFilter,
            Instructions = [LoadMap(R2, programs), Mov(R3, 1), Call(Helper.TailCall), Mov(R0, 1), Exit()],
        });
        Assert.Equal(1u, first.TestRun(new byte[14]));
        programs.Update(1, second);
        Assert.Equal(2u, first.TestRun(new byte[14]));
    }

    [Theory]
    [InlineData(MapType.StackTrace, 4, 8 * 127, 64, MapFlags.None)]
    [InlineData(MapType.PerfEventArray, 4, 4, 0, MapFlags.None)]
    [InlineData(MapType.TaskStorage, 4, 16, 0, MapFlags.NoPreallocation)]
    [InlineData(MapType.LruPerCpuHash, 4, 16, 128, MapFlags.None)]
    [InlineData(MapType.Queue, 0, 8, 16, MapFlags.None)]
    [InlineData(MapType.LpmTrie, 8, 8, 16, MapFlags.NoPreallocation)]
    public void Every_kind_can_be_made(MapType type, int keySize, int valueSize, int entries, MapFlags flags)
    {
        using Map map = Map.Create(new MapSpec { Type = type, Name = "any", KeySize = keySize, ValueSize = valueSize, MaxEntries = entries, Flags = flags });
        Assert.False(map.Descriptor.IsInvalid);
    }

    [Fact]
    public void What_the_kernel_refuses_is_said_with_the_sizes()
    {
        LinuxException refused = Assert.Throws<LinuxException>(() => Map.Create(new MapSpec { Type = MapType.RingBuffer, Name = "odd", MaxEntries = 5000 }));
        Assert.Equal("bpf(MAP_CREATE, RingBuffer \"odd\", key 0, value 0, entries 5000): EINVAL", refused.Message);
    }
}
