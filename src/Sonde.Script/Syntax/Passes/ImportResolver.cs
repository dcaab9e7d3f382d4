namespace Sonde.Script.Syntax;

/// <summary>Reads a script with everything it imports; what is imported stands before what imports it, each file once.</summary>
sealed class ImportResolver(ParseOptions options, DiagnosticBag diagnostics)
{
    const int MostFiles = 500;
    const int DeepestImport = 32;

    readonly HashSet<string> _seen = [];
    readonly List<CDefinition> _definitions = [];
    readonly List<MapDeclaration> _maps = [];
    readonly List<Macro> _macros = [];
    readonly List<Subprogram> _subprograms = [];
    readonly List<Probe> _probes = [];
    int _depth;

    public Script Read(SourceText source)
    {
        if (options.Files is not null)
        {
            _seen.Add(options.Files.Canonical(source.Name));
        }

        Script main = ScriptReader.Parse(source, options, diagnostics, options.Folder);
        Add(main, options.Folder);
        return new Script(main)
        {
            Definitions = _definitions,
            MapDeclarations = _maps,
            Macros = _macros,
            Subprograms = _subprograms,
            Probes = _probes,
        };
    }

    void Add(Script script, string folder)
    {
        foreach (Import import in script.Imports)
        {
            Follow(import, folder);
        }

        _definitions.AddRange(script.Definitions);
        _maps.AddRange(script.MapDeclarations);
        _macros.AddRange(script.Macros);
        _subprograms.AddRange(script.Subprograms);
        _probes.AddRange(script.Probes);
    }

    void Follow(Import import, string folder)
    {
        string path = import.Path.StartsWith('/') || folder is "." or "" ? import.Path : Path.Combine(folder, import.Path);
        if (options.Files is not IScriptFiles files)
        {
            diagnostics.Error(import.Span, "files cannot be imported here");
            return;
        }

        if (import.Path.Length == 0 || import.Path.Contains('\0', StringComparison.Ordinal))
        {
            diagnostics.Error(import.Span, "this is not the name of a file");
            return;
        }

        if (files.List(path) is IReadOnlyList<string> names)
        {
            if (IsTrusted(import, files, path))
            {
                foreach (string name in names.Where(n => n.EndsWith(".bt", StringComparison.Ordinal) || n.EndsWith(".h", StringComparison.Ordinal)))
                {
                    ImportFile(import, files, Path.Combine(path, name));
                }
            }

            return;
        }

        if (IsTrusted(import, files, Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : "."))
        {
            ImportFile(import, files, path);
        }
    }

    // Anyone could put a program there that root then runs.
    bool IsTrusted(Import import, IScriptFiles files, string folder)
    {
        if (!files.IsWorldWritable(folder))
        {
            return true;
        }

        diagnostics.Error(import.Span, $"'{import.Path}' is not imported: anyone may write to the folder '{folder}'", $"chmod o-w {folder}");
        return false;
    }

    void ImportFile(Import import, IScriptFiles files, string path)
    {
        if (path.EndsWith(".bpf.c", StringComparison.Ordinal) || path.EndsWith(".c", StringComparison.Ordinal))
        {
            diagnostics.Error(import.Span, $"'{import.Path}' is C code for BPF, which needs a C compiler; Sonde has none", "write it in the language, as a macro");
            return;
        }

        bool isHeader = path.EndsWith(".h", StringComparison.Ordinal);
        if (!isHeader && !path.EndsWith(".bt", StringComparison.Ordinal))
        {
            bool exists = files.Read(path) is not null;
            diagnostics.Error(import.Span, exists ? $"unknown import type: \"{import.Path}\"" : "Unable to find suitable path for import", exists ? null : $"checked: {path}");
            return;
        }

        if (!_seen.Add(files.Canonical(path)))
        {
            return;
        }

        if (_depth >= DeepestImport || _seen.Count > MostFiles)
        {
            diagnostics.Error(import.Span, $"too many imports: more than {(_depth >= DeepestImport ? $"{DeepestImport} deep" : $"{MostFiles} files")}");
            return;
        }

        if (files.Read(path) is not string text)
        {
            diagnostics.Error(import.Span, "Unable to find suitable path for import", $"checked: {path}");
            return;
        }

        if (isHeader)
        {
            _definitions.AddRange(ScriptReader.ParseHeader(path, options with { Includes = [] }, diagnostics));
            return;
        }

        _depth++;
        string folder = Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
        Script script = ScriptReader.Parse(new SourceText(path, text), options with { Includes = [] }, diagnostics, folder);
        if (script.Config is not null)
        {
            diagnostics.Error(script.Config.Span, "an imported script cannot have a config block", "move it to the main script");
        }

        Add(script, folder);
        _depth--;
    }
}
