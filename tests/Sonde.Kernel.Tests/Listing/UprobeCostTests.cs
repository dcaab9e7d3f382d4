using Sonde.Bpf;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Sonde.Symbols.Code;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Listing;

/// <summary>What the classification of instructions says, held against what this kernel does.</summary>
public sealed class UprobeCostTests
{
    [Fact]
    public void Opcodes_said_to_be_refused_are_those_the_kernel_refuses()
    {
        Requires.Root();
        Requires.Kernel(6, 18);
        const int SlotSize = 16;
        byte[] code = new byte[256 * SlotSize];
        for (int opcode = 0; opcode < 256; opcode++)
        {
            Span<byte> slot = code.AsSpan(opcode * SlotSize, SlotSize);
            slot.Fill(0x90);
            slot[0] = (byte)opcode;
            slot[1] = 0xc0;
        }

        using MappedFile file = new(MappedFile.Contents(code));
        using Program program = Empty();
        List<string> wrong = [];
        for (int opcode = 0; opcode < 256; opcode++)
        {
            bool said = UprobeCost.Classify(code.AsSpan(opcode * SlotSize)).Execution == UprobeExecution.Refused;
            Errno answer = Attach(program, file, MappedFile.Code + (ulong)(opcode * SlotSize), out Link? link);
            link?.Dispose();

            // Bytes that are no instruction are ENOEXEC, which the classification does not tell apart.
            if (answer != Errno.ENOEXEC && said != (answer != Errno.None))
            {
                wrong.Add($"{opcode:x2}: said {said}, kernel {answer}");
            }
        }

        Assert.Empty(wrong);
    }

    /// <summary>Each returns its argument: mov %rdi,%rax; ret, with the instruction in question in front.</summary>
    [Theory]
    [InlineData("90")]
    [InlineData("6690")]
    [InlineData("f390")]
    [InlineData("0f1f00")]
    [InlineData("0f1f8000000000")]
    [InlineData("660f1f840000000000")]
    [InlineData("eb00")]
    [InlineData("7400")]
    [InlineData("0f8400000000")]
    [InlineData("5058")]
    [InlineData("4157415f")]
    [InlineData("485058")]
    [InlineData("4889c0")]
    [InlineData("f30f1efa")]
    [InlineData("85c0")]
    public void Steps_what_is_said_to_be_stepped_and_nothing_else(string hex)
    {
        Requires.Root();
        Requires.Kernel(6, 18);
        byte[] instruction = Convert.FromHexString(hex);
        using MappedFile file = new(MappedFile.Contents([.. instruction, 0x48, 0x89, 0xf8, 0xc3]));
        using Program program = Empty();
        Assert.Equal(Errno.None, Attach(program, file, MappedFile.Code, out Link? link));
        using (link)
        {
            Assert.Equal(0, file.Call(MappedFile.Code, 10));
        }

        Assert.Equal(UprobeCost.Classify(instruction).Execution == UprobeExecution.SingleStepped, file.WasStepped());
    }

    [Fact]
    public void A_five_byte_nop_in_a_leaf_function_is_damaged_and_so_never_attached_to()
    {
        Requires.Root();
        Requires.Kernel(6, 18);

        // mov %rdi,-8(%rsp); nop; five-byte nop; mov -8(%rsp),%rax; ret: the argument waits in the red zone.
        byte[] leaf = [0x48, 0x89, 0x7c, 0x24, 0xf8, 0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x48, 0x8b, 0x44, 0x24, 0xf8, 0xc3];
        byte[] contents = MappedFile.Contents(leaf);
        using MappedFile file = new(contents);
        using Program program = Empty();
        const ulong Nop = MappedFile.Code + 5;
        const ulong FiveByteNop = MappedFile.Code + 6;
        const int Calls = 1000;

        Assert.Equal(0, CallWhileAttached(Nop));
        int wrong = CallWhileAttached(FiveByteNop);
        Assert.Equal(0, file.Call(MappedFile.Code, Calls));

        // A kernel that does better is welcome, and then the caution costs nothing but an offer not made.
        Assert.True(wrong > Calls / 2 || RunningKernel.Version > new Version(6, 18, int.MaxValue), $"{wrong} of {Calls} results were wrong");
        FrameDescription[] functions = [new(MappedFile.Code, MappedFile.Code + 0x100, false)];
        ElfFile elf = ElfFile.Parse(contents, "plugin");
        Assert.NotNull(OptimizedUprobe.Hazard(elf, FiveByteNop, functions));
        Assert.Null(OptimizedUprobe.Hazard(elf, Nop, functions));

        int CallWhileAttached(ulong address)
        {
            Assert.Equal(Errno.None, Attach(program, file, address, out Link? link));
            using (link)
            {
                return file.Call(MappedFile.Code, Calls);
            }
        }
    }

    static Program Empty() =>
        Program.Load(new ProgramSpec { Name = "empty", Type = ProgramType.Kprobe, Instructions = [Mov(R0, 0), Exit()] });

    static Errno Attach(Program program, MappedFile file, ulong address, out Link? link)
    {
        link = null;
        Assert.True(ElfFile.Parse(File.ReadAllBytes(file.Path), "plugin").TryGetFileOffset(address, out ulong offset));
        try
        {
            link = program.AttachUprobePerf(new UprobeSpec { Path = file.Path, Offset = offset, Pid = file.Pid });
            return Errno.None;
        }
        catch (LinuxException refused)
        {
            return refused.Errno;
        }
    }
}
