using System.Collections;
using Sonde.Engine;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Machine;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Session;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Syntax;

namespace Sonde.Cli.Scripts;

/// <summary>Does what the command line of the language asks: compiles, lists, runs.</summary>
sealed class ScriptRun
{
    const int Failed = 1;

    readonly ScriptRequest _request;
    readonly string _name;

    ScriptRun(ScriptRequest request, string name) => (_request, _name) = (request, name);

    /// <summary>Does it; the exit code.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="name">What the command is called in messages.</param>
    public static int Execute(ScriptRequest request, string name) => request.Task switch
    {
        ScriptTask.Help => ScriptHelp.Write(name),
        ScriptTask.Version => ScriptHelp.WriteVersion(request.AsBpftrace),
        ScriptTask.Info => ScriptInfo.Write(),
        ScriptTask.List => ScriptListing.Write(request),
        ScriptTask.Format => WriteFormatted(request),
        _ => new ScriptRun(request, name).Run(),
    };

    /// <summary>The text of the program, under the name that messages have for it.</summary>
    public static SourceText ReadSource(ScriptRequest request) => request switch
    {
        { Program: { } program } => new SourceText("stdin", program),
        { File: "-" } when !FileDescriptor.IsInherited(0) => throw new UserErrorException("cannot read a script from the standard input: it is closed"),
        { File: "-" } => new SourceText("stdin", Console.In.ReadToEnd()),
        { Embedded: { } embedded } => new SourceText(request.File!, embedded),
        _ => new SourceText(request.File!, ReadFile(request.File!)),
    };

