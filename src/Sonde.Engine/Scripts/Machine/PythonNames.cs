using System.Text.RegularExpressions;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Notices names of Python functions and files where those of machine code are expected: Python has probes of its own.</summary>
static partial class PythonNames
{
    /// <summary>Where the function is probed, if the parts of an attach point look like one of Python; null when they do not.</summary>
    public static string? Hint(ProbeKind kind, IReadOnlyList<string> parts)
    {
        if (parts.Count == 0 || kind is not (ProbeKind.Uprobe or ProbeKind.Uretprobe or ProbeKind.Kprobe or ProbeKind.Kretprobe or ProbeKind.Fentry or ProbeKind.Fexit))
        {
            return null;
        }

        var function = parts[^1];
        var file = parts.Count > 1 && IsSource(parts[^2]) ? parts[^2] + ":" : "";
        return file.Length > 0 || IsQualified(function)
            ? $"functions of Python are probed by {(kind is ProbeKind.Uretprobe or ProbeKind.Kretprobe or ProbeKind.Fexit ? "pyreturn" : "pycall")}:{file}{function}"
            : null;
    }

    /// <summary>Whether it is a class's method, or a function in a function, as Python names them: <c>Server.handle</c>, <c>main.&lt;locals&gt;.step</c>.</summary>
    /// <remarks>What compilers append to the names of C functions is none: <c>free.part.0</c>, <c>main.cold</c>.</remarks>
    public static bool IsQualified(string name) => Qualified().IsMatch(name) && !Suffix().IsMatch(name);

    static bool IsSource(string file) => file.EndsWith(".py", StringComparison.Ordinal);

    [GeneratedRegex(@"^[A-Za-z_*][\w*]*(\.(<locals>|[A-Za-z_*][\w*]*))+$")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"\.(cold|part|constprop|isra|llvm|lto_priv|localalias|plt)$")]
    private static partial Regex Suffix();
}
