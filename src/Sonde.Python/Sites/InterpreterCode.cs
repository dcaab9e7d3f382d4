using Iced.Intel;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>The machine code of the eval function, decoded: <c>_PyEval_EvalFrameDefault</c> and every part the compiler split off from it.</summary>
/// <remarks>
/// The symbol's size is no help: profile-guided builds move the rarely used bulk of the function to <c>.text.unlikely</c>, and the
/// symbol covers only what is left. The unwind table has every part, and is never stripped.
/// </remarks>
sealed class InterpreterCode
{
    /// <summary>Unoptimised builds have about 300 KB; more is not an interpreter.</summary>
    const ulong MostBytes = 4 << 20;

    readonly ulong[] _addresses;

    InterpreterCode(ulong start, IReadOnlyList<FrameDescription> parts, Instruction[] instructions)
    {
        Start = start;
        Parts = parts;
        Instructions = instructions;
        _addresses = Array.ConvertAll(instructions, static instruction => instruction.IP);
    }

    /// <summary>Address of the eval function's first instruction.</summary>
    public ulong Start { get; }

    /// <summary>The address ranges, ascending.</summary>
    public IReadOnlyList<FrameDescription> Parts { get; }

    /// <summary>All instructions of all parts, by ascending address.</summary>
    public Instruction[] Instructions { get; }

    /// <summary>Index of the instruction that starts at an address; negative when none does.</summary>
    public int IndexOf(ulong address) => Array.BinarySearch(_addresses, address);

    /// <summary>Whether the instruction after <paramref name="index"/> in memory is the next one of the list.</summary>
    public bool Continues(int index) => index + 1 < Instructions.Length && Instructions[index + 1].IP == Instructions[index].NextIP;

    /// <summary>Finds and decodes the eval function.</summary>
    /// <param name="image">The interpreter.</param>
    /// <param name="functions">Its unwind table.</param>
    /// <param name="start">Address of <c>_PyEval_EvalFrameDefault</c>.</param>
    /// <exception cref="SiteException">The code is not where it should be, or implausibly large.</exception>
    public static InterpreterCode Find(ElfFile image, IReadOnlyList<FrameDescription> functions, ulong start)
    {
        if (!EhFrame.TryFind(functions, start, out var first))
        {
            throw new SiteException($"the unwind table has no entry for _PyEval_EvalFrameDefault at 0x{start:x}");
        }

        SortedDictionary<ulong, (FrameDescription Part, List<Instruction> Instructions)> parts = [];
        Queue<FrameDescription> queue = new([first]);
        var bytes = 0UL;
        while (queue.TryDequeue(out var part))
        {
            if (parts.ContainsKey(part.Start))
            {
                continue;
            }

            bytes += part.End - part.Start;
            if (bytes > MostBytes)
            {
                throw new SiteException($"the eval function is larger than {MostBytes >> 20} MiB");
            }

            var instructions = Decode(image, part);
            parts.Add(part.Start, (part, instructions));
            foreach (var instruction in instructions)
            {
                if (LeavesTo(instruction, part) is { } target && EhFrame.TryFind(functions, target, out var other)
                    && (other.Start != target || other.BeginsWithFrame) && !IsImportStub(image, target))
                {
                    queue.Enqueue(other);
                }
            }
        }

        return new(start, [.. parts.Values.Select(part => part.Part)], [.. parts.Values.SelectMany(part => part.Instructions)]);
    }

    /// <summary>Decodes one range of code.</summary>
    /// <exception cref="SiteException">The range is not in the file.</exception>
    public static List<Instruction> Decode(ElfFile image, FrameDescription part)
    {
        if (part.End - part.Start > MostBytes || !image.TryRead(part.Start, (int)(part.End - part.Start), out var code))
        {
            throw new SiteException($"the code from 0x{part.Start:x} to 0x{part.End:x} is not in the file");
        }

        var decoder = Decoder.Create(64, code.ToArray(), part.Start);
        List<Instruction> instructions = new(code.Length / 4);
        while (decoder.IP < part.End)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }

    /// <summary>The target of a direct jump out of a part: into the middle of another range, or to one whose frame is already built.</summary>
    static ulong? LeavesTo(in Instruction instruction, FrameDescription part) =>
        instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch
        && instruction.NearBranchTarget is var target && (target < part.Start || target >= part.End) ? target : null;

    /// <summary>The procedure linkage table is one range in the unwind table, but a jump to an entry of it is a tail call.</summary>
    static bool IsImportStub(ElfFile image, ulong address) => ImportStub.TryRead(image, address, out _);
}
