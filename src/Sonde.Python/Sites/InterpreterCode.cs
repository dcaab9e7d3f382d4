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

    InterpreterCode(ulong start, IReadOnlyList<FrameDescription> parts, Instruction[] instructions, IReadOnlySet<ulong> handlers)
    {
        Start = start;
        Parts = parts;
        Instructions = instructions;
        HandlerFunctions = handlers;
        _addresses = Array.ConvertAll(instructions, static instruction => instruction.IP);
    }

    /// <summary>Address of the eval function's first instruction.</summary>
    public ulong Start { get; }

    /// <summary>The address ranges, ascending.</summary>
    public IReadOnlyList<FrameDescription> Parts { get; }

    /// <summary>All instructions of all parts, by ascending address.</summary>
    public Instruction[] Instructions { get; }

    /// <summary>
    /// Where opcodes are handled by functions that call each other last (<c>--with-tail-call-interp</c>, 3.14 and later): the starts
    /// of those functions. Empty where they are labels in one function.
    /// </summary>
    public IReadOnlySet<ulong> HandlerFunctions { get; }

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
            throw new SiteException($"expected an unwind entry for _PyEval_EvalFrameDefault at 0x{start:x} and found none");
        }

        var collector = new Collector(image, functions);
        collector.Add(first, wholeFunctions: false);
        if (!collector.Instructions.Any(IsDispatch))
        {
            collector.AddHandlers(HandlerTable.Find(image, functions), first);
        }

        var code = new InterpreterCode(start, [.. collector.Parts], [.. collector.Instructions], collector.Handlers);
        return code.IndexOf(start) >= 0 ? code : throw new SiteException($"expected an instruction of _PyEval_EvalFrameDefault at 0x{start:x} and found none");
    }

    /// <summary>Whether an instruction jumps to wherever a register or a table tells; through a fixed word it is a call of an imported function.</summary>
    public static bool IsDispatch(Instruction instruction) =>
        instruction.FlowControl == FlowControl.IndirectBranch && !instruction.IsIPRelativeMemoryOperand;

    /// <summary>Decodes one range of code.</summary>
    /// <exception cref="SiteException">The range is not in the file.</exception>
    public static List<Instruction> Decode(ElfFile image, FrameDescription part)
    {
        if (part.End - part.Start > MostBytes || !image.TryRead(part.Start, (int)(part.End - part.Start), out var code))
        {
            throw new SiteException($"expected code from 0x{part.Start:x} to 0x{part.End:x} and found none in the file");
        }

        var decoder = Decoder.Create(64, code.ToArray(), part.Start);
        List<Instruction> instructions = new(code.Length / 4);
        while (decoder.IP < part.End)
        {
            instructions.Add(decoder.Decode());
        }

        return instructions;
    }

    /// <summary>The ranges found so far.</summary>
    sealed class Collector(ElfFile image, IReadOnlyList<FrameDescription> functions)
    {
        /// <summary>The function that is called to begin with is small: it only jumps to the first handler.</summary>
        const ulong MostCallerBytes = 4000;

        readonly SortedDictionary<ulong, (FrameDescription Part, List<Instruction> Instructions)> _parts = [];
        readonly HashSet<ulong> _handlers = [];
        ulong _bytes;

        public IEnumerable<FrameDescription> Parts => _parts.Values.Select(part => part.Part);

        public IEnumerable<Instruction> Instructions => _parts.Values.SelectMany(part => part.Instructions);

        public IReadOnlySet<ulong> Handlers => _handlers;

        /// <summary>
        /// Adds a range and what it jumps to: ranges that are jumped into, or that begin with the frame already built, are split off
        /// from it. Functions that are jumped to are only of interest where handlers are functions.
        /// </summary>
        public void Add(FrameDescription first, bool wholeFunctions)
        {
            Queue<FrameDescription> queue = new([first]);
            while (queue.TryDequeue(out var part))
            {
                if (_parts.ContainsKey(part.Start))
                {
                    continue;
                }

                _bytes += part.End - part.Start;
                if (_bytes > MostBytes)
                {
                    throw new SiteException($"expected an eval function of at most {MostBytes >> 20} MiB and found a larger one");
                }

                var instructions = Decode(image, part);
                _parts.Add(part.Start, (part, instructions));
                foreach (var instruction in instructions)
                {
                    if (JumpOutOf(part, instruction) is not { } target || !EhFrame.TryFind(functions, target, out var other)
                        || ImportStub.TryRead(image, target, out _))
                    {
                        continue;
                    }

                    var isPart = other.Start != target || other.BeginsWithFrame;
                    if (isPart || wholeFunctions)
                    {
                        queue.Enqueue(other);
                    }

                    if (!isPart && wholeFunctions)
                    {
                        _handlers.Add(target);
                    }
                }
            }
        }

        /// <summary>Adds handler functions, what they jump to, and the functions by which the eval function gets to the first of them.</summary>
        public void AddHandlers(IReadOnlyCollection<ulong> handlers, FrameDescription caller)
        {
            foreach (var handler in handlers)
            {
                _handlers.Add(handler);
                if (EhFrame.TryFind(functions, handler, out var function))
                {
                    Add(function, wholeFunctions: true);
                }
            }

            var calls = _parts[caller.Start].Instructions.Where(instruction => instruction.FlowControl == FlowControl.Call).ToList();
            foreach (var target in calls.Select(call => call.NearBranchTarget))
            {
                if (_parts.ContainsKey(target))
                {
                    _handlers.Add(target);
                }
                else if (EhFrame.TryFind(functions, target, out var function) && function.Start == target
                    && function.End - function.Start < MostCallerBytes && Decode(image, function).Any(IsDispatch))
                {
                    _handlers.Add(target);
                    Add(function, wholeFunctions: true);
                }
            }
        }

        static ulong? JumpOutOf(FrameDescription part, in Instruction instruction) =>
            instruction.FlowControl is FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch && !part.Contains(instruction.NearBranchTarget)
                ? instruction.NearBranchTarget
                : null;
    }
}
