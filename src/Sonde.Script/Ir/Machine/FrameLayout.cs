namespace Sonde.Script.Ir.Machine;

/// <summary>Where the stack memory of a function lies.</summary>
sealed class FrameLayout
{
    readonly Dictionary<StackSlot, int> _offsets = [];

    public FrameLayout(MachineFunction function)
    {
        Function = function.Source;
        SlotLifetimes lifetimes = new(function);
        // Large ones first: what is small fits the gaps.
        foreach (StackSlot slot in lifetimes.Used.OrderByDescending(slot => slot.Size).ThenBy(slot => slot.Number))
        {
            int size = Rounded(slot.Size);
            int end = 0;
            foreach ((StackSlot other, int offset) in _offsets.Where(placed => lifetimes.Overlap(placed.Key, slot)).OrderByDescending(placed => placed.Value + Rounded(placed.Key.Size)))
            {
                if (end - (offset + Rounded(other.Size)) >= size)
                {
                    break;
                }

                end = Math.Min(end, offset);
            }

            _offsets.Add(slot, end - size);
            Size = Math.Max(Size, size - end);
        }
    }

    public IrFunction Function { get; }

    /// <summary>Bytes in all.</summary>
    public int Size { get; }

    /// <summary>What lies there.</summary>
    public IEnumerable<StackSlot> Slots => _offsets.Keys;

    /// <summary>Where a slot begins, counted from R10.</summary>
    public int this[StackSlot slot] => _offsets[slot];

    static int Rounded(int size) => (size + 7) & ~7;
}
