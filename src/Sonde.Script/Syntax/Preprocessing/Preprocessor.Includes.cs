namespace Sonde.Script.Syntax;

/// <summary><c>#include</c>.</summary>
sealed partial class Preprocessor
{
    // Kernel source folders: with the kernel's own type information such a header has nothing to add.
    static readonly string[] _kernelFolders =
        ["linux", "net", "asm", "asm-generic", "uapi", "bpf", "scsi", "sound", "drm", "media", "rdma", "crypto", "trace", "acpi", "video", "xen", "kvm", "misc", "mtd", "target"];

    // Headers that belong to the compiler, not to the system; a machine without one still has their names.
    static readonly Dictionary<string, string> _compilerHeaders = new()
    {
        ["stddef.h"] = "typedef unsigned long size_t; typedef long ptrdiff_t; typedef int wchar_t;\n#define NULL 0\n",
        ["stdint.h"] = """
            typedef signed char int8_t; typedef short int16_t; typedef int int32_t; typedef long int64_t;
            typedef unsigned char uint8_t; typedef unsigned short uint16_t; typedef unsigned int uint32_t; typedef unsigned long uint64_t;
            typedef long intptr_t; typedef unsigned long uintptr_t;

            """,
        ["stdbool.h"] = "",
        ["stdarg.h"] = "",
        ["limits.h"] = "#define CHAR_BIT 8\n#define INT_MAX 2147483647\n#define UINT_MAX 4294967295U\n#define LONG_MAX 9223372036854775807L\n#define PATH_MAX 4096\n",
        ["float.h"] = "",
    };

    void Include(SourceSpan directive)
    {
        Lexer lexer = _lexer!;
        lexer.SkipBlanks(out _);
        int start = lexer.Position;
        List<Token> line = lexer.RestOfLine();
        if (line.Count == 0)
        {
            Error(directive, "expected a file name after '#include'");
            return;
        }

        SourceSpan span = new(lexer.Source, start, line[^1].Span.End);
        string text = span.Text.Trim();
        if (text[0] is not ('"' or '<'))
        {
            // A macro that stands for the name.
            text = string.Concat(Expanded(line, span).Select(t => t.Span.Text)).Trim();
        }

        int close = text.Length < 2 ? -1 : text.IndexOf(text[0] == '<' ? '>' : '"', 1);
        if (close < 2 || text[0] is not ('"' or '<') || text.Contains('\0', StringComparison.Ordinal))
        {
            Error(span, "expected \"file\" or <file> after '#include'");
            return;
        }

        Include(span, text[1..close], text[0] == '"');
    }

    /// <summary>Reads a header named by <c>--include</c> as the script's first line would.</summary>
    public void IncludeFirst(string name) => Include(SourceSpan.None, name, isLocal: true);

    void Include(SourceSpan span, string name, bool isLocal)
    {
        if (_state.IncludeDepth >= PreprocessorState.DeepestInclude || ++_state.IncludeCount > PreprocessorState.MostIncludes)
        {
            // A header that includes itself is the script's business though the place is not.
            _state.Diagnostics.Error(span, $"too many files are included in one another (at '{name}')");
            return;
        }

        List<string> tried = [];
        if (Find(name, isLocal, tried) is not (string path, string content, bool isSystem))
        {
            string folder = name.Contains('/', StringComparison.Ordinal) ? name[..name.IndexOf('/', StringComparison.Ordinal)] : "";
            if (_compilerHeaders.TryGetValue(name, out string? builtin))
            {
                (path, content, isSystem) = ("/usr/include/" + name, builtin, true);
            }
            else
            {
                if (!(_state.Options.HasKernelTypes && _kernelFolders.Contains(folder)))
                {
                    Error(span, $"'{name}' file not found", tried.Count == 0 ? "files cannot be included here" : "checked: " + string.Join(", ", tried));
                }

                return;
            }
        }

        _state.IncludeDepth++;
        string below = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
        Preprocessor inner = new(_state, new SourceText(path, content), below, isHeader: true, isSystem);
        new CParser(new TokenStream(inner), _state.Constants, _state.Definitions, errors: null, isSystem).ParseFile();
        _state.IncludeDepth--;
    }

    (string Path, string Content, bool IsSystem)? Find(string name, bool isLocal, List<string> tried)
    {
        if (_state.Options.Files is not IScriptFiles files)
        {
            return null;
        }

        List<(string Folder, bool IsSystem)> folders = [];
        if (isLocal)
        {
            folders.Add((_folder, _isSystem));
        }

        folders.AddRange(_state.Options.IncludeFolders.Select(f => (f, false)));
        folders.Add(("/usr/include", true));
        folders.Add(($"/usr/include/{_state.Options.Machine}-linux-gnu", true));
        foreach ((string folder, bool isSystem) in name.StartsWith('/') ? [("", false)] : folders)
        {
            string path = folder.Length == 0 ? name : Path.Combine(folder, name);
            tried.Add(path);
            if (files.Read(path) is string content)
            {
                return (path, content, isSystem);
            }
        }

        return null;
    }
}
