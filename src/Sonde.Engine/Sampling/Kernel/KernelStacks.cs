using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Lowering.Python;
using Sonde.Script.Types;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>What a sample's stacks are called in the kernel.</summary>
/// <param name="Process">Whose.</param>
/// <param name="Python">The number of the Python stack.</param>
/// <param name="User">The number of the user stack; negative for none.</param>
/// <param name="Kernel">The number of the kernel stack; negative for none.</param>
readonly record struct StackNumbers(int Process, ulong Python, long User, long Kernel)
{
    /// <summary>Reads the numbers of machine code's stacks behind that of Python, if the tuple has them: the user's with its process, the kernel's.</summary>
    public static StackNumbers Read(TupleType type, ReadOnlySpan<byte> value, int process, ulong python, int machine) =>
        type.Elements.Count > machine + 1 ? new(process, python, (long)type.Number(value, machine), (long)type.Number(value, machine + 1)) : new(process, python, -1, -1);
}

/// <summary>Puts the stacks of samples together, outermost first: Python, the machine code called from it, the kernel; each different one once.</summary>
sealed class KernelStacks(SamplerProgram program, SampleRecorder recorder)
{
    /// <summary>More combinations are not remembered; they are put together anew.</summary>
    const int MostStacks = 1 << 18;

    static readonly StackShape _kernelShape = new(StackMode.Bpftrace, SamplerText.MachineFrames);
    static readonly StackShape _userShape = _kernelShape with { ByTables = true };

    readonly Dictionary<StackNumbers, int> _stacks = [];

    /// <summary>Stacks with code in no file that has no name yet, taken as they are for as long as nothing new is learnt of it.</summary>
    readonly Dictionary<StackNumbers, int> _unnamedStacks = [];

    readonly Dictionary<(int Process, PythonStackFrame Frame), int> _python = [];
    readonly Dictionary<(int Process, ulong Address), int> _machine = [];
    readonly Dictionary<ulong, int> _kernelFrames = [];
    readonly UserSymbols _symbols = new(program.Files, program.Mappings, demangles: true);
    readonly Lazy<KernelSymbols> _kernelSymbols = new(static () => KernelSymbols.Parse(ProcFs.TryRead("/proc/kallsyms", out var text) ? text : []));
    readonly byte[] _addresses = new byte[(SamplerText.MachineFrames + 1) * sizeof(ulong)];
    readonly List<int> _frames = [];

    /// <summary>Whether the last stack has code in no file that has no name yet: its compiler may tell of it only after it has run.</summary>
    bool _hasUnnamed;

    long _unnamedSinceMs;

    /// <summary>The recorder's number of a stack.</summary>
    public int Number(in StackNumbers numbers)
    {
        if (_stacks.TryGetValue(numbers, out var number))
        {
            return number;
        }

        if (_unnamedStacks.Count > 0 && Environment.TickCount64 - _unnamedSinceMs >= JitNames.PatienceMs)
        {
            _unnamedStacks.Clear();
        }

        if (_unnamedStacks.TryGetValue(numbers, out number))
        {
            return number;
        }

        number = Make(numbers);
        var kept = _hasUnnamed ? _unnamedStacks : _stacks;
        if (kept.Count >= MostStacks)
        {
            kept.Clear();
        }

        if (_hasUnnamed && kept.Count == 0)
        {
            _unnamedSinceMs = Environment.TickCount64;
        }

        kept.Add(numbers, number);
        return number;
    }

    /// <summary>The recorder's number of a stack that was read from outside, innermost frame first.</summary>
    public int Of(IReadOnlyList<StackFrame> frames)
    {
        var stack = StackTable.Empty;
        for (var i = frames.Count - 1; i >= 0; i--)
        {
            stack = recorder.Stack(stack, recorder.Frame(new Frame(FrameKind.Python, frames[i].Function, frames[i].File, frames[i].Span?.Line ?? 0)));
        }

        return stack;
    }

