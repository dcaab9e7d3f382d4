using System.Globalization;
using Sonde.Engine;
using Sonde.Engine.Scripts.Session;
using Sonde.Script.Syntax;

namespace Sonde.Cli.Scripts;

/// <summary>
/// Reads the command line of the language. It follows bpftrace's (its manual page, "OPTIONS"), which GNU getopt reads: options may stand in one word
/// (<c>-ve</c>), with or without a blank before the value, and end at the first word that is none.
/// </summary>
sealed class ScriptCommandLine
{
    readonly IReadOnlyList<string> _words;
    readonly string _name;

    /// <summary>The options of the program when the command is one, as a tool is; null where the words name the program.</summary>
    readonly IReadOnlyList<string>? _own;

    ScriptRequest _request;
    int _next;

    ScriptCommandLine(IReadOnlyList<string> words, string name, bool asBpftrace, IReadOnlyList<string>? own)
    {
        _words = words;
        _name = name;
        _own = own;
        _request = new ScriptRequest { AsBpftrace = asBpftrace };
    }

    /// <summary>Reads the words after the command's name.</summary>
    /// <param name="words">The words.</param>
    /// <param name="name">What the command is called in messages.</param>
    /// <param name="asBpftrace">Whether it was called as bpftrace.</param>
    /// <exception cref="UsageException">A word is not understood.</exception>
    public static ScriptRequest Parse(IReadOnlyList<string> words, string name, bool asBpftrace) => new ScriptCommandLine(words, name, asBpftrace, own: null).Parse();

    /// <summary>Reads the words after the name of a command that is a program itself: none of them may be one, or be left over.</summary>
    /// <param name="words">The words; the program's own options are behind "--".</param>
    /// <param name="name">What the command is called in messages.</param>
    /// <param name="own">The program's own options, with their dashes.</param>
    /// <exception cref="UsageException">A word is not understood.</exception>
    public static ScriptRequest ParseOfTool(IReadOnlyList<string> words, string name, IReadOnlyList<string> own) => new ScriptCommandLine(words, name, asBpftrace: false, own).Parse();

    ScriptRequest Parse()
    {
        while (_next < _words.Count && _words[_next] is ['-', _, ..] word && word != "--")
        {
            _next++;
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                ReadLong(word);
            }
            else
            {
                ReadShort(word);
            }
        }

