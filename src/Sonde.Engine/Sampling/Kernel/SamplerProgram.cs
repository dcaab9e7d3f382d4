using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Stacks;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Sampling.Kernel;

/// <summary>A sampler's program in the kernel, written in the language, with what belongs to it; closing it removes it.</summary>
sealed class SamplerProgram : IDisposable
{
    readonly MachineTarget _target;
    readonly CompiledScript _compiled;
    readonly LoadedScript _script;
    readonly ProbeAttacher _attacher;
    readonly RecordQueue _records;
    readonly SamplerRecords _handler;
    readonly KernelUnwindTables? _tables;
    readonly string _purpose;
    readonly int[] _followed;

    /// <summary>Compiles and loads a program; it does not run yet.</summary>
    /// <param name="text">The program. What it prints are tuples.</param>
    /// <param name="process">The process that user probes are narrowed to; 0 for none.</param>
    /// <param name="taken">Takes each of those.</param>
    /// <param name="purpose">What it is for, for messages.</param>
    /// <param name="followed">The processes whose addresses get names; none for all of them.</param>
    /// <param name="withChildren">Whether those get them too that these start.</param>
    /// <exception cref="UserErrorException">The kernel cannot run it, or does not allow it; the message says why.</exception>
    public SamplerProgram(string text, int process, SampleTaker taken, string purpose = "sampling in the kernel", IReadOnlyCollection<int>? followed = null, bool withChildren = false)
    {
        (_purpose, _followed) = (purpose, [.. followed ?? []]);
        _target = MakeTarget(process);
        try
        {
            _compiled = Compile(text, _target, purpose);
            _script = new LoadedScript(_compiled);
            _script.SetGlobals(0, 0);
            _script.LoadPrograms();
            Interpreters = new PythonInterpreters([]);
            Codes = new PythonCodes(Interpreters);
            Processes = new PythonProcesses(_script, Interpreters);
            _attacher = new ProbeAttacher(process, missing: null);
            _records = new RecordQueue(_script);
            Files = new CodeFiles();
            Mappings = new ProcessMappings(Files);
            if (UserNames.AreUsedBy(_compiled))
            {
                Mappings.Start(_followed, withChildren);
                _records.Watch(Mappings.Descriptors);
            }

            _tables = _compiled.Runtime.Unwind is { } maps ? new KernelUnwindTables(maps, spec => _script.Find(spec)!, Files) : null;
            _handler = new SamplerRecords(_compiled, Codes, Processes, taken);
        }
        catch (Exception exception)
        {
            _attacher?.Dispose();
            _tables?.Dispose();
            Mappings?.Dispose();
            _records?.Dispose();
            _script?.Dispose();
            _target.Dispose();
            if (exception is UserErrorException or ScriptLoadException or LinuxException && HasEnded() is { } ended)
            {
                throw new UserErrorException(ended);
            }

            if (exception is ScriptLoadException or LinuxException)
            {
                throw new UserErrorException($"{purpose}: {exception.Message}");
            }

            throw;
        }
    }

    /// <summary>The interpreters it met.</summary>
    public PythonInterpreters Interpreters { get; }

    /// <summary>The files with machine code that processes have mapped.</summary>
    public CodeFiles Files { get; }

    /// <summary>What processes have mapped.</summary>
    public ProcessMappings Mappings { get; }

    /// <summary>The functions and stacks it met.</summary>
    public PythonCodes Codes { get; }

    /// <summary>Tells it which processes run Python.</summary>
    public PythonProcesses Processes { get; }

    /// <summary>A map of the program; null when there is none of the name, or the program does not use it.</summary>
    public (ScriptMap Description, Map Map)? Find(string name) =>
        _compiled.Maps.FirstOrDefault(map => map.Name == name) is { } description && _script.Find(description.Spec) is { } map ? (description, map) : null;

    /// <summary>The map of stacks of addresses of a shape; null when the program takes none.</summary>
    public Map? Stacks(StackShape shape) => _compiled.Runtime.Stacks.TryGetValue(shape, out var spec) ? _script.Find(spec) : null;

    /// <summary>How many of something were lost so far.</summary>
    public long Losses(LossKind kind) => _script.Find(_compiled.Runtime.Losses) is { } losses ? (long)losses.SumPerCpu((int)kind) : 0;

    /// <summary>What could not be had, losses apart, a sentence each.</summary>
    public IEnumerable<string> Problems => [.. _tables?.Problems() ?? [], .. Mappings.Problems()];

