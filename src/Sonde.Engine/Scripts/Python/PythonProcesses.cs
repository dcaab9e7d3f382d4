using System.Buffers.Binary;
using Sonde.Bpf;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Scripts.Python;

/// <summary>Tells the programs in the kernel which processes run Python, and where their interpreters' states are: those known at the start, others when they are met.</summary>
/// <remarks>For the thread that reads the records.</remarks>
sealed class PythonProcesses
{
    /// <summary>When a process without Python is looked at again: it may load one.</summary>
    const ulong OtherPatienceNs = 1_000_000_000;

    /// <summary>When a process that is just starting is looked at again.</summary>
    const ulong StartPatienceNs = 2_000_000;

    readonly Map? _processes;
    readonly Map? _images;
    readonly PythonInterpreters _interpreters;
    readonly HashSet<string> _problems = [];
    int _written;

    /// <summary>Finds the maps, if the script looks at Python stacks at all.</summary>
    public PythonProcesses(LoadedScript script, PythonInterpreters interpreters)
    {
        _interpreters = interpreters;
        _processes = script.Find(script.Script.Runtime.Python?.Processes);
        _images = script.Find(script.Script.Runtime.Python?.Images);
        WriteImages();
    }

    /// <summary>Whether the script looks at Python stacks.</summary>
    public bool AreWanted => _processes is not null;

    /// <summary>Why interpreters that were met cannot be looked into.</summary>
    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>Tells of a process before it is met.</summary>
    public void Add(int pid)
    {
        if (AreWanted)
        {
            Write((ulong)pid, memory: 0, Examine(pid));
        }
    }

    /// <summary>Tells of every process that runs Python now.</summary>
    public void AddRunning()
    {
        if (!AreWanted)
        {
            return;
        }

        foreach (var pid in ProcFs.Processes())
        {
            if (Examine(pid) is { State: PythonProcessState.Python } python)
            {
                Write((ulong)pid, memory: 0, python);
            }
        }
    }

    /// <summary>Answers a program that met a process (<see cref="PythonProcessRecord"/>).</summary>
    public void Answer(ReadOnlySpan<byte> record)
    {
        if (AreWanted && record.Length >= PythonProcessRecord.Size)
        {
            var pid = BinaryPrimitives.ReadUInt64LittleEndian(record[PythonProcessRecord.Process..]);
            Write(pid, BinaryPrimitives.ReadUInt64LittleEndian(record[PythonProcessRecord.Memory..]), pid <= int.MaxValue ? Examine((int)pid) : Answered.Other);
        }
    }

    readonly record struct Answered(PythonProcessState State, int Image, ulong Head, ulong UntilNs)
    {
        public static Answered Other => new(PythonProcessState.Other, 0, 0, Clock.MonotonicNs + OtherPatienceNs);

        public static Answered Starting => new(PythonProcessState.Other, 0, 0, Clock.MonotonicNs + StartPatienceNs);
    }

    Answered Examine(int pid)
    {
        if (!ProcFs.TryReadMaps(pid, out var mappings))
        {
            return Answered.Other;
        }

        var executable = ProcFs.ReadExecutable(pid);
        var starts = false;
        foreach (var mapping in mappings)
        {
            if (!mapping.IsExecutable || !mapping.IsFile || !MayBePython(mapping.Path, executable))
            {
                continue;
            }

            var found = _interpreters.Look(pid, mapping);
            if (found.Problem is { } problem)
            {
                _problems.Add(problem);
            }

            starts |= found.NeedsLibrary;
            if (_interpreters[found.Number] is { } interpreter && MappedImage.TryGetLoadBias(interpreter.Segments, mapping, out var bias))
            {
                WriteImages();
                return new Answered(PythonProcessState.Python, found.Number, bias + interpreter.Interpreters, 0);
            }
        }

        return starts ? Answered.Starting : Answered.Other;
    }

    /// <summary>Opening every library of every process would take long: an interpreter is in a program, or in a library that is called after it.</summary>
    static bool MayBePython(string path, string? executable) =>
        path == executable || Path.GetFileName(path).Contains("python", StringComparison.OrdinalIgnoreCase);

    void WriteImages()
    {
        for (; _images is not null && _written < _interpreters.Count; _written++)
        {
            if (_interpreters[_written] is { } interpreter)
            {
                _images.Update(BitConverter.GetBytes(_written), interpreter.Row());
            }
        }
    }

    void Write(ulong process, ulong memory, in Answered answer)
    {
        Span<byte> value = stackalloc byte[PythonMaps.ProcessSize];
        BinaryPrimitives.WriteInt32LittleEndian(value[PythonMaps.ProcessState..], (int)answer.State);
        BinaryPrimitives.WriteInt32LittleEndian(value[PythonMaps.ProcessImage..], answer.Image);
        BinaryPrimitives.WriteUInt64LittleEndian(value[PythonMaps.ProcessHead..], answer.Head);
        BinaryPrimitives.WriteUInt64LittleEndian(value[PythonMaps.ProcessMemory..], memory);
        BinaryPrimitives.WriteUInt64LittleEndian(value[PythonMaps.ProcessUntil..], answer.UntilNs);
        _processes!.Update(BitConverter.GetBytes(process), value);
    }
}
