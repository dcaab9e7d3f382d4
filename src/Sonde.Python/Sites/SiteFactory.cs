using Sonde.Symbols.Elf;

namespace Sonde.Python.Sites;

/// <summary>Makes the public <see cref="ProbeSite"/> out of a place in the code and what is certain there.</summary>
sealed class SiteFactory(ElfFile image, DataFlow flow)
{
    /// <summary>The instruction's bytes in the file.</summary>
    public ReadOnlySpan<byte> Code(int index)
    {
        ref readonly var instruction = ref flow.Code.Instructions[index];
        return image.TryRead(instruction.IP, instruction.Length, out var bytes) ? bytes : [];
    }

    /// <summary>Whether a probe on the instruction costs no single step, on any kernel.</summary>
    public bool IsCheap(int index) => Uprobes.AreCheapOn(Code(index));

    /// <summary>Whether a probe may be put on the instruction at all.</summary>
    public bool IsSafe(int index) => Uprobes.AreSafeOn(Code(index));

    /// <summary>A site at the instruction a walk has come to.</summary>
    public ProbeSite At(DataFlow.Walk walk, SiteKind kind, Passage passage, string origin)
    {
        ref readonly var instruction = ref flow.Code.Instructions[walk.Index];
        var code = Code(walk.Index);
        if (instruction.IsInvalid || code.IsEmpty || !image.TryGetFileOffset(instruction.IP, out var offset)
            || !image.TryGetLoadSegment(instruction.IP, out var segment) || !segment.Flags.HasFlag(ElfSegmentAccess.Execute))
        {
            throw new SiteException($"expected code at 0x{instruction.IP:x} and found none");
        }

        return new()
        {
            Kind = kind,
            Address = instruction.IP,
            FileOffset = offset,
            Bytes = code.ToArray(),
            Cost = Uprobes.AreCheapOn(code) ? SiteCost.Emulated : SiteCost.SingleStepped,
            ThreadState = First(walk.State, Roles.ThreadState),
            Frame = First(walk.State, passage.Frame),
            ParentFrame = First(walk.State, passage.Parent),
            Current = passage.Current,
            Origin = origin,
        };
    }

    static ValueLocation? First(AbstractState state, Roles roles) =>
        roles != Roles.None && state.Locations(roles) is [var first, ..] ? first : null;
}
