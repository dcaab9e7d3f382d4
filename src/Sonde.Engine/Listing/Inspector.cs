using System.Buffers.Binary;
using System.Diagnostics;
using Sonde.Bpf;
using Sonde.Engine.Output;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Code;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Engine.Listing;

/// <summary>Looks at the places a probe stands on in a process: before, while and after a program is attached there.</summary>
/// <remarks>The program is empty and is attached for that process alone, for as long as it takes to read the bytes.</remarks>
public sealed class Inspector(InspectRequest request) : IDisposable
{
    /// <summary>More would be a mistake in the pattern, and each is attached to.</summary>
    const int MostSites = 100;

    const byte Breakpoint = 0xcc;

    readonly LiveMemory _memory = new(request.Pid);
    readonly List<string> _problems = [];
    Program? _empty;

    /// <summary>What could not be looked at, and why; complete after <see cref="Inspect"/>.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Inspects every place the probe's name stands for.</summary>
    /// <exception cref="UserErrorException">There is no such process or probe, or it may not be looked at.</exception>
    /// <exception cref="LinuxException">The program cannot be loaded.</exception>
    public IReadOnlyList<Inspection> Inspect()
    {
        var sites = new InspectedSites(request.Probe, request.Pid);
        var mappings = ProcessFiles.Mappings(request.Pid);
        var files = ProcessFiles.Of(request.Pid).Where(sites.IsWanted);
        var inspections = new List<Inspection>();
        foreach (var (mapping, image) in ProcessFiles.Open(request.Pid, files, _problems))
        {
            var found = Sites(sites, image.Elf, mapping);
            if (inspections.Count + found.Count > MostSites)
            {
                throw new UserErrorException($"'{request.Probe}' stands for more than {MostSites} places; narrow it");
            }

            var functions = found.Count == 0 ? [] : Functions(image.Elf);
            inspections.AddRange(found.Select(site => InspectSite(site, image, mapping, mappings, functions)));
        }

        return inspections.Count > 0 ? inspections : throw sites.NotFound(_problems.FirstOrDefault());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _empty?.Dispose();
        _memory.Dispose();
    }

    List<InspectedSite> Sites(InspectedSites sites, ElfFile elf, ProcMapping mapping)
    {
        try
        {
            return [.. sites.In(elf, mapping).Take(MostSites + 1)];
        }
        catch (ElfException problem)
        {
            _problems.Add(problem.Message);
            return [];
        }
    }

    /// <summary>Without an unwind table no function's start is known, and what depends on one is taken for harmful.</summary>
    IReadOnlyList<FrameDescription> Functions(ElfFile elf)
    {
        try
        {
            return EhFrame.Read(elf);
        }
        catch (ElfException problem)
        {
            _problems.Add(problem.Message);
            return [];
        }
    }

    Inspection InspectSite(
        InspectedSite site, MappedImage image, ProcMapping file, List<ProcMapping> mappings, IReadOnlyList<FrameDescription> functions)
    {
        const int LongestInstruction = 15;
        var elf = image.Elf;
        var inFile = elf.ReadCode(site.Address, LongestInstruction);
        if (inFile.IsEmpty || !elf.TryGetFileOffset(site.Address, out var offset))
        {
            throw new UserErrorException($"{Escape.Text(site.Name)}: address 0x{site.Address:x} is not in {Escape.Text(file.Path)}");
        }

        var (text, length) = InstructionText.Of(inFile, site.Address);
        var bytes = inFile[..Math.Max(length, 1)].ToArray();
        var verdict = length == 0 ? new(UprobeExecution.Refused, "not an instruction") : UprobeCost.Classify(inFile, RunningKernel.Version);
        var isBoundary = InstructionBoundary.Is(elf, site.Address, functions);
        var hazard = Hazard(elf, site, isBoundary, functions);
        var semaphore = site.Note?.Semaphore is { FileOffset: { } counter } ? Find(mappings, file, counter, executable: false) : null;
        var inspection = new Inspection
        {
            Name = site.Name,
            File = new(file.Path, file.IsDeleted),
            Note = site.Note,
            Location = site.Location,
            Address = site.Address,
            FileOffset = offset,
            Bytes = bytes,
            Instruction = text,
            Verdict = verdict,
            Hazard = hazard,
            IsBoundary = isBoundary,
            Remark = Remark(elf, site.Address, bytes, functions),
            Places = [.. mappings.Where(m => IsPlace(m, file, offset)).Select(m => Place(m.Start + (offset - m.Offset), bytes.Length))],
            Semaphore = semaphore is { } address ? new(address, Counter(address), null, null) : null,
        };
        inspection = inspection with { NotAttached = WhyNot(inspection) };
        return inspection.NotAttached is null ? Attached(inspection, image) : inspection;
    }

