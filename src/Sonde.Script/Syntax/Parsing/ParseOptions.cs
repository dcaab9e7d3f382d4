namespace Sonde.Script.Syntax;

/// <summary>What reading a script depends on besides its text.</summary>
sealed record ParseOptions
{
    /// <summary>The command line's parameters.</summary>
    public ScriptArguments Arguments { get; init; } = ScriptArguments.None;

    /// <summary>Where includes and imports come from; null refuses both.</summary>
    public IScriptFiles? Files { get; init; }

    /// <summary>The script's own folder; the working folder for a program of the command line.</summary>
    public string Folder { get; init; } = ".";

    /// <summary>Folders for includes (<c>-I</c>).</summary>
    public IReadOnlyList<string> IncludeFolders { get; init; } = [];

    /// <summary>Headers read before the script (<c>--include</c>).</summary>
    public IReadOnlyList<string> Includes { get; init; } = [];

    /// <summary>Whether the kernel describes its types (BTF): BPFTRACE_HAVE_BTF is defined and kernel headers need not exist.</summary>
    public bool HasKernelTypes { get; init; } = true;

    /// <summary>The machine as the kernel names it: <c>x86_64</c> or <c>aarch64</c>.</summary>
    public string Machine { get; init; } = "x86_64";

    /// <summary>Macros that every script has, as a script of macros only; its macros give way to the script's own of the same signature.</summary>
    public SourceText? StandardLibrary { get; init; }
}
