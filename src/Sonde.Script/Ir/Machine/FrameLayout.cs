namespace Sonde.Script.Ir.Machine;

/// <summary>Where the stack memory of a function lies.</summary>
sealed class FrameLayout
{
    readonly Dictionary<StackSlot, int> _offsets = [];

    public FrameLayout(MachineFunction function)
    {
        HashSet<StackSlot> used = [.. function.Blocks.SelectMany(block => block.Instructions).Select(instruction => instruction.Slot).OfType<StackSlot>()];
        foreach (StackSlot slot in function.Slots.Where(used.Contains))
        {
            Size += (slot.Size + 7) & ~7;
            _offsets.Add(slot, -Size);
        }
    }

    /// <summary>Bytes in all.</summary>
    public int Size { get; }

    /// <summary>Where a slot begins, counted from R10.</summary>
    public int this[StackSlot slot] => _offsets[slot];
}