    int Make(in StackNumbers numbers)
    {
        _frames.Clear();
        _hasUnnamed = false;
        foreach (var address in Addresses(_kernelShape, numbers.Kernel))
        {
            _frames.Add(KernelFrame(address));
        }

        var hasPython = program.Codes.Stack(numbers.Python) is { };
        foreach (var address in Addresses(_userShape, numbers.User))
        {
            var name = _symbols.Find(numbers.Process, address);
            if (hasPython && IsEvaluation(name.Name))
            {
                break;
            }

            _frames.Add(MachineFrame(numbers.Process, address, name.Name, name.Module));
        }

        if (program.Codes.Stack(numbers.Python) is { } stack)
        {
            foreach (ref readonly var frame in stack.Frames.AsSpan())
            {
                _frames.Add(PythonFrame(stack.Process, frame));
            }

            if (stack.End != PythonStackEnd.Whole)
            {
                _frames.Add(Marker(stack.End == PythonStackEnd.More ? "(more frames)" : "(unreadable frames)"));
            }
        }
        else if (numbers.Python != PythonStackRecord.None)
        {
            _frames.Add(Marker("(unknown Python frames)"));
        }
        else if (_frames.Count == 0)
        {
            _frames.Add(Marker("(no Python)"));
        }

        _frames.Reverse();
        return recorder.Stack(CollectionsMarshal.AsSpan(_frames));
    }

    /// <summary>Whether a function is the evaluation loop: from there on outwards machine code only runs the Python frames.</summary>
    static bool IsEvaluation(string? name) => name is not null && (name.StartsWith("_PyEval_EvalFrame", StringComparison.Ordinal) || name.StartsWith("_TAIL_CALL_", StringComparison.Ordinal));

    int Marker(string text) => recorder.Frame(new Frame(FrameKind.Marker, text, "", 0));

    int PythonFrame(int process, in PythonStackFrame frame)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_python, (process, frame), out var known);
        if (!known)
        {
            var place = program.Codes.Place(process, frame);
            number = recorder.Frame(new Frame(FrameKind.Python, place.Function, place.File, place.Line));
        }

        return number;
    }

    int MachineFrame(int process, ulong address, string? name, string? module)
    {
        if (name is null && (module is not ['/', ..] || module.StartsWith("/memfd:", StringComparison.Ordinal)))
        {
            _hasUnnamed = true;
            return recorder.Frame(new Frame(FrameKind.Native, string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), module ?? "", 0));
        }

        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_machine, (process, address), out var known);
        if (!known)
        {
            number = recorder.Frame(new Frame(FrameKind.Native, name ?? string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), module ?? "", 0));
        }

        return number;
    }

    int KernelFrame(ulong address)
    {
        ref var number = ref CollectionsMarshal.GetValueRefOrAddDefault(_kernelFrames, address, out var known);
        if (!known)
        {
            var name = _kernelSymbols.Value.TryFind(address, out var symbol, out _) ? symbol.Name : string.Create(CultureInfo.InvariantCulture, $"0x{address:x}");
            number = recorder.Frame(new Frame(FrameKind.Kernel, name, "", 0));
        }

        return number;
    }

    ReadOnlySpan<ulong> Addresses(StackShape shape, long number)
    {
        if (program.Stacks(shape) is not { } map || map.ValueBytes > _addresses.Length)
        {
            return [];
        }

        var value = _addresses.AsSpan(0, map.ValueBytes);
        if (shape.ByTables)
        {
            return map.TryLookup(BitConverter.GetBytes(number), value) && MemoryMarshal.Cast<byte, ulong>(value) is var counted
                ? counted[1..][..(int)Math.Min(counted[0], (ulong)counted.Length - 1)]
                : [];
        }

        if (number < 0 || !map.TryLookup(BitConverter.GetBytes((int)number), value))
        {
            return [];
        }

        var addresses = MemoryMarshal.Cast<byte, ulong>(value);
        var end = addresses.IndexOf(0UL);
        return end < 0 ? addresses : addresses[..end];
    }
}
