using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Listing;

/// <summary>The programs and libraries that a process has mapped, each once.</summary>
static class ProcessFiles
{
    /// <summary>What <see cref="ElfFile.Parse(ReadOnlyMemory{byte}, string)"/> says of a file that is something else altogether.</summary>
    public const string NotElf = "not an ELF file";

    /// <summary>The first executable mapping of each file.</summary>
    /// <exception cref="UserErrorException">There is no such process, or it may not be looked at.</exception>
    public static IReadOnlyList<ProcMapping> Of(int pid)
    {
        var mappings = Mappings(pid);
        return
        [
            .. mappings.Where(mapping => mapping.IsExecutable && mapping.IsFile && IsCode(mapping))
                .DistinctBy(mapping => (mapping.Device, mapping.Inode)),
        ];
    }

    /// <summary>All mappings of a process.</summary>
    /// <exception cref="UserErrorException">There is no such process, or it may not be looked at.</exception>
    public static List<ProcMapping> Mappings(int pid)
    {
        if (!ProcFs.TryReadStat(pid, out var stat))
        {
            throw new UserErrorException($"process {pid} does not exist; 'ps -e' lists the processes");
        }

        if (stat.IsKernelThread)
        {
            throw new UserErrorException($"process {pid} is a kernel thread, which has no user code");
        }

        if (stat.IsZombie)
        {
            throw new UserErrorException($"process {pid} has exited and only waits for its parent (process {stat.ParentPid}) to notice");
        }

        return ProcFs.TryReadMaps(pid, out var mappings) ? mappings : throw ProcessAccess.Refused(pid);
    }

    /// <summary>Opens each file in turn and closes it after the caller is done with it. What is no ELF file is passed over.</summary>
    public static IEnumerable<(ProcMapping Mapping, MappedImage Image)> Open(int pid, IEnumerable<ProcMapping> files, ICollection<string> problems)
    {
        foreach (var mapping in files)
        {
            MappedImage? image = null;
            try
            {
                image = MappedImage.Open(pid, mapping);
            }
            catch (ElfException problem)
            {
                // Executable memory that is no program, such as a just-in-time compiler's, starts with something else.
                if (problem.Offset != 0 || problem.What != NotElf)
                {
                    problems.Add(problem.Message);
                }
            }
            catch (LinuxException problem)
            {
                problems.Add(problem.Message);
            }

            if (image is null)
            {
                continue;
            }

            using (image)
            {
                if (image.Elf.Class == ElfClass.Elf32)
                {
                    problems.Add($"{mapping.Path}: a 32-bit file, which is not read");
                    continue;
                }

                yield return (mapping, image);
            }
        }
    }

    /// <summary>Devices are mapped executable by graphics drivers and the like; opening one may have effects.</summary>
    static bool IsCode(ProcMapping mapping) => !mapping.Path.StartsWith("/dev/", StringComparison.Ordinal) || mapping.Path.StartsWith("/dev/shm/", StringComparison.Ordinal);
}