    static string ReadFile(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"failed to open file '{path}': {FileError.Describe(exception)}");
        }
    }

    /// <summary>Writes the program laid out anew, or what is wrong with it.</summary>
    static int WriteFormatted(ScriptRequest request)
    {
        var source = ReadSource(request);
        var diagnostics = new DiagnosticBag();
        var text = ScriptFormatter.Format(source, ParseOptionsOf(request, source), diagnostics);
        Complain(request, diagnostics);
        if (text is null)
        {
            return Failed;
        }

        if (request.Output is not { } output)
        {
            Console.Out.Write(text);
            return 0;
        }

        try
        {
            File.WriteAllText(output, text);
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"failed to open file '{output}': {FileError.Describe(exception)}");
        }
    }

    int Run()
    {
        using var child = StartChild(out var program);
        var processId = child?.Pid ?? _request.ProcessId;
        RequireProcess(_request.ProcessId);
        using var python = new PythonResolver(processId, program);
        using var target = OpenTarget(_request, processId, python);
        var compiler = new ScriptCompiler(target);
        var script = Compile(compiler, target, child);
        Complain(_request, compiler.Diagnostics);
        return script is null ? compiler.Diagnostics.HasErrors ? Failed : 0 : Run(script, child, processId, python);
    }

    /// <summary>The machine, for programs and listings.</summary>
    public static MachineTarget OpenTarget(ScriptRequest request, int processId, PythonResolver python) => new(new MachineOptions
    {
        ProcessId = processId,
        AllowUnsafe = request.Unsafe,
        BtfPath = Environment.GetEnvironmentVariable("BPFTRACE_BTF"),
        DebugDirectories = request.DebugDirectories,
        FurtherTypes = PythonProbeTypes.With(python),
    });

    /// <summary>Messages quote the script, and a script may come from anywhere: its lines are escaped, each by itself.</summary>
    public static void Complain(ScriptRequest request, DiagnosticBag diagnostics)
    {
        if (diagnostics.Messages.Count == 0)
        {
            return;
        }

        foreach (var line in diagnostics.Render(warnings: !request.NoWarnings).TrimEnd('\n').Split('\n'))
        {
            Console.Error.WriteLine(Escape.Text(line, 4000));
        }
    }

    /// <summary>The compiled script; null when there is none to be run, after errors or because something else was asked.</summary>
    CompiledScript? Compile(ScriptCompiler compiler, MachineTarget target, ScriptChild? child)
    {
        var source = ReadSource(_request);
        var tree = compiler.Read(source, ParseOptionsOf(_request, source));
        if (_request.Arguments.Named.ContainsKey("help") && !compiler.Diagnostics.HasErrors)
        {
            ScriptHelp.WriteOptions(source, tree, isTool: _request.Embedded is not null);
            return null;
        }

        if (_request.Stages.Contains("ast"))
        {
            Console.Out.WriteLine(TreePrinter.Print(tree));
        }

        if (tree.Probes.Count == 0 && !compiler.Diagnostics.HasErrors)
        {
            throw new UserErrorException("No probes to attach");
        }

        var config = compiler.Configure(tree, Environment.GetEnvironmentVariables().OfType<DictionaryEntry>()
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value ?? "")));
        if (!compiler.Diagnostics.HasErrors && !tree.Probes.SelectMany(probe => probe.AttachPoints).All(place => ProbeType.IsOfKernel(place.Provider)))
        {
            child?.EnterProgram();
        }

        var bound = compiler.Bind(tree, new BindOptions
        {
            Config = config,
            Arguments = _request.Arguments,
            AllowUnsafe = _request.Unsafe,
            ProcessId = child?.Pid ?? _request.ProcessId,
            HasChild = child is not null,
            TellsFailures = _request.RuntimeWarnings,
            RunsTests = _request.Task == ScriptTask.Test,
            RunsBenchmarks = _request.Task == ScriptTask.Bench,
            SelectsTest = _request.ProbeFilter is { } filter ? Wildcards.Matcher($"*{filter}*") : static _ => true,
        });
        if (bound is null)
        {
            return null;
        }

        if (bound.Probes.Count == 0)
        {
            ExplainNone(tree);
        }

        try
        {
            ScriptStages.Write(_request.Stages, bound, target.Kernel);
            var compiled = compiler.Compile(bound);
            ScriptStages.Write(_request.Stages, compiled);
            return _request.Stages.Count > 0 ? null : compiled;
        }
        catch (IrException exception)
        {
            throw new UserErrorException(exception.Message);
        }
    }

    /// <summary>Test and bench probes run only when they are asked for.</summary>
    void ExplainNone(Sonde.Script.Syntax.Script tree)
    {
        var kinds = tree.Probes.SelectMany(probe => probe.AttachPoints).SelectMany(place => ProbeType.Named(place.Provider)).Select(type => type.Kind).ToHashSet();
        if (_request.Task != ScriptTask.Test && kinds.Contains(ProbeKind.Test))
        {
            throw new ScriptLoadException("No probes attached; use --test to run test probes.");
        }

        if (_request.Task != ScriptTask.Bench && kinds.Contains(ProbeKind.Bench))
        {
            throw new ScriptLoadException("No probes attached; use --bench to run benchmark probes.");
        }
    }

    /// <summary>What reading a script depends on.</summary>
    public static ParseOptions ParseOptionsOf(ScriptRequest request, SourceText source) => new()
    {
        Arguments = request.Arguments,
        Files = new DiskFiles(),
        Folder = request.File is null or "-" ? "." : Path.GetDirectoryName(Path.GetFullPath(source.Name)) ?? "/",
        IncludeFolders = request.IncludeDirectories,
        Includes = request.Includes,
        HasKernelTypes = File.Exists(Environment.GetEnvironmentVariable("BPFTRACE_BTF") ?? Sonde.Bpf.Btf.BtfTypes.KernelPath),
    };

    /// <summary>Makes sure that the process of -p is there; 0 is none.</summary>
    /// <exception cref="UserErrorException">It is not.</exception>
    public static void RequireProcess(int processId)
    {
        if (processId != 0 && !ProcFs.Exists(processId))
        {
            throw new UserErrorException($"Process with PID {processId} does not exist");
        }
    }

    ScriptChild? StartChild(out string program)
    {
        program = "";
        if (_request.Command.Length == 0)
        {
            return null;
        }

        var command = CommandLine.Resolve(ShellWords.Split(_request.Command));
        program = command[0];
        return ScriptChild.Start(command);
    }

    int Run(CompiledScript script, ScriptChild? child, int processId, PythonResolver python)
    {
        if (!CapabilitySet.Effective.CanTrace)
        {
            throw new UserErrorException($"{_name} needs to be root, or CAP_BPF and CAP_PERFMON, to load programs into the kernel; run it with sudo");
        }

        using var output = OpenOutput();
        var toTerminal = _request.Output is null && !Console.IsOutputRedirected;
        var session = new ScriptSession(script, new SessionOptions
        {
            Output = output,
            Messages = Console.Error,
            Format = _request.Json ? OutputFormat.Json : OutputFormat.Text,
            Buffering = _request.Buffering,
            Form = _request.Form,
            Attached = _request.Form is { } form ? form.Begin : null,
            ToTerminal = toTerminal,
            MessagesToTerminal = !Console.IsErrorRedirected,
            Colour = toTerminal && Terminal.UsesColour(standardError: false),
            ProcessId = processId,
            Child = child,
            DebugDirectories = _request.DebugDirectories,
            Quiet = _request.Quiet,
            Verbose = _request.Verbose,
            NoWarnings = _request.NoWarnings,
            AllowUnsafe = _request.Unsafe,
            DryRun = _request.DryRun,
            Test = _request.Task == ScriptTask.Test,
            Benchmark = _request.Task == ScriptTask.Bench,
            PythonImages = python.Images,
        });
        var code = session.Run(CancellationToken.None);
        if (code == 0)
        {
            (output as LateStream)?.Begin();
        }

        return code;
    }

    Stream OpenOutput()
    {
        if (_request.Output is not { } path)
        {
            return new StandardStream(1);
        }

        try
        {
            return new LateStream(OutputFile.OpenOrFail(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"cannot write to '{path}': {FileError.Describe(exception)}");
        }
    }
}
