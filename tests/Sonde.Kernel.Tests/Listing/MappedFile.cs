using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Kernel.Tests.Targets;
using Sonde.Symbols.Elf;
using Sonde.Tests.Symbols;
using Xunit;

namespace Sonde.Kernel.Tests.Listing;

/// <summary>A process that has a file with USDT notes mapped as the dynamic linker would: its code executable, its data writable.</summary>
sealed class MappedFile : IDisposable
{
    public const ulong Code = 0x1000;
    public const ulong Data = 0x10000;

    // The file is mapped whole, twice, so that places in it are found by offset as in any library.
    const string Program = """
        import ctypes, mmap, os, sys
        how, path = sys.argv[1:3]
        if how == "memfd":
            fd = os.memfd_create("plugin")
            os.write(fd, open(path, "rb").read())
        else:
            fd = os.open(path, os.O_RDWR)
        size = os.fstat(fd).st_size
        code = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
        data = mmap.mmap(fd, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
        data[0]
        if how == "deleted":
            os.unlink(path)
        elif how == "replaced":
            os.unlink(path)
            open(path, "w").write("something else")
        name = "plugin" if how == "memfd" else path
        start = next(int(l.split("-")[0], 16) for l in open("/proc/self/maps") if name in l and " r-xp " in l)
        print("ready", flush=True)
        for line in sys.stdin:
            offset, count = map(int, line.split())
            call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(start + offset)
            print("wrong", sum(call(i) != i for i in range(count)), flush=True)
        """;

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-");

    readonly byte[] _contents;

    public MappedFile(byte[] contents, string how = "plain", string name = "plugin.so")
    {
        _contents = contents;
        Path = System.IO.Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(Path, contents);
        Target = Target.Start(Interpreters.Any().Path, "-c", Program, how, Path);
        Target.WaitFor("ready");
    }

    public string Path { get; }

    public Target Target { get; }

    public int Pid => Target.Pid;

    /// <summary>Has the process call the code at an address of the file, with one argument it should return.</summary>
    /// <returns>How many of the results were wrong.</returns>
    public int Call(ulong address, int count)
    {
        Assert.True(ElfFile.Parse(_contents, "plugin").TryGetFileOffset(address, out ulong offset));
        Target.Send(string.Create(CultureInfo.InvariantCulture, $"{offset} {count}"));
        return int.Parse(Target.WaitFor("wrong"), CultureInfo.InvariantCulture);
    }

    /// <summary>Whether the kernel has single-stepped anything in the process: it then has a page to do that in (kernel/events/uprobes.c).</summary>
    public bool WasStepped() => File.ReadAllText($"/proc/{Pid}/maps").Contains("[uprobes]", StringComparison.Ordinal);

    /// <summary>A file with code, a page of data, and the notes.</summary>
    public static byte[] Contents(ReadOnlySpan<byte> code, params (ulong Address, ulong Semaphore, string Provider, string Name, string Arguments)[] probes)
    {
        var elf = new TestElf();
        byte[] text = new byte[Math.Max(0x100, code.Length)];
        text.AsSpan().Fill(0xc3);
        code.CopyTo(text);
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Execute, Code, text);
        elf.Segment(ElfSegmentType.Load, ElfSegmentAccess.Read | ElfSegmentAccess.Write, Data, new byte[0x100]);
        elf.Symbols(ElfSectionType.SymbolTable, ("work", Code, ElfSymbolType.Function, true));
        elf.Section(".note.stapsdt", ElfSectionType.Note, [.. probes.SelectMany(Note)]);
        return elf.Build();
    }

    public void Dispose()
    {
        Target.Dispose();
        _directory.Delete(recursive: true);
    }

    static byte[] Note((ulong Address, ulong Semaphore, string Provider, string Name, string Arguments) probe)
    {
        byte[] descriptor =
        [
            .. TestElf.Words(probe.Address, 0, probe.Semaphore),
            .. Encoding.UTF8.GetBytes($"{probe.Provider}\0{probe.Name}\0{probe.Arguments}\0"),
        ];
        byte[] note = new byte[20 + ((descriptor.Length + 3) & ~3)];
        BinaryPrimitives.WriteInt32LittleEndian(note, 8);
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(4), descriptor.Length);
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(8), 3);
        "stapsdt\0"u8.CopyTo(note.AsSpan(12));
        descriptor.CopyTo(note, 20);
        return note;
    }
}
