using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>Finds the files that the process of a core file had mapped: by build id, so that another version is not taken for the one that ran.</summary>
/// <param name="core">The core file.</param>
/// <param name="directories">Where to look besides the files' own paths: roots of other file systems, directories of files, directories of debug files.</param>
sealed class CoreImages(CoreFile core, IReadOnlyList<string> directories) : IDisposable
{
    readonly Dictionary<string, MappedImage?> _images = [];
    readonly Dictionary<string, CodeFile?> _files = [];
    readonly SortedDictionary<string, string> _missing = new(StringComparer.Ordinal);

    /// <summary>What was looked for and not found, and why.</summary>
    public IReadOnlyList<string> Missing => [.. _missing.Values];

    /// <summary>The file of a path; null when it is not to be had.</summary>
    public MappedImage? Find(string path)
    {
        if (!_images.TryGetValue(path, out var image))
        {
            image = Open(path);
            _images.Add(path, image);
        }

        return image;
    }

    /// <summary>The same, with what is known of its code.</summary>
    public CodeFile? FindCode(string path)
    {
        if (!_files.TryGetValue(path, out var file))
        {
            file = Find(path) is { } image ? new CodeFile(image.Elf, path, null, directories) : null;
            _files.Add(path, file);
        }

        return file;
    }

    /// <summary>How a program or library wants its bytes at a mapping's offset to be mapped; nothing for data files, and for what is not to be had.</summary>
    public ElfSegmentAccess AccessOf(CoreMapping mapping)
    {
        var access = ElfSegmentAccess.None;
        foreach (var segment in Find(mapping.Path)?.Elf.Segments ?? [])
        {
            // A mapping begins with the page that its segment begins in, which may have the end of the one before.
            const ulong page = 4096;
            var first = segment.Offset & ~(page - 1);
            if (segment.Type == ElfSegmentType.Load && mapping.Offset >= first && (mapping.Offset == first || mapping.Offset - segment.Offset < segment.FileSize))
            {
                access = segment.Flags;
            }
        }

        return access;
    }

    /// <summary>Reads bytes that a file had where it was mapped; zeros behind its end, as a mapping has them.</summary>
    public bool TryRead(CoreMapping mapping, ulong offset, Memory<byte> destination)
    {
        if (Find(mapping.Path) is not { } image)
        {
            return false;
        }

        var bytes = image.Elf.Bytes;
        var there = offset >= (ulong)bytes.Length ? [] : bytes[(int)offset..];
        there = there[..Math.Min(there.Length, destination.Length)];
        there.CopyTo(destination.Span);
        destination.Span[there.Length..].Clear();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var image in _images.Values)
        {
            image?.Dispose();
        }
    }

    MappedImage? Open(string path)
    {
        const string deleted = " (deleted)";
        var name = path.EndsWith(deleted, StringComparison.Ordinal) ? path[..^deleted.Length] : path;
        if (!name.StartsWith('/') || name.Split('/').Contains(".."))
        {
            return null;
        }

        var id = StoredBuildId(path);
        List<string> candidates = [.. directories.SelectMany(directory => new[] { directory + name, Path.Combine(directory, Path.GetFileName(name)) }), name];
        if (id is { Length: > 2 })
        {
            candidates.InsertRange(0, directories.Select(directory => $"{directory}/.build-id/{id[..2]}/{id[2..]}"));
        }

        var isOther = false;
        foreach (var candidate in candidates.Where(File.Exists))
        {
            try
            {
                var image = MappedImage.Open(candidate);
                if (id is null || image.Elf.BuildId == id)
                {
                    return image;
                }

                isOther = true;
                image.Dispose();
            }
            catch (Exception exception) when (exception is ElfException or LinuxException)
            {
                // A data file that was mapped, or one that may not be read; the next place is tried.
            }
        }

        // Of data files nothing is asked but their bytes.
        if (id is not null)
        {
            _missing[path] = isOther ? $"{name} is here in another version than the one that ran (build id {id})" : $"{name} (build id {id}) is not here";
        }

        return null;
    }

    /// <summary>The build id in the first page of the file, which the kernel stores of every program and library.</summary>
    string? StoredBuildId(string path)
    {
        foreach (var mapping in core.Mappings)
        {
            if (mapping.Offset == 0 && mapping.Path == path && core.TryFindSegment(mapping.Start, out var segment) && segment.Start == mapping.Start && segment.StoredBytes >= 64)
            {
                const int page = 4096;
                var bytes = new byte[(int)Math.Min(segment.StoredBytes, page)];
                try
                {
                    if (core.TryReadStored(segment, 0, bytes) && ElfFile.Parse(bytes, path).BuildId is { } id)
                    {
                        return id;
                    }
                }
                catch (ElfException)
                {
                    // No ELF file, or one whose notes lie further on: then its path is all there is.
                }
            }
        }

        return null;
    }
}
