namespace Sonde.Bpf;

/// <summary>What a program is to be, before any kernel knows of it.</summary>
public sealed record ProgramSpec
{
    /// <summary>The name; the kernel keeps 15 bytes of it (Linux 4.15+).</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public required ProgramType Type { get; init; }

    /// <summary>The instructions, subprograms after the main one.</summary>
    public required IReadOnlyList<Instruction> Instructions { get; init; }

    /// <summary>How it will be attached; <see cref="AttachType.UprobeMulti"/> for <see cref="Program.AttachUprobeMulti"/>.</summary>
    public AttachType ExpectedAttachType { get; init; }

    /// <summary>For <see cref="ProgramType.Tracing"/>: the function or iterator it is for, by its number in the BTF of the kernel, or of <see cref="AttachModule"/>.</summary>
    public int AttachBtfId { get; init; }

    /// <summary>The module that has the function; empty for the kernel itself (Linux 5.11+).</summary>
    public string AttachModule { get; init; } = "";

    /// <summary>The maps made of the <see cref="MapSpec"/>s that the instructions refer to.</summary>
    public IReadOnlyList<Map> Maps { get; init; } = [];

    /// <summary>The licence. Most tracing helpers ask for a GPL-compatible one.</summary>
    public string License { get; init; } = "GPL";

    /// <summary>Whether helpers may sleep, for example to page in user memory; uprobes from Linux 6.0 on.</summary>
    public bool Sleepable { get; init; }

    /// <summary>Asks for the verifier's log even when it accepts: 0 none, 1 branches, 2 every instruction, 4 statistics (summed up).</summary>
    public uint LogLevel { get; init; }
}
