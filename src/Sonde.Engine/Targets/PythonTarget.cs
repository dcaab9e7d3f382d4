using System.Text;
using Sonde.Linux;
using Sonde.Python;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>The interpreter that a running process has mapped.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Mapping">The executable mapping of the file that holds the interpreter's code.</param>
/// <param name="Image">That file.</param>
/// <param name="Bias">What to add to an address in the file to get one in the process.</param>
public sealed record PythonTarget(int Pid, ProcMapping Mapping, MappedImage Image, ulong Bias)
{
    /// <summary>Finds the interpreter in a process.</summary>
    /// <exception cref="UserErrorException">There is no such process, it may not be looked at, or it runs no CPython; the message says which.</exception>
    public static PythonTarget Find(int pid)
    {
        if (!ProcFs.TryReadStat(pid, out var stat))
        {
            throw new UserErrorException($"process {pid} does not exist; 'ps -e' lists the processes, and 'sonde list' the Python ones among them");
        }

        if (stat.IsKernelThread)
        {
            throw new UserErrorException($"process {pid} is a kernel thread ({Output.Escape.Text(ProcFs.ReadComm(pid, pid) ?? "?")}); it runs no Python");
        }

        if (stat.IsZombie && ProcFs.Tasks(pid).Any(tid => tid != pid))
        {
            throw new UserErrorException($"process {pid}: its main thread has ended while others go on; such a process cannot be traced by its number. 'sonde flow --all' reaches it");
        }

        if (stat.IsZombie)
        {
            throw new UserErrorException($"process {pid} has exited and only waits for its parent (process {stat.ParentPid}) to notice; there is nothing left to trace");
        }

        if (!ProcFs.TryReadMaps(pid, out var mappings) || (mappings.Count == 0 && !ProcFs.TryReadStat(pid, out _)))
        {
            throw ProcessAccess.Refused(pid);
        }

        var search = Search(pid, mappings);
        return search.Target ?? throw new UserErrorException(search.Problem);
    }

    /// <summary>Finds the interpreter among a process's mappings.</summary>
    public static PythonSearch Search(int pid, IReadOnlyList<ProcMapping> mappings)
    {
        var executable = ProcFs.ReadExecutable(pid);
        if (mappings.Count == 0)
        {
            return new PythonSearch { Problem = $"process {pid} has no memory of its own: it has just started or is ending" };
        }

        // Likely names first: opening and parsing every library of a process would take long.
        var candidates = mappings
            .Where(mapping => mapping.IsExecutable && mapping.IsFile)
            .DistinctBy(mapping => (mapping.Device, mapping.Inode, mapping.Path))
            .OrderBy(mapping => Rank(mapping.Path, executable))
            .ToList();
        var problem = $"process {pid} ({Output.Escape.Text(executable ?? "?")}) runs no CPython: nothing it has mapped exports _PyEval_EvalFrameDefault; 'sonde list' shows the Python processes";
        string? needed = null;
        foreach (var candidate in candidates)
        {
            MappedImage image;
            try
            {
                image = MappedImage.Open(pid, candidate);
            }
            catch (ElfException)
            {
                continue;
            }
            catch (LinuxException exception) when (Rank(candidate.Path, executable) < 2)
            {
                problem = exception.Message;
                continue;
            }
            catch (LinuxException)
            {
                continue;
            }

            if (image.Elf.Class == ElfClass.Elf32)
            {
                image.Dispose();
                return new PythonSearch { Problem = $"process {pid} ({Output.Escape.Text(executable ?? "?")}) is a 32-bit program; only 64-bit interpreters can be traced" };
            }

            switch (Interpreter.Recognize(image.Elf, candidate.Path))
            {
                case Interpreter.Image or Interpreter.Unsupported when image.TryGetLoadBias(candidate, out var bias):
                    return new PythonSearch { Target = new PythonTarget(pid, candidate, image, bias) };
                case Interpreter.Launcher launcher:
                    needed ??= launcher.Library;
                    break;
            }

            image.Dispose();
        }

        if (needed is not null)
        {
            problem = $"process {pid} is just starting: {needed}, which its executable needs, is not mapped yet; try again, or start it with 'sonde flow -- COMMAND'";
        }

        return new PythonSearch { Awaited = needed, Problem = problem };
    }

    /// <summary>True when a process was started with CPython's just-in-time compiler switched on (<c>PYTHON_JIT</c>, 3.13 and later).</summary>
    /// <remarks>Frames that its traces inline never reach the interpreter's own code, where the probes are.</remarks>
    public static bool HasJitOn(int pid, PythonVersion version) =>
        version.Minor >= 13
        && ProcFs.TryRead($"/proc/{pid}/environ", out var environment)
        && Encoding.UTF8.GetString(environment).Split('\0').Any(variable => variable.StartsWith("PYTHON_JIT=", StringComparison.Ordinal) && variable is not ("PYTHON_JIT=0" or "PYTHON_JIT="));

    /// <summary>0 for a libpython, 1 for the executable, 2 for something called python, 3 for the rest.</summary>
    static int Rank(string path, string? executable)
    {
        var name = Path.GetFileName(path);
        return name.StartsWith("libpython", StringComparison.Ordinal) ? 0
            : path == executable ? 1
            : name.Contains("python", StringComparison.OrdinalIgnoreCase) ? 2
            : 3;
    }
}

/// <summary>What was found of an interpreter in a process.</summary>
public sealed record PythonSearch
{
    /// <summary>The interpreter; null when there is none.</summary>
    public PythonTarget? Target { get; init; }

    /// <summary>The file name of a libpython that the executable needs and the loader has not mapped yet.</summary>
    public string? Awaited { get; init; }

    /// <summary>Without a target: what there is instead, for the user.</summary>
    public string Problem { get; init; } = "";
}