        return _request.Task is ScriptTask.Help or ScriptTask.Version or ScriptTask.Info ? _request : ReadOperands();
    }

    /// <summary>The file or pattern, positional parameters, and named ones after the dashes.</summary>
    ScriptRequest ReadOperands()
    {
        var operands = new List<string>();
        while (_next < _words.Count && _words[_next] != "--")
        {
            operands.Add(_words[_next++]);
        }

        if (_own is not null)
        {
            RefuseProgram(operands);
        }

        var named = ReadNamed();
        if (_request.Task == ScriptTask.List)
        {
            return ReadListing(operands);
        }

        if (_request.Program is null && _own is null)
        {
            if (operands is [] or ["", ..])
            {
                throw new UsageException($"no program given. USAGE: {_name} [options] FILE, or '-' for standard input, or -e 'PROGRAM'");
            }

            _request = _request with { File = operands[0] };
            operands.RemoveAt(0);
        }

        if (_request is { ProcessId: not 0, Command.Length: > 0 })
        {
            throw new UsageException("both -c and -p are given: choose a command to start or a running process");
        }

        return _request with { Arguments = new ScriptArguments { Positional = operands, Named = named } };
    }

    void RefuseProgram(List<string> operands)
    {
        if (operands is [var extra, ..])
        {
            throw new UsageException($"'{extra}': {_name} takes options only, and an option's value stands behind '='; '{_name} --help' lists them");
        }

        if (_request.Program is { } program)
        {
            throw new UsageException($"-e '{program}': {_name} is a program already; 'sonde -e' runs another");
        }
    }

    ScriptRequest ReadListing(List<string> operands)
    {
        if (operands.Count > 1)
        {
            throw new UsageException($"-l takes one pattern or file, not {operands.Count}: quote a pattern that has blanks");
        }

        if (operands is [var what])
        {
            _request = File.Exists(what) ? _request with { File = what } : _request with { Pattern = what };
        }

        return _request;
    }

    Dictionary<string, string?> ReadNamed()
    {
        var named = new Dictionary<string, string?>();
        for (_next++; _next < _words.Count; _next++)
        {
            var word = _words[_next];
            if (word == "--help")
            {
                named["help"] = null;
                continue;
            }

            if (!word.StartsWith("--", StringComparison.Ordinal) || word.Length == 2)
            {
                throw new UsageException($"'{word}' after '--': named parameters are written --name=value or --name");
            }

            var equals = word.IndexOf('=', StringComparison.Ordinal);
            named[equals < 0 ? word[2..] : word[2..equals]] = equals < 0 ? null : word[(equals + 1)..];
        }

        return named;
    }

    void ReadShort(string word)
    {
        for (var i = 1; i < word.Length; i++)
        {
            var option = word[i];
            if (!"efpcoBdI".Contains(option))
            {
                ReadFlag($"-{option}");
                continue;
            }

            ReadValue($"-{option}", i + 1 < word.Length ? word[(i + 1)..] : NextWord($"-{option}"));
            return;
        }
    }

    void ReadLong(string word)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? word : word[..equals];
        if (name is "--include" or "--debuginfo" or "--probe-filter" or "--mode" or "--output" or "--format" or "--pid" or "--cmd" or "--traceable-functions" or "--dwarf-pid" or "--no-feature")
        {
            ReadValue(name, equals < 0 ? NextWord(name) : word[(equals + 1)..]);
        }
        else
        {
            ReadFlag(name);
            if (equals >= 0)
            {
                throw new UsageException($"{word}: {name} takes no value");
            }
        }
    }

    string NextWord(string option) => _next < _words.Count ? _words[_next++] : throw new UsageException($"{option} needs a value after it");

    void ReadFlag(string option) => _request = option switch
    {
        "-l" => _request with { Task = ScriptTask.List },
        "-q" or "--quiet" => _request with { Quiet = true },
        "-v" or "--verbose" => _request with { Verbose = true },
        "-k" => _request with { RuntimeWarnings = true },
        "-h" or "--help" => _request with { Task = ScriptTask.Help },
        "-V" or "--version" => _request with { Task = ScriptTask.Version },
        "--info" => _request with { Task = ScriptTask.Info },
        "--test" => _request with { Task = ScriptTask.Test },
        "--bench" => _request with { Task = ScriptTask.Bench },
        "--fmt" => _request with { Task = ScriptTask.Format },
        "--unsafe" => _request with { Unsafe = true },
        "--no-warnings" => _request with { NoWarnings = true },
        "--dry-run" => _request with { DryRun = true },
        // Probes attached by file raise semaphores in every process that has it, with or without being told.
        "--usdt-file-activation" => _request,
        _ => throw new UsageException(Suggest.Closest(option, KnownOptions.Concat(_own ?? [])) is { } closest
            ? $"{option} is no option; did you mean {closest}?"
            : $"{option} is no option; '{_name} --help' lists them"),
    };

    static readonly string[] KnownOptions =
    [
        "-B", "-c", "-d", "-e", "-f", "-h", "-I", "-k", "-l", "-o", "-p", "-q", "-v", "-V", "--bench", "--debuginfo", "--dry-run", "--fmt", "--help", "--include", "--info",
        "--no-warnings", "--probe-filter", "--quiet", "--test", "--unsafe", "--usdt-file-activation", "--verbose", "--version",
    ];

    void ReadValue(string option, string value) => _request = option switch
    {
        "-e" => _request with { Program = value },
        "-p" or "--pid" => _request with { ProcessId = ReadPid(value) },
        "-c" or "--cmd" => value.Trim().Length > 0 ? _request with { Command = value } : throw new UsageException($"-c '{value}': the command is empty"),
        "-o" or "--output" => value.Length > 0 ? _request with { Output = value } : throw new UsageException("-o '': the file has no name"),
        "-f" or "--format" => _request with { Json = value switch
        {
            "json" => true,
            "text" => false,
            _ => throw new UsageException($"-f {value}: the format is 'text' or 'json'"),
        } },
        "-B" => _request with { Buffering = value switch
        {
            "line" => OutputBuffering.Line,
            "full" => OutputBuffering.Full,
            "none" => OutputBuffering.None,
            _ => throw new UsageException($"-B {value}: the buffering is 'line', 'full' or 'none'"),
        } },
        "-d" => _request with { Stages = [.. _request.Stages, .. ReadStages(value)] },
        "-I" => _request with { IncludeDirectories = [.. _request.IncludeDirectories, value] },
        "--include" => _request with { Includes = [.. _request.Includes, value] },
        "--debuginfo" => _request with { DebugDirectories = [.. _request.DebugDirectories, .. ReadDirectories(value)] },
        "--probe-filter" => _request with { ProbeFilter = value },
        "--mode" => value switch
        {
            "test" => _request with { Task = ScriptTask.Test },
            "bench" => _request with { Task = ScriptTask.Bench },
            "list" => _request with { Task = ScriptTask.List },
            "run" => _request,
            _ => throw new UsageException($"--mode {value}: the mode is 'run', 'test', 'bench' or 'list'"),
        },
        "--traceable-functions" when !File.Exists(value) => throw new UsageException($"--traceable-functions {value}: there is no such file"),
        // What these choose is found out by looking, here.
        "--traceable-functions" or "--dwarf-pid" or "--no-feature" => _request,
        _ => throw new InvalidOperationException($"option {option} takes no value"),
    };

    /// <summary>Debuggers part directories by colons.</summary>
    static string[] ReadDirectories(string value)
    {
        var directories = value.Split(':', StringSplitOptions.RemoveEmptyEntries);
        return directories.Length == 0 ? throw new UsageException("--debuginfo '': the directory has no name")
            : directories.FirstOrDefault(directory => !Directory.Exists(directory)) is { } missing ? throw new UsageException($"--debuginfo {missing}: there is no such directory")
            : [.. directories.Select(Path.GetFullPath)];
    }

    static int ReadPid(string value) => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && pid > 0
        ? pid
        : throw new UsageException($"-p {value}: a process id is a number above 0");

    /// <summary>The names bpftrace has for a stage mean the one that comes closest.</summary>
    static string[] ReadStages(string value) => value switch
    {
        "all" => ["ast", "bound", "ir", "bpf"],
        "ast" or "parse" => ["ast"],
        "bound" or "types" => ["bound"],
        "ir" or "codegen" or "codegen-opt" => ["ir"],
        "bpf" or "dis" => ["bpf"],
        "libbpf" or "verifier" => ["verifier"],
        _ => throw new UsageException($"-d {value}: the stages are ast, bound, ir, bpf, verifier and all"),
    };
}
