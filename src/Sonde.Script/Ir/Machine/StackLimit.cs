using Sonde.Script.Binding;

namespace Sonde.Script.Ir.Machine;

/// <summary>The stack of functions that call each other must fit 512 bytes together (check_max_stack_depth, kernel/bpf/verifier.c).</summary>
static class StackLimit
{
    const int MostBytes = 512;
    const int MostFrames = 8;
    const int NamedSlots = 5;

    /// <exception cref="StackException">It does not fit; the message tells what takes the space.</exception>
    /// <exception cref="IrException">Functions call themselves, or each other too deep.</exception>
    public static void Check(IrProgram program, IReadOnlyList<FrameLayout> frames, TargetKernel kernel)
    {
        Dictionary<IrFunction, FrameLayout> layouts = frames.ToDictionary(frame => frame.Function);
        List<FrameLayout> path = [];
        List<FrameLayout> deepest = [];
        Walk(frames[0]);
        int most = deepest.Sum(Rounded);
        if (most <= MostBytes)
        {
            return;
        }

        string what = string.Join("; ", deepest.Where(frame => frame.Size > 0).Select(frame => $"{frame.Function.Name} {frame.Size}: {Largest(frame)}"));
        throw new StackException($"{program.Name} needs {most} bytes of stack, the kernel gives {MostBytes} ({what}).");

        void Walk(FrameLayout frame)
        {
            if (path.Contains(frame) || path.Count >= MostFrames)
            {
                throw new IrException($"{program.Name} calls functions {(path.Contains(frame) ? "that call themselves" : $"more than {MostFrames} deep")}, which the kernel does not take.");
            }

            path.Add(frame);
            if (path.Sum(Rounded) > deepest.Sum(Rounded))
            {
                deepest = [.. path];
            }

            foreach (IrFunction callee in Callees(frame.Function))
            {
                Walk(layouts[callee]);
            }

            path.RemoveAt(path.Count - 1);
        }

        // What a frame counts for: 32 bytes at least until Linux 6.8, multiples of 16 afterwards.
        int Rounded(FrameLayout frame) => kernel.HasInstructionSetV4 ? (frame.Size + 15) & ~15 : (Math.Max(frame.Size, 1) + 31) & ~31;
    }

    /// <summary>The functions one calls or hands to helpers, each once, in order.</summary>
    public static IEnumerable<IrFunction> Callees(IrFunction function) =>
        ControlFlow.ReversePostOrder(function).SelectMany(block => block.Instructions).SelectMany(Operands.Functions).Distinct();

    static string Largest(FrameLayout frame)
    {
        IEnumerable<string> named = frame.Slots
            .GroupBy(slot => slot.Name)
            .Select(group => (group.Key, Bytes: group.Sum(slot => slot.Size), Count: group.Count()))
            .OrderByDescending(entry => entry.Bytes)
            .ThenBy(entry => entry.Key, StringComparer.Ordinal)
            .Take(NamedSlots)
            .Select(entry => $"{entry.Key} {entry.Bytes}{(entry.Count > 1 ? $" in {entry.Count} pieces" : "")}");
        return string.Join(", ", named);
    }
}
