using System.Globalization;
using System.Runtime.InteropServices;
using Sonde.Engine.Profiles;
using Sonde.Engine.Recording;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Session;
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
readonly record struct StackNumbers(int Process, ulong Python, long User, long Kernel);

/// <summary>Puts the stacks of samples together, outermost first: Python, the machine code called from it, the kernel; each different one once.</summary>
sealed class KernelStacks(SamplerProgram program, SampleRecorder recorder)
{
    /// <summary>More combinations are not remembered; they are put together anew.</summary>
    const int MostStacks = 1 << 18;

    static readonly StackShape _shape = new(StackMode.Bpftrace, SamplerText.MachineFrames);

    readonly Dictionary<StackNumbers, int> _stacks = [];
    readonly Dictionary<(int Process, PythonStackFrame Frame), int> _python = [];
    readonly Dictionary<(int Process, ulong Address), int> _machine = [];
    readonly Dictionary<ulong, int> _kernelFrames = [];
    readonly UserSymbols _symbols = new(new CodeFiles(), demangles: true);
    readonly Lazy<KernelSymbols> _kernelSymbols = new(static () => KernelSymbols.Parse(ProcFs.TryRead("/proc/kallsyms", out var text) ? text : []));
    readonly byte[] _addresses = new byte[SamplerText.MachineFrames * sizeof(ulong)];
    readonly List<int> _frames = [];

    /// <summary>The recorder's number of a stack.</summary>
    public int Number(in StackNumbers numbers)
    {
        if (!_stacks.TryGetValue(numbers, out var number))
        {
            if (_stacks.Count >= MostStacks)
            {
                _stacks.Clear();
            }

            number = Make(numbers);
            _stacks.Add(numbers, number);
        }

        return number;
    }

    /// <summary>Names of the kernel's functions on a stack, innermost first.</summary>
    public IEnumerable<string> KernelFunctions(long number)
    {
        foreach (var address in Addresses(number).ToArray())
        {
            if (_kernelSymbols.Value.TryFind(address, out var symbol, out _))
            {
                yield return symbol.Name;
            }
        }
    }

    int Make(in StackNumbers numbers)
    {
        _frames.Clear();
        foreach (var address in Addresses(numbers.Kernel))
        {
            _frames.Add(KernelFrame(address));
        }

        var hasPython = program.Codes.Stack(numbers.Python) is { };
        foreach (var address in Addresses(numbers.User))
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

    ReadOnlySpan<ulong> Addresses(long number)
    {
        if (number < 0 || program.Stacks(_shape) is not { } map || !map.TryLookup(BitConverter.GetBytes((int)number), _addresses))
        {
            return [];
        }

        var addresses = MemoryMarshal.Cast<byte, ulong>(_addresses);
        var end = addresses.IndexOf(0UL);
        return end < 0 ? addresses : addresses[..end];
    }
}
