using Microsoft.Win32.SafeHandles;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>A file that a process has mapped, opened so that it is the very file that runs: also when it was replaced or deleted since, or lies in another mount namespace.</summary>
public sealed class MappedImage : IDisposable
{
    /// <summary>Larger files are not read; no interpreter or library comes near.</summary>
    const long MaximumBytes = 1L << 30;

    /// <summary>Larger files are read piece by piece; of smaller ones it costs more to keep them open.</summary>
    const long LargeBytes = 1L << 20;

    MappedImage(FileDescriptor file, ElfFile elf, string path)
    {
        File = file;
        Elf = elf;
        Path = path;
    }

    /// <summary>The open file; probes attach to its <see cref="FileDescriptor.ProcPath"/>.</summary>
    public FileDescriptor File { get; }

    /// <summary>What is in it.</summary>
    public ElfFile Elf { get; }

    /// <summary>The path as the process sees it.</summary>
    public string Path { get; }

    /// <summary>Opens a file by its path in our own mount namespace.</summary>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    /// <exception cref="ElfException">It is no ELF file, or a damaged one.</exception>
    public static MappedImage Open(string path) => Open(FileDescriptor.Open(path), path);

    /// <summary>Opens the file behind a mapping of a process.</summary>
    /// <exception cref="LinuxException">It cannot be opened or read.</exception>
    /// <exception cref="ElfException">It is no ELF file, or a damaged one.</exception>
    public static MappedImage Open(int pid, ProcMapping mapping) => Open(OpenFile(pid, mapping), mapping.Path);

    /// <summary>Opens the file behind a mapping of a process, unread.</summary>
    /// <exception cref="LinuxException">It cannot be opened, or is not that file any more.</exception>
    internal static FileDescriptor OpenFile(int pid, in ProcMapping mapping)
    {
        // map_files leads to the mapped file itself but wants CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE; the executable has a link that does not.
        // Each is looked at before it is opened: to open a pipe may wait for ever, to open a device may do something.
        var ways = new List<string> { $"/proc/{pid}/map_files/{mapping.MapFilesName}" };
        if (ProcFs.ReadExecutable(pid) is { } executable && (executable == mapping.Path || executable == mapping.Path + " (deleted)"))
        {
            ways.Add($"/proc/{pid}/exe");
        }

        SystemResult last = default;
        foreach (var way in ways)
        {
            if (FileStatus.TryRead(way, followsLinks: true, out var kind) && !kind.IsRegularFile)
            {
                last = new SystemResult(-(long)Errno.ENOEXEC);
                continue;
            }

            last = FileDescriptor.TryOpen(way);
            if (!last.Failed && Proven(new FileDescriptor((int)last.Raw), mapping) is { } found)
            {
                return found;
            }

            last = last.Failed ? last : new SystemResult(-(long)Errno.ENOENT);
        }

        if (!mapping.IsDeleted && RootedFile.TryOpen(pid, mapping.Path, out _) is { } byPath)
        {
            if (Proven(byPath, mapping) is { } found)
            {
                return found;
            }

            last = new SystemResult(-(long)Errno.ENOENT);
        }

        throw new LinuxException(last.Errno, $"opening {mapping.Path}, which process {pid} has mapped", "Needs to be root, or the process's owner.");

        // The process may run another program by now, and something else may have the path.
        static FileDescriptor? Proven(FileDescriptor file, in ProcMapping mapping)
        {
            if ((FileStatus.TryRead(file.ProcPath, followsLinks: true, out var status) && status.Inode == mapping.Inode) || IsBehind(file, mapping))
            {
                return file;
            }

            file.Dispose();
            return null;
        }
    }

