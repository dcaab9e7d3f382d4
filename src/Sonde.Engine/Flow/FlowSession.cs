using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Sonde.Bpf;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Lowering.Python;

namespace Sonde.Engine.Flow;

/// <summary>Follows the calls of Python processes: attaches, decodes what the kernel sends, and hands events to a sink.</summary>
/// <remarks>
/// Owns every kernel object it makes; disposing detaches. The kernel does the same if the process dies, whatever the reason.
/// <see cref="Attach(int)"/> may be called from any thread; <see cref="Run"/> from one.
/// </remarks>
public sealed class FlowSession : IFlowSession
{
    /// <summary>How often the ring buffer is looked at while records flow, and at most when none do.</summary>
    static readonly TimeSpan _busyInterval = TimeSpan.FromMilliseconds(1);
    static readonly TimeSpan _idleInterval = TimeSpan.FromMilliseconds(20);

    /// <summary>So many processes are remembered before it is looked which have ended; later twice as many as were left.</summary>
    internal const int FewProcesses = 64;

    readonly FlowOptions _options;
    readonly FlowFilter _filter;
    readonly FlowMaps _specs;
    readonly List<Map> _maps = [];
    readonly RingBuffer _ring;
    readonly FlowDecoder _decoder;
    readonly CodeTable _codes;
    readonly Lock _gate = new();
    readonly List<TracedImage> _images = [];
    readonly List<TracedProcess> _processes = [];
    readonly Dictionary<(int Pid, int Image), PythonProcess> _known = [];
    FlowLosses _losses;
    double _endedCpuSeconds;
    int _manyProcesses = FewProcesses;
    FlowCost? _cost;
    bool _stopped;
    long _startNs = (long)Clock.MonotonicNs;

    /// <summary>Prepares a session; nothing is attached yet.</summary>
    /// <exception cref="LinuxException">The kernel refuses: missing rights, or too old.</exception>
    public FlowSession(FlowOptions options)
    {
        _options = options;
        _filter = new FlowFilter(options);
        _specs = new FlowMaps(options);
        try
        {
            foreach (var spec in _specs.All)
            {
                _maps.Add(Map.Create(spec));
            }

            _ring = new RingBuffer(MapOf(_specs.Records));
        }
        catch
        {
            _maps.ForEach(map => map.Dispose());
            throw;
        }

        _codes = new CodeTable(FindProcess, _filter, options.FiltersInKernel ? Decide : null);
        var counts = new FlowCounts();
        _decoder = new FlowDecoder(_codes, new ThreadTable(ProcFs.ReadComm, DecideThread), counts, options.CapturesValues ? new FlowValues(FindProcess, options.ValueLimits, counts) : null) { Remaining = options.MaxEvents ?? long.MaxValue };
    }

    /// <inheritdoc/>
    public bool LimitReached => _decoder.Remaining == 0;

    /// <summary>Attaches to one process.</summary>
    /// <exception cref="UserErrorException">It cannot be traced; the message says why.</exception>
    public PythonImage Attach(int pid) => Attach(PythonTarget.Find(pid));

    /// <summary>Attaches to the process of a target, whose image the session then owns.</summary>
    /// <exception cref="UserErrorException">It cannot be traced; the message says why.</exception>
    public PythonImage Attach(PythonTarget target)
    {
        lock (_gate)
        {
            // A launcher goes on while the session ends.
            if (_stopped)
            {
                target.Image.Dispose();
                throw new UserErrorException($"process {target.Pid} came up when tracing had ended; it is not followed");
            }

            var image = ImageOf(target.Mapping.Device, target.Mapping.Inode, target.Image);
            var process = new TracedProcess(target.Pid);
            try
            {
                image.Python.Verify(target.Pid, target.Bias, process.Memory);
                _known[(target.Pid, image.Index)] = Describe(image, target.Bias, process);
                image.AttachTo(target.Pid);
            }
            catch
            {
                _known.Remove((target.Pid, image.Index));
                process.Dispose();
                throw;
            }

            _processes.Add(process);
            return image.Python;
        }
    }

