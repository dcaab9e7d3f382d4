using Sonde.Linux;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>The functions of the kernel and its modules that may be probed.</summary>
/// <remarks>tracefs lists them (<c>available_filter_functions</c>) where function tracing is built in; elsewhere every function is taken for one.</remarks>
sealed class KernelFunctions(KernelAddresses addresses)
{
    readonly Lazy<IReadOnlyList<(string Module, string Name)>> _all = new(() => FromTracefs() ?? FromSymbols(addresses.Symbols));

    /// <summary>All, by module and name; the kernel's own module is called <see cref="KernelTypes.Kernel"/>.</summary>
    public IReadOnlyList<(string Module, string Name)> All => _all.Value;

    /// <summary>Those a module and a name, or patterns of them, mean.</summary>
    public IEnumerable<(string Module, string Name)> Find(string module, string name)
    {
        if (module == "*" && !Wildcards.Has(name))
        {
            // One symbol is found without reading the list.
            return addresses.Symbols.TryFind(name, out var symbol) && symbol.IsFunction ? [(symbol.Module ?? KernelTypes.Kernel, name)] : [];
        }

        var modules = Wildcards.Matcher(module);
        var names = Wildcards.Matcher(name);
        return All.Where(function => modules(function.Module) && names(function.Name)).Distinct();
    }

    static List<(string, string)>? FromTracefs()
    {
        try
        {
            using var tracefs = Tracefs.Open();
            if (!ProcFs.TryRead(tracefs.Root + "/available_filter_functions", out var text) || text.Length == 0)
            {
                return null;
            }

            var functions = new List<(string, string)>();
            foreach (var line in System.Text.Encoding.UTF8.GetString(text).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                // "vfs_read", or "nft_do_chain [nf_tables]".
                var blank = line.IndexOf(' ', StringComparison.Ordinal);
                var name = blank < 0 ? line : line[..blank];
                if (!name.StartsWith("__ftrace_invalid_address__", StringComparison.Ordinal))
                {
                    functions.Add((blank < 0 ? KernelTypes.Kernel : line[(blank + 1)..].Trim('[', ']', ' ', '\t'), name));
                }
            }

            return functions;
        }
        catch (LinuxException)
        {
            return null;
        }
    }

    static List<(string, string)> FromSymbols(KernelSymbols symbols) =>
    [
        .. symbols.All.Where(symbol => symbol.IsFunction && symbol.Module != "bpf" && !IsLocalCopy(symbol.Name)).Select(symbol => (symbol.Module ?? KernelTypes.Kernel, symbol.Name)),
    ];

    /// <summary>Cold parts and copies for constant arguments are no functions of the source, and call stubs (<c>__pfx_</c>) hold nothing but nops.</summary>
    static bool IsLocalCopy(string name) =>
        name.Contains(".cold", StringComparison.Ordinal) || name.StartsWith("__pfx_", StringComparison.Ordinal) || name.StartsWith("__cfi_", StringComparison.Ordinal);
}
