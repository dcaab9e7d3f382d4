using Iced.Intel;

namespace Sonde.Python.Sites;

/// <summary>What the interpreter is doing when it passes a probe site.</summary>
public enum SiteKind
{
    /// <summary>A frame starts or resumes; its arguments are in place.</summary>
    Entry,

    /// <summary>A suspended generator or coroutine frame is entered to raise an exception in it (<c>gen.throw</c>, <c>close</c>).</summary>
    Throw,

    /// <summary>A frame is left: by return, by an exception, or by suspension.</summary>
    Exit,
}

/// <summary>How a frame can be left at an exit site, as far as the machine code tells.</summary>
/// <remarks>One site can serve several opcodes when the compiler merged their tails.</remarks>
[Flags]
public enum ExitReasons
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>The frame returned a value.</summary>
    Return = 1,

    /// <summary>An exception leaves the frame.</summary>
    Unwind = 2,

    /// <summary>A generator or coroutine suspended itself.</summary>
    Suspend = 4,

    /// <summary>A generator object was made out of the frame (<c>RETURN_GENERATOR</c>, 3.11 and later): no activation ends here.</summary>
    GeneratorCreation = 8,
}

/// <summary>Which frame <c>current_frame</c> names when an exit site is passed.</summary>
public enum CurrentFrame
{
    /// <summary>Still the frame being left.</summary>
    Dying,

    /// <summary>Already the frame that is returned to.</summary>
    Parent,

    /// <summary>The frame that is being entered.</summary>
    New,
}

/// <summary>How the kernel executes the probed instruction (arch/x86/kernel/uprobes.c).</summary>
public enum SiteCost
{
    /// <summary>Emulated: nop, push, call, jmp and jcc. The cheap case.</summary>
    Emulated,

    /// <summary>Executed out of line with a single-step trap: correct, but many times dearer.</summary>
    SingleStepped,
}

/// <summary>Where a value is found when a probe fires: a general register, or a stack slot relative to the stack pointer.</summary>
/// <param name="Register">The x86-64 register number as the instruction encoding has it: rax 0, rcx 1, rdx 2, rbx 3, rsp 4, rbp 5, rsi 6, rdi 7, r8 to r15.</param>
/// <param name="StackOffset">Null when the value is in the register itself; otherwise the value is the 8 bytes at register + offset.</param>
public readonly record struct ValueLocation(byte Register, int? StackOffset = null)
{
    static readonly string[] _names =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];

    /// <summary>"rbx" or "[rsp+8]".</summary>
    public override string ToString() => StackOffset is { } offset
        ? $"[{_names[Register]}{(offset < 0 ? "-" : "+")}{Math.Abs((long)offset)}]"
        : _names[Register];
}

/// <summary>One instruction of the interpreter where a uprobe tells that a Python frame is entered or left.</summary>
public sealed record ProbeSite
{
    /// <summary>What passes here.</summary>
    public required SiteKind Kind { get; init; }

    /// <summary>Virtual address of the probed instruction in the file's own address space.</summary>
    public required ulong Address { get; init; }

    /// <summary>Offset of the probed instruction in the file, which is what the kernel attaches to.</summary>
    public required ulong FileOffset { get; init; }

    /// <summary>The bytes of the probed instruction as they are in the file.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>The probed instruction, for people. Made when it is asked for: what formats instructions takes milliseconds to set up.</summary>
    public string Instruction
    {
        get
        {
            var decoder = Decoder.Create(64, Bytes.ToArray(), Address);
            var text = new StringOutput();
            new GasFormatter(new FormatterOptions { UppercaseHex = false, HexPrefix = "0x", BranchLeadingZeros = false, SmallHexNumbersInDecimal = true }).Format(decoder.Decode(), text);
            return text.ToString();
        }
    }

    /// <summary>Whether the kernel emulates the instruction.</summary>
    public required SiteCost Cost { get; init; }

    /// <summary>Where the <c>PyThreadState*</c> is; null only where <see cref="Frame"/> is known.</summary>
    public required ValueLocation? ThreadState { get; init; }

    /// <summary>Where a pointer to the frame entered or left is, when the code proves it; saves walking from the thread state.</summary>
    /// <remarks>
    /// At exits of 3.11 and later where <see cref="Current"/> is <see cref="CurrentFrame.Parent"/> the interpreter may have begun to
    /// tear the frame down: it still names the activation, but what is in it need not be whole.
    /// </remarks>
    public ValueLocation? Frame { get; init; }

    /// <summary>
    /// Where a pointer to the parent frame is, at exits, when the code proves it: where <see cref="Current"/> is
    /// <see cref="CurrentFrame.Parent"/> this is the thread state's current frame without walking to it.
    /// </summary>
    public ValueLocation? ParentFrame { get; init; }

    /// <summary>Which frame the thread state's current frame is at this instruction.</summary>
    public required CurrentFrame Current { get; init; }

    /// <summary>How frames are left here; <see cref="ExitReasons.None"/> at entries, and where the analysis cannot tell.</summary>
    public ExitReasons Reasons { get; init; }

    /// <summary>What led here: the opcode's name, "prologue", "throw", or the store the site follows.</summary>
    public required string Origin { get; init; }
}

/// <summary>The probe sites of one interpreter image, or the reason there are none.</summary>
/// <param name="Sites">Entry and exit sites; empty when refused.</param>
/// <param name="Refusal">Why the image cannot be traced, as one sentence; null when it can.</param>
public sealed record SiteAnalysis(IReadOnlyList<ProbeSite> Sites, string? Refusal);