    /// <summary>Attaches to every process that runs an interpreter, those that start later included.</summary>
    /// <param name="running">The processes of one interpreter that run now, at least one.</param>
    /// <exception cref="UserErrorException">It cannot be traced; the message says why.</exception>
    public PythonImage AttachToAll(IReadOnlyList<PythonTarget> running)
    {
        lock (_gate)
        {
            var image = ImageOf(running[0].Mapping.Device, running[0].Mapping.Inode, running[0].Image);
            foreach (var target in running)
            {
                using var memory = new LiveMemory(target.Pid);
                try
                {
                    image.Python.Verify(target.Pid, target.Bias, memory);
                }
                catch (UserErrorException) when (!ProcFs.TryReadStat(target.Pid, out var stat) || stat.IsZombie)
                {
                    // It ended since it was listed; the others are followed all the same.
                }
            }

            foreach (var target in running.Where(target => target.Image != running[0].Image))
            {
                target.Image.Dispose();
            }

            image.AttachTo(null);
            Everywhere = true;
            return image.Python;
        }
    }

    /// <summary>True when processes that start later are traced too, so that the session does not end with those it began with.</summary>
    public bool Everywhere { get; private set; }

    /// <summary>Set by a launcher that may still attach processes, so that the session does not end before.</summary>
    public bool ExpectMore { get; set; }

    /// <inheritdoc/>
    public void Run(IFlowSink sink, CancellationToken cancellation)
    {
        _decoder.Sink = sink;
        _startNs = (long)Clock.MonotonicNs;
        var idle = _busyInterval;
        var sampled = 0L;
        HashSet<int> gone = [];
        var sent = 0UL;
        while (!cancellation.IsCancellationRequested && !LimitReached)
        {
            // A process that has ended tells its processor time no more, so it is asked now and then.
            if (Environment.TickCount64 - sampled > 200)
            {
                sampled = Environment.TickCount64;
                SampleProcessorTime();
            }

            var ended = !Everywhere && !ExpectMore && AllEnded();
            if (gone.Count == 0)
            {
                gone = FindGone();
                sent = _ring.WrittenBytes;
            }

            var any = Drain();
            // Only when all that they sent is decoded: it is there already, but may be more than one turn reads.
            if (gone.Count > 0 && _ring.ReadBytes >= sent)
            {
                gone.RemoveWhere(ProcFs.Exists);
                Forget(gone);
                gone = [];
            }

            if (any)
            {
                idle = _busyInterval;
                MeasureCostOnce();
                continue;
            }

            if (ended)
            {
                return;
            }

            sink.Flush();
            MeasureCostOnce();
            _ring.Wait(idle, cancellation);
            idle = idle * 2 < _idleInterval ? idle * 2 : _idleInterval;
        }

        // What is there is shown before the detaching, which takes a moment.
        sink.Flush();
    }

