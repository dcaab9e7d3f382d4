using System.Globalization;

namespace Sonde.Script.Syntax;

/// <summary>From a script's text to the tree that is bound: read, imports merged, macros expanded, named parameters put in.</summary>
static class ScriptReader
{
    /// <summary>Reads a script. After errors, which are in <paramref name="diagnostics"/>, the tree holds what could be read.</summary>
    public static Script Read(SourceText source, ParseOptions options, DiagnosticBag diagnostics)
    {
        Script script = new ImportResolver(options, diagnostics).Read(source);
        List<Macro> standard = [];
        if (options.StandardLibrary is SourceText library)
        {
            standard.AddRange(Parse(library, new ParseOptions(), diagnostics, ".").Macros);
        }

        script = MacroExpander.Expand(script, new MacroTable(script.Macros, standard, diagnostics), diagnostics);
        return OptionResolver.Resolve(script, options.Arguments, diagnostics);
    }

    /// <summary>Reads one file: neither are imports followed nor macros expanded.</summary>
    public static Script Parse(SourceText source, ParseOptions options, DiagnosticBag diagnostics, string folder)
    {
        PreprocessorState state = new(options, diagnostics);
        foreach ((string name, string value) in Predefined(options))
        {
            Token number = new Lexer(new SourceText(name, value)).Next();
            state.Macros[name] = new MacroDefinition(name, null, false, [number]);
        }

        Preprocessor preprocessor = new(state, source, folder);
        foreach (string header in options.Includes)
        {
            preprocessor.IncludeFirst(header);
        }

        return new Parser(preprocessor).ParseScript(source);
    }

    /// <summary>Reads a header for its definitions alone.</summary>
    public static IReadOnlyList<CDefinition> ParseHeader(string path, ParseOptions options, DiagnosticBag diagnostics)
    {
        SourceText nothing = new(path, "");
        return Parse(nothing, options with { Includes = [path] }, diagnostics, ".").Definitions;
    }

    // What headers ask of the compiler and the machine (the System V ABI of both 64-bit machines).
    static IEnumerable<(string Name, string Value)> Predefined(ParseOptions options)
    {
        if (options.HasKernelTypes)
        {
            yield return ("BPFTRACE_HAVE_BTF", "1");
        }

        yield return (string.Create(CultureInfo.InvariantCulture, $"__{options.Machine}__"), "1");
        yield return ("__linux__", "1");
        yield return ("__STDC__", "1");
        yield return ("__STDC_VERSION__", "201112");
        yield return ("__LP64__", "1");
        yield return ("_LP64", "1");
        yield return ("__CHAR_BIT__", "8");
        yield return ("__SIZEOF_INT__", "4");
        yield return ("__SIZEOF_LONG__", "8");
        yield return ("__SIZEOF_POINTER__", "8");
        yield return ("__ORDER_LITTLE_ENDIAN__", "1234");
        yield return ("__ORDER_BIG_ENDIAN__", "4321");
        yield return ("__BYTE_ORDER__", "1234");
        yield return ("__INT_MAX__", "2147483647");
        yield return ("__LONG_MAX__", "9223372036854775807");
    }
}