    /// <summary>Whether a process runs still; its first thread may have ended before the others.</summary>
    public static bool IsAlive(int pid) => ProcFs.TryReadStat(pid, out var stat) && (!stat.IsZombie || ProcFs.Tasks(pid).Any(tid => tid != pid));

    /// <summary>Attaches it.</summary>
    /// <exception cref="UserErrorException">That failed; the message says why.</exception>
    public void Attach()
    {
        // Nothing else would tell: a program that no process of its own runs attaches as well.
        if (_followed.Length > 0 && Array.TrueForAll(_followed, static pid => !IsAlive(pid)))
        {
            throw new UserErrorException(HasEnded()!);
        }

        try
        {
            for (var i = 0; i < _script.Programs.Count; i++)
            {
                _attacher.Attach(_script.Programs[i], _compiled.Programs[i]);
            }
        }
        catch (Exception exception) when (exception is ScriptLoadException or LinuxException)
        {
            throw new UserErrorException(HasEnded() ?? $"{_purpose}: {exception.Message}");
        }
    }

    /// <summary>Takes it off again: what it sent can still be read.</summary>
    public void Detach() => _attacher.Dispose();

    /// <summary>Tells it of a process that will be sampled.</summary>
    public void Add(int pid)
    {
        Processes.Add(pid);
        _tables?.Add(pid);
    }

    /// <summary>Gives it the unwind tables of what processes have mapped since.</summary>
    public void RefreshTables() => _tables?.Refresh();

    /// <summary>Hands on what it sent.</summary>
    /// <returns>How many records there were.</returns>
    public int Drain()
    {
        Mappings.Refresh();
        return _records.Drain(_handler.Take);
    }

    /// <summary>Waits until it sends something, or is woken.</summary>
    public void Wait(TimeSpan timeout) => _records.Wait(timeout);

    /// <summary>Makes the present or next wait end.</summary>
    public void Wake() => _records.Wake();

    /// <inheritdoc/>
    public void Dispose()
    {
        _attacher.Dispose();
        _tables?.Dispose();
        Mappings.Dispose();
        _records.Dispose();
        _script.Dispose();
        _target.Dispose();
    }

    /// <summary>What is said when one of the processes has ended; null while all live.</summary>
    string? HasEnded() => Array.Find(_followed, static pid => !IsAlive(pid)) is > 0 and var pid ? string.Create(CultureInfo.InvariantCulture, $"process {pid} has ended") : null;

    MachineTarget MakeTarget(int process)
    {
        try
        {
            return new MachineTarget(new MachineOptions { ProcessId = process });
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException && HasEnded() is { } ended)
        {
            throw new UserErrorException(ended);
        }
    }

    static CompiledScript Compile(string text, MachineTarget target, string purpose)
    {
        var compiler = new ScriptCompiler(target);
        var tree = compiler.Read(new SourceText("sampler", text), new ParseOptions());
        var config = compiler.Configure(tree, []);
        try
        {
            return compiler.Bind(tree, new BindOptions { Config = config }) is { } bound
                ? compiler.Compile(bound)
                : throw new UserErrorException($"{purpose} cannot be done here:\n{compiler.Diagnostics.Render().TrimEnd()}");
        }
        catch (IrException exception)
        {
            throw new UserErrorException($"{purpose} cannot be done here: {exception.Message}");
        }
    }
}

/// <summary>Takes a tuple that a sampler's program printed.</summary>
/// <param name="type">What is in it.</param>
/// <param name="value">Its bytes.</param>
delegate void SampleTaker(TupleType type, ReadOnlySpan<byte> value);

/// <summary>Tells the records of a sampler's program apart.</summary>
sealed class SamplerRecords(CompiledScript script, PythonCodes codes, PythonProcesses processes, SampleTaker taken)
{
    /// <summary>Takes a record.</summary>
    public void Take(ReadOnlySpan<byte> record)
    {
        if (record.Length < ScriptAction.PayloadOffset || BitConverter.ToUInt64(record) is var index && index >= (ulong)script.Actions.Count)
        {
            return;
        }

        var action = script.Actions[(int)index];
        switch (action.Kind)
        {
            case ActionKind.PythonCode:
                codes.Learn(record);
                break;
            case ActionKind.PythonStack:
                codes.LearnStack(record);
                break;
            case ActionKind.PythonProcess:
                processes.Answer(record);
                break;
            case ActionKind.PrintValue when action.Payload.Elements is [TupleType tuple] && record.Length >= ScriptAction.PayloadOffset + tuple.Size:
                taken(tuple, record.Slice(ScriptAction.PayloadOffset, tuple.Size));
                break;
        }
    }
}
