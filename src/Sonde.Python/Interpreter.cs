using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;

namespace Sonde.Python;

/// <summary>What an ELF file is, as far as Python is concerned. Bytes and names in; nothing is run and no other file is opened.</summary>
public abstract record Interpreter
{
    const string EvalFunction = "_PyEval_EvalFrameDefault";

    Interpreter()
    {
    }

    /// <summary>A program or library that has the CPython interpreter in it.</summary>
    /// <param name="Version">Its version.</param>
    /// <param name="HasUsdtProbes">Whether it was configured <c>--with-dtrace</c>: it has USDT probes of the provider "python".</param>
    public sealed record Image(PythonVersion Version, bool HasUsdtProbes) : Interpreter;

    /// <summary>A program that gets its interpreter from a shared library.</summary>
    /// <param name="Library">The library's name as the dynamic linker looks for it: <c>libpython3.12.so.1.0</c>.</param>
    public sealed record Launcher(string Library) : Interpreter;

    /// <summary>A CPython that Sonde does not know its way around in.</summary>
    /// <param name="Reason">What it is and what would be needed, as one sentence.</param>
    public sealed record Unsupported(string Reason) : Interpreter;

    /// <summary>Not a Python at all.</summary>
    public sealed record None : Interpreter;

    /// <summary>Tells what a file is.</summary>
    /// <param name="image">The file.</param>
    /// <param name="path">Its path; only its last part is looked at, and only where the file itself does not tell its version.</param>
    /// <exception cref="ElfException">The file contradicts itself.</exception>
    public static Interpreter Recognize(ElfFile image, string path)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(path);
        if (!image.TryFindSymbol(EvalFunction, out _))
        {
            return image.NeededLibraries.FirstOrDefault(IsPythonLibrary) is { } library ? new Launcher(library)
                : IsPythonLibrary(Path.GetFileName(path)) && VersionText.MinorOf(Path.GetFileName(path)) is { } old
                    ? new Unsupported($"{path} does not export {EvalFunction}, which every CPython from 3.{PythonVersion.OldestMinor} does (its name says 3.{old})")
                : new None();
        }

        if (image.Machine != ElfMachine.X8664)
        {
            return new Unsupported($"{path} is a CPython for {image.Machine}; Sonde knows x86-64 so far");
        }

        if (VersionText.Of(image, path) is not { } version)
        {
            return new Unsupported($"{path} has a CPython in it but does not tell its version: neither Py_Version, _PyRuntime nor a version string");
        }

        if (version.Minor is < PythonVersion.OldestMinor or > PythonVersion.NewestMinor)
        {
            return new Unsupported(
                $"{path} is CPython {version}; Sonde knows 3.{PythonVersion.OldestMinor} to 3.{PythonVersion.NewestMinor}");
        }

        return new Image(version, UsdtNotes.Read(image).Probes.Any(static probe => probe.Provider == "python"));
    }

    /// <summary>"libpython3.12.so.1.0", but not the stable ABI's "libpython3.so", which only forwards to one of those.</summary>
    static bool IsPythonLibrary(string name) =>
        name.StartsWith("libpython3.", StringComparison.Ordinal) && VersionText.MinorOf(name) is not null;
}
