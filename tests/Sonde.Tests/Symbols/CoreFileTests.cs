using System.Buffers.Binary;
using System.Text;
using Sonde.Symbols;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class CoreFileTests
{
    const ulong Stack = 0x7ff000, Text = 0x400000, Data = 0x600000;

    [Fact]
    public void Threads_signal_and_process_are_told()
    {
        var core = Parse(Build());

        Assert.Equal([100, 101], core.Threads.Select(thread => thread.Tid));
        Assert.Equal(0x401234UL, core.Threads[0].Registers.Pc);
        Assert.Equal(0x7ff100UL, core.Threads[0].Registers.Sp);
        Assert.True(core.Threads[0].Registers.TryGet(FrameRegister.Rbp, out var rbp) && rbp == 0xb0b0);
        Assert.Equal(0xf5f5UL, core.Threads[1].ThreadPointer);
        Assert.Equal(new CoreSignal(11, 1, 0xdead, 0xdead, 0), core.Signal);
        Assert.Equal((100, "python3", "python3 -m app"), (core.Pid, core.ProcessName, core.CommandLine));
        Assert.Equal(0UL, core.MissingBytes);
        Assert.True(core.TryGetAuxiliary(33, out var vdso) && vdso == 0x123000);
        Assert.Equal([new(Text, Text + 0x2000, 0x1000, "/bin/app"), new CoreMapping(Data, Data + 0x1000, 0x3000, "/bin/app")], core.Mappings);
    }

    [Fact]
    public void Memory_comes_from_the_core_file_and_what_it_leaves_out_from_the_files()
    {
        var memory = new CoreMemory(Parse(Build()), ReadFile);

        Assert.Equal(7, Byte(memory, Stack));
        Assert.Equal(0xee, Byte(memory, Text));
        Assert.Equal((byte)(0x1800 >> 8), Byte(memory, Text + 0x800));

        // From the stored first page into the rest of the mapping.
        var bytes = new byte[2];
        Assert.True(memory.TryRead(Text + 0x3ff, bytes));
        Assert.Equal([0xee, 0x14], bytes);
        Assert.False(memory.TryRead(Stack + 0xfff, bytes));
        Assert.False(memory.TryRead(0x10, bytes));
    }

    [Fact]
    public void A_core_file_that_was_cut_short_is_read_as_far_as_it_goes()
    {
        var whole = Build();
        var core = Parse(whole[..^0x800]);
        var memory = new CoreMemory(core, ReadFile);

        Assert.Equal(0x800UL, core.MissingBytes);
        Assert.Equal(7, Byte(memory, Stack + 0x7ff));
        Assert.False(memory.TryRead(Stack + 0x800, new byte[1]));
        Assert.Contains("ends before its threads", Assert.Throws<ElfException>(() => Parse(whole[..400])).What, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_core_file_gives_nothing_worse_than_an_ElfException()
    {
        var whole = Build();
        var refused = 0;
        for (var seed = 0; seed < 4000; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])whole.Clone();
            for (var i = random.Next(1, 8); i > 0; i--)
            {
                bytes[random.Next(random.Next(3) == 0 ? 300 : 2200)] = random.Next(3) switch { 0 => 0xff, 1 => 0, _ => (byte)random.Next(256) };
            }

            try
            {
                var core = Parse(random.Next(6) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
                var memory = new CoreMemory(core, ReadFile);
                foreach (var segment in core.Segments.Take(4))
                {
                    memory.TryRead(segment.Start, new byte[64]);
                    memory.TryRead(unchecked(segment.Start + segment.Size - 8), new byte[64]);
                    memory.TryRead(unchecked(segment.Start + segment.StoredBytes - 8), new byte[64]);
                }
            }
            catch (ElfException e)
            {
                refused++;
                Assert.NotEmpty(e.What);
            }
        }

        Assert.InRange(refused, 100, 3900);
    }

    static CoreFile Parse(byte[] bytes) => CoreFile.Parse(new Bytes(bytes), (ulong)bytes.Length, "core");

    static byte Byte(CoreMemory memory, ulong address)
    {
        var value = new byte[1];
        Assert.True(memory.TryRead(address, value));
        return value[0];
    }

    /// <summary>A file each of whose bytes is the second byte of its offset.</summary>
    static bool ReadFile(CoreMapping mapping, ulong offset, Memory<byte> destination)
    {
        for (var i = 0; i < destination.Length; i++)
        {
            destination.Span[i] = (byte)((offset + (ulong)i) >> 8);
        }

        return mapping.Path == "/bin/app";
    }

    /// <summary>Two threads; a stack that is stored whole, code of which the first 1024 bytes are, data that is not.</summary>
    static byte[] Build()
    {
        List<byte> notes = [];
        notes.AddRange(Note(1, Status(100, 0)));
        notes.AddRange(Note(3, Process()));
        notes.AddRange(Note(0x53494749, Words(11, 1UL, 0xdead)));
        notes.AddRange(Note(6, Words(33, 0x123000, 0, 0)));
        notes.AddRange(Note(0x46494c45, [.. Words(2, 0x1000, Text, Text + 0x2000, 1, Data, Data + 0x1000, 3), .. "/bin/app\0/bin/app\0"u8]));
        notes.AddRange(Note(1, Status(101, 0xf5f5)));

        const int header = 64 + 4 * 56;
        var text = header + notes.Count;
        List<byte> file = [];
        var start = new byte[64];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(start);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(16), 4);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(18), 62);
        BinaryPrimitives.WriteUInt64LittleEndian(start.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(start.AsSpan(56), 4);
        file.AddRange(start);
        file.AddRange(Words(4, header, 0, 0, (ulong)notes.Count, 0, 4));
        file.AddRange(Words(1 | 5UL << 32, (ulong)text, Text, 0, 0x400, 0x2000, 0x1000));
        file.AddRange(Words(1 | 6UL << 32, (ulong)text + 0x400, Data, 0, 0, 0x1000, 0x1000));
        file.AddRange(Words(1 | 6UL << 32, (ulong)text + 0x400, Stack, 0, 0x1000, 0x1000, 0x1000));
        file.AddRange(notes);
        file.AddRange(Enumerable.Repeat((byte)0xee, 0x400));
        file.AddRange(Enumerable.Repeat((byte)7, 0x1000));
        return [.. file];
    }

    static byte[] Status(int tid, ulong threadPointer)
    {
        var note = new byte[336];
        note[12] = 11;
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(32), tid);
        BinaryPrimitives.WriteUInt64LittleEndian(note.AsSpan(112 + 8 * 4), 0xb0b0);
        BinaryPrimitives.WriteUInt64LittleEndian(note.AsSpan(112 + 8 * 16), 0x401234);
        BinaryPrimitives.WriteUInt64LittleEndian(note.AsSpan(112 + 8 * 19), 0x7ff100);
        BinaryPrimitives.WriteUInt64LittleEndian(note.AsSpan(112 + 8 * 21), threadPointer);
        return note;
    }

    static byte[] Process()
    {
        var note = new byte[136];
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(24), 100);
        "python3"u8.CopyTo(note.AsSpan(40));
        "python3 -m app "u8.CopyTo(note.AsSpan(56));
        return note;
    }

    static byte[] Note(uint type, byte[] descriptor)
    {
        var padded = new byte[(descriptor.Length + 3) & ~3];
        descriptor.CopyTo(padded, 0);
        return [.. BitConverter.GetBytes(5), .. BitConverter.GetBytes(descriptor.Length), .. BitConverter.GetBytes(type), .. Encoding.ASCII.GetBytes("CORE\0\0\0\0"), .. padded];
    }

    static byte[] Words(params ulong[] words) => [.. words.SelectMany(BitConverter.GetBytes)];

    sealed class Bytes(byte[] bytes) : IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            if (address > (ulong)bytes.Length || (ulong)destination.Length > (ulong)bytes.Length - address)
            {
                return false;
            }

            bytes.AsSpan((int)address, destination.Length).CopyTo(destination);
            return true;
        }
    }
}
