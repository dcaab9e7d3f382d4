using System.Collections.Concurrent;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;

namespace Sonde.Engine.Targets;

/// <summary>A CPython interpreter on disk, ready to be traced: its version, the layout of its structures and its probe sites.</summary>
public sealed class PythonImage : IDisposable
{
    /// <summary>
    /// Analyses by build id: the same build gives the same result. Should two files carry one id, comparing the probed instructions with the
    /// process's memory (<see cref="Verify"/>) refuses the wrong one.
    /// </summary>
    static readonly ConcurrentDictionary<(string BuildId, string Path), (PythonVersion Version, CallLayout Layout, IReadOnlyList<ProbeSite> Sites)> _analysed = [];

    PythonImage(MappedImage image, PythonVersion version, CallLayout layout, IReadOnlyList<ProbeSite> sites)
    {
        Image = image;
        Version = version;
        Layout = layout;
        Sites = sites;
    }

    /// <summary>The file that holds the interpreter's code: the executable or its libpython.</summary>
    public MappedImage Image { get; }

    /// <summary>The interpreter's version.</summary>
    public PythonVersion Version { get; }

    /// <summary>Where its structures have their fields.</summary>
    public CallLayout Layout { get; }

    /// <summary>Where probes tell that functions are entered and left; those that tell nothing a flow shows are left out.</summary>
    public IReadOnlyList<ProbeSite> Sites { get; }

    /// <summary>Analyses an interpreter.</summary>
    /// <param name="image">The file; owned by the result, and disposed of when this fails.</param>
    /// <exception cref="UserErrorException">It is no CPython, or one that cannot be traced rightly; the message says why.</exception>
    public static PythonImage Analyse(MappedImage image)
    {
        try
        {
            if (image.Elf.BuildId is { } buildId && _analysed.TryGetValue((buildId, image.Path), out var known))
            {
                return new PythonImage(image, known.Version, known.Layout, known.Sites);
            }

            var version = Interpreter.Recognize(image.Elf, image.Path) switch
            {
                Interpreter.Image interpreter => interpreter.Version,
                Interpreter.Unsupported unsupported => throw new UserErrorException($"{image.Path} cannot be traced: {unsupported.Reason}"),
                _ => throw new UserErrorException($"{image.Path} is no CPython interpreter"),
            };
            var layout = CallLayout.For(version, image.Elf);
            var analysis = StockProbes.Find(image.Elf, version);
            if (analysis.Refusal is { } refusal)
            {
                throw new UserErrorException($"{image.Path} (CPython {version}) cannot be traced: {refusal}");
            }

            var python = new PythonImage(image, version, layout, [.. analysis.Sites.Where(site => site.Reasons != ExitReasons.GeneratorCreation)]);
            if (image.Elf.BuildId is { } id)
            {
                _analysed[(id, image.Path)] = (version, layout, python.Sites);
            }

            return python;
        }
        catch (LayoutException exception)
        {
            image.Dispose();
            throw new UserErrorException($"{image.Path} cannot be traced: {exception.Message}.");
        }
        catch
        {
            image.Dispose();
            throw;
        }
    }

    /// <summary>Compares the probed instructions in a process's memory with those that were analysed.</summary>
    /// <exception cref="UserErrorException">They differ: another tool has patched them, or the file was overwritten in place.</exception>
    public void Verify(int pid, ulong bias, Symbols.IMemory memory)
    {
        Span<byte> actual = stackalloc byte[16];
        foreach (var site in Sites)
        {
            var expected = site.Bytes.Span;
            var there = actual[..expected.Length];
            if (!memory.TryRead(bias + site.Address, there))
            {
                throw new UserErrorException($"process {pid}: the code of {Image.Path} at 0x{bias + site.Address:x} cannot be read; needs root, or the process's owner with ptrace rights");
            }

            // A breakpoint of another tracer, or of another session of ours, is an int3 in the first byte.
            const byte breakpoint = 0xcc;
            if (!there.SequenceEqual(expected) && !(there[0] == breakpoint && there[1..].SequenceEqual(expected[1..])))
            {
                throw new UserErrorException($"process {pid}: the code at 0x{bias + site.Address:x} is {Convert.ToHexString(there)}, but {Image.Path} has {Convert.ToHexString(expected)} there; the file was changed while the process ran, so it cannot be traced safely. Restart the process");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Image.Dispose();
}