    /// <summary>Detaches every probe, then decodes what was still under way.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            _stopped = true;
            foreach (var image in _images)
            {
                image.Detach();
            }
        }

        while (!LimitReached && Drain())
        {
        }

        _decoder.Sink?.Flush();
        _losses = ReadLosses();
    }

    /// <inheritdoc/>
    public FlowReport Report() => new()
    {
        Counts = _decoder.Counts,
        Losses = _losses,
        Cost = _cost?.Finish(),
        BusiestFunction = _codes.Busiest,
        FunctionsSeen = _filter.Asked,
        Unmatched = _filter.Unmatched,
        Functions = _codes.Wanted,
        UnresolvedNames = _codes.Unresolved,
        OpenCalls = _decoder.OpenActivations,
        Elapsed = TimeSpan.FromMicroseconds(((long)Clock.MonotonicNs - _startNs) / 1000.0),
        TargetCpu = TimeSpan.FromSeconds(_endedCpuSeconds + _processes.Sum(process => process.CpuSeconds())),
        MissedRuns = _images.Sum(image => image.Programs.Sum(program => (long)program.Info.RecursionMisses)),
    };

    /// <summary>The programs of an interpreter, disassembled, with their maps and the sites each serves.</summary>
    public static void Print(PythonImage image, FlowOptions options, TextWriter writer) =>
        FlowListing.Write(image, options, new FlowMaps(options), PidNamespaces.Own, writer);

    /// <inheritdoc/>
    public void Dispose()
    {
        // A measurement under way still looks at the programs.
        _cost?.Dispose();
        lock (_gate)
        {
            foreach (var image in _images)
            {
                image.Dispose();
            }

            foreach (var process in _processes)
            {
                process.Dispose();
            }
        }

        _ring.Dispose();
        _maps.ForEach(map => map.Dispose());
    }

    /// <summary>Begins to measure the cost once the trace is under way: before that, the programs have run cold or not at all.</summary>
    void MeasureCostOnce()
    {
        const int enoughRecords = 500;
        if (_cost is null
            && (_decoder.Counts.Entries + _decoder.Counts.Exits > enoughRecords || (_options.FiltersInKernel && (long)Clock.MonotonicNs - _startNs > 200_000_000)))
        {
            lock (_gate)
            {
                _cost = _images.Count > 0 ? new FlowCost([.. _images.SelectMany(image => image.Programs)]) : null;
            }
        }
    }

    /// <summary>Decodes what is there; returns false when nothing was.</summary>
    bool Drain()
    {
        // In this order: whatever was lost before a record of this lease is known when the record is decoded.
        var lease = _ring.Read();
        _losses = ReadLosses();
        _decoder.Lost = _losses.Entries + _losses.Exits + _losses.Unreadable;
        var any = false;
        foreach (var record in lease)
        {
            any = true;
            _decoder.Decode(record);
        }

        if (_codes.Contradiction is { } contradiction)
        {
            throw new UserErrorException($"the self-check failed and tracing was stopped: {contradiction}. Please report the interpreter's version and where it comes from");
        }

        return any;
    }

    FlowLosses ReadLosses()
    {
        Span<byte> key = stackalloc byte[4];
        Span<byte> value = stackalloc byte[8 * FlowLosses.Kinds];
        key.Clear();
        return MapOf(_specs.Losses).TryLookup(key, value) ? FlowLosses.Read(value) : default;
    }

    void SampleProcessorTime()
    {
        lock (_gate)
        {
            _processes.ForEach(process => process.CpuSeconds());
        }
    }

    /// <summary>How many processes are remembered.</summary>
    internal int Processes
    {
        get
        {
            lock (_gate)
            {
                return _processes.Count;
            }
        }
    }

    /// <summary>The processes that have ended; looked for only when there are many.</summary>
    HashSet<int> FindGone()
    {
        lock (_gate)
        {
            if (_processes.Count < _manyProcesses)
            {
                return [];
            }

            // What has the number of one by now is a process of its own, which may have been seen already.
            var gone = _processes.Where(static process => process.HasExited && !ProcFs.Exists(process.Pid)).Select(static process => process.Pid).ToHashSet();
            _manyProcesses = Math.Max(FewProcesses, 2 * (_processes.Count - gone.Count));
            return gone;
        }
    }

    /// <summary>Lets go of all that is remembered of processes.</summary>
    void Forget(HashSet<int> pids)
    {
        if (pids.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            foreach (var process in _processes.Where(process => pids.Contains(process.Pid)))
            {
                _endedCpuSeconds += process.CpuSeconds();
                process.Dispose();
            }

            _processes.RemoveAll(process => pids.Contains(process.Pid));
            foreach (var known in _known.Keys.Where(known => pids.Contains(known.Pid)).ToList())
            {
                _known.Remove(known);
            }

            _images.ForEach(image => image.Release(pids));
        }

        // A later process of the number, a fork of the same program, has the same code objects at the same places: they are to be told again.
        var codes = MapOf(_specs.Codes);
        foreach (var (pid, address) in _decoder.Forget(pids))
        {
            codes.Delete((address, (ulong)pid));
        }

        // So are its types; and calls that were never left would fill their map.
        foreach (var map in new[] { _specs.Calls, _specs.Chosen, _specs.Capture?.Types }.OfType<MapSpec>().Select(MapOf))
        {
            foreach (var key in map.Keys<(ulong Address, ulong Pid)>().Where(key => pids.Contains((int)key.Pid)).ToList())
            {
                map.Delete(key);
            }
        }
    }

    bool AllEnded()
    {
        lock (_gate)
        {
            return _processes.TrueForAll(process => process.HasExited);
        }
    }

    TracedImage ImageOf(uint device, ulong inode, MappedImage file)
    {
        var known = _images.Find(image => image.IsSame(device, inode, file));
        if (known is not null)
        {
            file.Dispose();
            return known;
        }

        var python = PythonImage.Analyse(file);
        TellKinds(python);
        var traced = new TracedImage(python, _images.Count, device, inode);
        try
        {
            traced.Load(_options, _specs, _maps, PidNamespaces.Own);
        }
        catch
        {
            traced.Dispose();
            throw;
        }

        _images.Add(traced);
        return traced;
    }

    /// <summary>Puts into the kernel how values are copied of types that are known by name.</summary>
    void TellKinds(PythonImage python)
    {
        if (_specs.Capture is { } capture)
        {
            foreach (var (key, value) in PythonCaptureMaps.KindsOf(python.Version, python.Layout))
            {
                MapOf(capture.Kinds).Update(key, value);
            }
        }
    }

    static PythonProcess Describe(TracedImage image, ulong? bias, TracedProcess process)
    {
        var memory = new ImageBackedMemory(process.Memory, image.Python.Image.Elf, bias);
        return new()
        {
            Version = image.Python.Version,
            Layout = image.Python.Layout,
            CodeType = bias is { } added && image.Python.Image.Elf.TryFindSymbol("PyCode_Type", out var type) ? added + type.Value : 0,
            CodeTypeSeen = memory.Place,
            Memory = memory,
            Sources = new SourceFiles(process.Pid, image.Python.Version),
        };
    }

    /// <summary>A process seen in a record; one that came later under a trace of all is looked up when it first shows.</summary>
    PythonProcess FindProcess(int pid, int image)
    {
        lock (_gate)
        {
            if (!_known.TryGetValue((pid, image), out var known))
            {
                var process = new TracedProcess(pid);
                _processes.Add(process);
                known = Describe(_images[image], _images[image].FindBias(pid), process);
                _known.Add((pid, image), known);
            }

            return known;
        }
    }

    void Decide(CodeDecision decision)
    {
        Span<ulong> key = [decision.Address, (uint)decision.Pid];
        var codes = MapOf(_specs.Codes);
        Span<byte> value = stackalloc byte[codes.ValueBytes];
        // The kernel keeps more there; of another code object at the address by now nothing is decided.
        if (codes.TryLookup(MemoryMarshal.AsBytes(key), value) && FlowRecord.UInt64(value, 0) == decision.Identity)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(value[8..], (ulong)(decision.Wanted ? FlowMaps.Wanted : FlowMaps.Unwanted));
            codes.Update(MemoryMarshal.AsBytes(key), value);
        }
    }

    bool DecideThread(FlowThread thread)
    {
        var wanted = _filter.WantsThread(thread.Tid, thread.Name);
        if (_specs.Threads is { } threads)
        {
            MapOf(threads).Update((ulong)thread.Pid << 32 | (uint)thread.Tid, (ulong)(wanted ? FlowMaps.Wanted : FlowMaps.Unwanted));
        }

        return wanted;
    }

    Map MapOf(MapSpec spec) => _maps.Find(map => ReferenceEquals(map.Spec, spec))!;
}
