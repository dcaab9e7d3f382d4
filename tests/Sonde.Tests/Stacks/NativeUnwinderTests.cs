using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols;
using Sonde.Symbols.Unwind;
using Sonde.Tests.Symbols;
using Xunit;

namespace Sonde.Tests.Stacks;

public sealed class NativeUnwinderTests
{
    const ulong Base = 0x7f0000000000;

    [Fact]
    public void Stacks_that_make_no_sense_come_to_an_end_with_a_reason()
    {
        var (modules, starts) = Library();
        var unwinder = new NativeUnwinder(modules);
        var reasons = new HashSet<string>();
        for (var seed = 0; seed < 3000; seed++)
        {
            var random = new Random(seed);
            var registers = FrameRegisters.At(Base + starts[random.Next(starts.Count)] + (ulong)random.Next(8), 0x7ffd00000000 + (ulong)random.Next(64));
            if (random.Next(2) == 0)
            {
                registers.Set(FrameRegister.Rbp, 0x7ffd00000000 + (ulong)random.Next(4096));
            }

            List<NativeStep> steps = [];
            if (unwinder.Walk(registers, new Nonsense(random, starts), steps) is { } reason)
            {
                reasons.Add(reason.Split(" 0x")[0]);
            }

            Assert.InRange(steps.Count, 1, 1 << 14);
        }

        Assert.True(reasons.Count >= 3, string.Join('\n', reasons));
    }

    [Fact]
    public void Code_in_no_file_without_a_frame_pointer_is_named_as_the_end()
    {
        var (modules, _) = Library();
        List<NativeStep> steps = [];

        var reason = new NativeUnwinder(modules).Walk(FrameRegisters.At(0x1000, 0x2000), new Nonsense(new Random(1), [1]), steps);

        Assert.Equal("no unwind table for the code at 0x1000, which is in no file", reason);
        Assert.Equal(0x1000UL, Assert.Single(steps).Address);
    }

    /// <summary>The C library, mapped whole at one address, and a page of code that is in no file.</summary>
    static (NativeModules Modules, List<ulong> Starts) Library()
    {
        var path = TestFiles.Real.First(file => file.Contains("libc.so", StringComparison.Ordinal));
        var elf = TestFiles.Open(path);
        var file = new CodeFile(elf, path, null, []);
        var mappings = elf.Segments.Where(segment => segment.Type == Sonde.Symbols.Elf.ElfSegmentType.Load)
            .Select(segment => new ProcMapping(Base + (segment.VirtualAddress & ~0xfffUL), Base + ((segment.VirtualAddress + segment.MemorySize + 0xfff) & ~0xfffUL), MapProtection.Read | MapProtection.Execute, false, segment.Offset & ~0xfffUL, 1, 1, path, false))
            .Prepend(new ProcMapping(0x1000, 0x2000, MapProtection.Execute, false, 0, 0, 0, "", false)).ToList();
        return (new NativeModules(() => mappings, mapping => mapping.IsFile ? file : null), [.. EhFrame.Read(elf).Select(range => range.Start)]);
    }

    /// <summary>Words of which some are addresses of code and some of the stack.</summary>
    sealed class Nonsense(Random random, IReadOnlyList<ulong> starts) : IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            var word = random.Next(4) switch
            {
                0 => Base + starts[random.Next(starts.Count)] + (ulong)random.Next(32),
                1 => address + (ulong)random.Next(256),
                2 => (ulong)random.NextInt64(),
                _ => Base + (ulong)random.Next(0x180000),
            };
            Span<byte> bytes = stackalloc byte[8];
            BitConverter.TryWriteBytes(bytes, word);
            for (var i = 0; i < destination.Length; i++)
            {
                destination[i] = bytes[i & 7];
            }

            return random.Next(200) != 0;
        }
    }
}