    /// <summary>Opens the file behind a mapping of a process that is gone, by its path; it must be proven to be that very file.</summary>
    /// <returns>Null when there is none, or another one.</returns>
    internal static FileDescriptor? TryOpenSame(in ProcMapping mapping)
    {
        if (mapping.IsDeleted || RootedFile.TryOpen(0, mapping.Path, out _) is not { } file)
        {
            return null;
        }

        if (IsBehind(file, mapping))
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Whether a file is the one that was mapped: its device and inode are the same.</summary>
    static bool IsBehind(FileDescriptor file, in ProcMapping mapping)
    {
        if (FileStatus.TryRead(file.ProcPath, followsLinks: true, out var status) && (status.Device, status.Inode) == (mapping.Device, mapping.Inode))
        {
            return true;
        }

        // Of overlays and volumes within a file system, status tells another device than mappings do: what would the kernel say of ours?
        try
        {
            using var own = MemoryMapping.Map(file, 0, MemoryMapping.PageSize, MapProtection.Read);
            var address = own.Address;
            return ProcFs.TryReadMaps(Environment.ProcessId, out var mappings) && mappings.Find(candidate => candidate.Contains(address)) is var found
                && (found.Device, found.Inode) == (mapping.Device, mapping.Inode);
        }
        catch (LinuxException)
        {
            return false;
        }
    }

    /// <summary>Distance between addresses in the file and in a process that maps it.</summary>
    /// <param name="mapping">An executable mapping of this file.</param>
    /// <param name="bias">What to add to an address of the file, modulo 2⁶⁴.</param>
    public bool TryGetLoadBias(ProcMapping mapping, out ulong bias) => TryGetLoadBias(Elf.Segments, mapping, out bias);

    /// <summary>Distance between addresses in a file and in a process that maps it.</summary>
    /// <param name="segments">The file's segments.</param>
    /// <param name="mapping">An executable mapping of the file.</param>
    /// <param name="bias">What to add to an address of the file, modulo 2⁶⁴.</param>
    internal static bool TryGetLoadBias(IReadOnlyList<ElfSegment> segments, ProcMapping mapping, out ulong bias)
    {
        const uint executable = 1;
        foreach (var segment in segments)
        {
            var first = segment.Offset & ~0xfffUL;
            if (segment.Type == ElfSegmentType.Load && ((uint)segment.Flags & executable) != 0 && mapping.Offset >= first && mapping.Offset - first < segment.FileSize + 0x1000)
            {
                bias = mapping.Start - (segment.VirtualAddress + (mapping.Offset - segment.Offset));
                return true;
            }
        }

        bias = 0;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    /// <summary>Reads an open file, which the image then owns.</summary>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    /// <exception cref="ElfException">It is no ELF file, or a damaged one.</exception>
    internal static MappedImage Open(FileDescriptor file, string path)
    {
        SafeFileHandle? source = null;
        try
        {
            // Open for as long as someone reads in it, which can be longer than probes attach to the file.
            source = System.IO.File.OpenHandle(file.ProcPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var opened = source;
            // Before the rest is read: what a just-in-time compiler maps can have any size.
            Span<byte> magic = stackalloc byte[4];
            if (!Read(source, 0, magic) || !magic.SequenceEqual("\u007fELF"u8))
            {
                throw new ElfException(path, 0, "not an ELF file");
            }

            var length = RandomAccess.GetLength(source);
            if (length > MaximumBytes)
            {
                throw new ElfException(path, 0, $"the file has {length} bytes; more than {MaximumBytes} are not read");
            }

            if (length > LargeBytes)
            {
                return new MappedImage(file, ElfFile.Parse(new FilePieces((int)length, (offset, destination) => Read(opened, offset, destination)), path), path);
            }

            using (source)
            {
                var bytes = GC.AllocateUninitializedArray<byte>((int)length);
                return Read(source, 0, bytes) ? new MappedImage(file, ElfFile.Parse(bytes, path), path) : throw new EndOfStreamException("it has become shorter");
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            source?.Dispose();
            file.Dispose();
            throw new LinuxException(exception is IOException ? Errno.EIO : Errno.EACCES, $"reading {path}", exception.Message);
        }
        catch
        {
            source?.Dispose();
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fills a span from an offset of a file; false when the file has not as much, or cannot be read.</summary>
    static bool Read(SafeFileHandle source, long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                var count = RandomAccess.Read(source, destination, offset);
                if (count == 0)
                {
                    return false;
                }

                offset += count;
                destination = destination[count..];
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