    static string? Hazard(ElfFile elf, InspectedSite site, bool? isBoundary, IReadOnlyList<FrameDescription> functions)
    {
        if (OptimizedUprobe.Hazard(elf, site.Address, functions, RunningKernel.Version) is { } redZone)
        {
            return site.Note is { UsesRedZone: true } ? redZone + "; an argument of this probe shows that they are" : redZone;
        }

        // A USDT probe stands on a nop that its macro made, whatever is known of the function around it.
        var isMadeForIt = site.Note is not null && elf.ReadCode(site.Address, 1) is [0x90];
        return isBoundary switch
        {
            true => null,
            false => "it is in the middle of an instruction",
            null when isMadeForIt => null,
            null => "no function is known there, so it cannot be told whether an instruction begins at that address",
        };
    }

    /// <summary>Why the program must not be attached there; null when it may.</summary>
    string? WhyNot(Inspection inspection) =>
        !request.Attach ? "as asked"
        : inspection.Verdict.Execution == UprobeExecution.Refused ? $"the kernel takes no probe there: {inspection.Verdict.Reason}"
        : inspection.IsBoundary == false ? "an instruction before it reaches over that address; a breakpoint in its middle would change what the process does"
        : inspection.Hazard is not null && !request.Unsafe ? "it could damage the process (--unsafe attaches nevertheless)"
        : inspection.Places.Count == 0 ? "the process has no executable mapping of that place"
        : inspection.Places.FirstOrDefault(p => p.Before is null) is { } unreadable ? $"the process's memory at 0x{unreadable.Address:x} cannot be read"
        : inspection.Places.FirstOrDefault(p => !p.Before!.AsSpan().SequenceEqual(inspection.Bytes)) is { } changed ? changed.Before![0] == Breakpoint
            // Where it is a debugger's, detaching from it would take it out.
            ? $"another tool has a breakpoint at 0x{changed.Address:x} already"
            : $"the code at 0x{changed.Address:x} is not what the file has; another tool, or the program itself, has changed it"
        : null;

    Inspection Attached(Inspection inspection, MappedImage image)
    {
        _empty ??= Program.Load(new ProgramSpec { Name = "sonde_inspect", Type = ProgramType.Kprobe, Instructions = [Mov(R0, 0), Exit()] });
        Link link;
        try
        {
            link = _empty.AttachUprobePerf(new UprobeSpec
            {
                Path = image.File.ProcPath,
                Offset = inspection.FileOffset,
                Pid = request.Pid,
                RefCounterOffset = inspection.Note?.Semaphore?.FileOffset ?? 0,
            });
        }
        catch (LinuxException refused)
        {
            return inspection with { NotAttached = refused.Message };
        }

        Inspection during;
        using (link)
        {
            during = inspection with
            {
                Places = [.. inspection.Places.Select(p => p with { Attached = Read(p.Address, p.Before!.Length) })],
                Semaphore = inspection.Semaphore is { } s ? s with { Attached = Counter(s.Address) } : null,
            };
        }

        // Closing the link takes the breakpoint out before it returns; a slow kernel is given a moment all the same before it is called a fault.
        var patience = Stopwatch.StartNew();
        Inspection after;
        do
        {
            after = during with
            {
                Places = [.. during.Places.Select(p => p with { After = Read(p.Address, p.Before!.Length) })],
                Semaphore = during.Semaphore is { } s ? s with { After = Counter(s.Address) } : null,
            };
        }
        while (after.Restored == false && patience.Elapsed < TimeSpan.FromSeconds(1) && ProcFs.Exists(request.Pid));

        return after;
    }

    static string? Remark(ElfFile elf, ulong address, byte[] bytes, IReadOnlyList<FrameDescription> functions) =>
        bytes is [0x90] && OptimizedUprobe.Hazard(elf, address + 1, functions, RunningKernel.Version) is not null
            ? "a five-byte nop follows; a tool that moves the probe there (libbpf 1.7) damages the process on this kernel"
            : null;

    InspectedPlace Place(ulong address, int length) => new(address, Read(address, length), null, null);

    byte[]? Read(ulong address, int length)
    {
        var bytes = new byte[length];
        return _memory.TryRead(address, bytes) ? bytes : null;
    }

    ushort? Counter(ulong address)
    {
        Span<byte> bytes = stackalloc byte[2];
        return _memory.TryRead(address, bytes) ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : null;
    }

    static bool IsPlace(ProcMapping mapping, ProcMapping file, ulong offset) => mapping.IsExecutable && IsIn(mapping, file, offset);

    static bool IsIn(ProcMapping mapping, ProcMapping file, ulong offset) =>
        (mapping.Device, mapping.Inode) == (file.Device, file.Inode) && offset >= mapping.Offset && offset - mapping.Offset < mapping.End - mapping.Start;

    static ulong? Find(List<ProcMapping> mappings, ProcMapping file, ulong offset, bool executable)
    {
        foreach (var mapping in mappings)
        {
            if (mapping.IsExecutable == executable && (mapping.Protection & MapProtection.Write) != 0 && IsIn(mapping, file, offset))
            {
                return mapping.Start + (offset - mapping.Offset);
            }
        }

        return null;
    }
}
