using System.CommandLine;
using Sonde.Engine;
using Sonde.Engine.Flow;
using Sonde.Engine.Runtimes;

namespace Sonde.Cli.Verbs;

/// <summary>The verbs that ask a language's runtime, whichever it is: <c>calls</c>, <c>gc</c>, <c>new</c>, <c>threads</c>, <c>stat</c>.</summary>
static class RuntimeVerbs
{
    public static Command CreateCalls()
    {
        var options = new ProgramOptions();
        var probes = new Argument<string[]>("probe") { Description = "Functions or probes to count instead of the language's own functions: 'libc:str*', u:LIBRARY:PROBE, t:CATEGORY:EVENT.", Arity = ArgumentArity.ZeroOrMore };
        var language = Language();
        var latency = new Option<bool>("--latency", "-L") { Description = "The time that calls take too, with what is called inside." };
        var system = new Option<bool>("--syscalls", "-S") { Description = "System calls too." };
        var engine = FlowEngineChoice.CreateOption();
        var inject = InjectOption.Create();
        var risk = InjectOption.CreateRisk();
        var buffer = FlowVerb.CreateBuffer("With --inject: size of the buffer between the process and Sonde in MiB.");
        var verb = new Command("calls", "Count calls: of Python, Java, Ruby or PHP functions, or of any probes.")
        {
            probes, options.Pid, language, latency, system, engine, inject, risk, buffer, options.Top, options.Interval, options.Count, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var times = options.Times(parsed);
            if (parsed.GetValue(probes) is { Length: > 0 } words)
            {
                if (parsed.GetValue(latency) || parsed.GetValue(system) || parsed.GetValue(language) is not null || parsed.GetValue(inject) || parsed.GetResult(engine) is { Implicit: false })
                {
                    throw new UsageException("calls: --latency, --syscalls, --language, --engine and --inject are for a language's own functions; 'sonde latency' measures native ones");
                }

                return options.Run(parsed, "calls", ProbePrograms.Counts(ProbeVerbs.Spellings(words), parsed.GetValue(options.Top), times));
            }

            var pid = parsed.GetValue(options.Pid) ?? throw new UsageException("calls: whose? Give -p PID, or functions to count, such as 'libc:str*'");
            var runtime = Choose(RunningRuntime.Of(pid), pid, parsed.GetValue(language), "calls", static each => each.IsPython || each.Runtime.Calls.Any(call => each.Probes.Contains(call.Entry)), static each => each.Calls.Count > 0);
            var request = new FlowRequest
            {
                Pids = [pid],
                Engine = FlowEngineChoice.Read(parsed, engine),
                IsInjectionAllowed = parsed.GetValue(inject),
                AcceptsRisk = parsed.GetValue(risk),
                Output = parsed.GetValue(options.Output),
                Json = parsed.GetValue(options.Json),
                Options = new FlowOptions { RingBufferBytes = FlowVerb.BufferBytes(parsed.GetValue(buffer)) },
            };
            var choice = FlowEngineChoice.For(request, "calls", !runtime.IsPython ? $"there is one for Python, none for {runtime.Runtime.Title}"
                : parsed.GetValue(system) ? "system calls (--syscalls) are counted by the kernel's programs only" : parsed.GetValue(options.ShowProgram) ? "it has no program to show" : null);
            if (choice.Why is { } why)
            {
                Console.Error.WriteLine($"sonde: {why}");
            }

            if (choice.IsInside)
            {
                return CallsFromInside.Execute(request, parsed.GetValue(latency), parsed.GetValue(options.Top), times);
            }

            var program = RuntimePrograms.Calls(runtime, parsed.GetValue(latency), parsed.GetValue(system), parsed.GetValue(options.Top), times);
            return options.Run(parsed, "calls", Warned(program, runtime, pid));
        });
        return verb;
    }

    public static Command CreateCollections()
    {
        var options = new ProgramOptions();
        var language = Language();
        var least = new Option<TimeSpan>("--min") { Description = "Tell only those that take at least this long: 1ms.", HelpName = "TIME", CustomParser = result => Duration.Parse(result) ?? default };
        var verb = new Command("gc", "Tell each garbage collection and how long it took: Python, Java, Ruby, Node.js.")
        {
            options.Pid, language, least, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var pid = parsed.GetValue(options.Pid) ?? throw new UsageException("gc: whose? Give -p PID");
            var runtime = Choose(RunningRuntime.Of(pid), pid, parsed.GetValue(language), "garbage collections",
                static each => each.Functions.Count > 0 || each.Runtime.Collections.Any(collection => each.Probes.Contains(collection.Begin)), static each => each.Collections.Count > 0);
            return options.Run(parsed, "gc", RuntimePrograms.Collections(runtime, parsed.GetValue(least), parsed.GetValue(options.For)));
        });
        return verb;
    }

    public static Command CreateObjects()
    {
        var options = new ProgramOptions();
        var language = Language();
        var verb = new Command("new", "Count new objects per type: Java, Ruby. For Python, 'sonde record --memory' samples what memory is asked for.")
        {
            options.Pid, language, options.Top, options.Interval, options.Count, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var pid = parsed.GetValue(options.Pid) ?? throw new UsageException("new: whose? Give -p PID; 'sonde mallocs' tells what native code asks for");
            var found = RunningRuntime.Of(pid);
            if (found is [{ Runtime.Objects: { } instead } only, ..])
            {
                throw new UserErrorException($"new objects of process {pid}: {only.Runtime.Title} ({only.Path}): {instead}");
            }

            var runtime = Choose(found, pid, parsed.GetValue(language), "new objects",
                static each => each.Runtime.Allocations.Any(allocation => each.Probes.Contains(allocation.Probe)), static each => each.Allocations.Count > 0);
            return options.Run(parsed, "new", Warned(RuntimePrograms.Objects(runtime, parsed.GetValue(options.Top), options.Times(parsed)), runtime, pid));
        });
        return verb;
    }

    public static Command CreateThreads()
    {
        var options = new ProgramOptions();
        var verb = new Command("threads", "Tell threads as they are made: names where the runtime tells them (Java), else the function each is to run.")
        {
            options.Pid, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var pid = parsed.GetValue(options.Pid) ?? throw new UsageException("threads: whose? Give -p PID");
            var runtime = RunningRuntime.Of(pid).Find(static each => each.Runtime.Threads.Any(thread => each.Probes.Contains(thread.Probe)));
            return options.Run(parsed, "threads", RuntimePrograms.Threads(runtime, parsed.GetValue(options.For)));
        });
        return verb;
    }

    public static Command CreateStat()
    {
        var options = new ProgramOptions();
        var methods = new Option<bool>("--calls") { Description = "Calls too, and Python's exceptions; each call then costs about a microsecond." };
        var verb = new Command("stat", "What all runtimes on this machine do, a line a process: collections, objects, loads, exceptions, threads a second.")
        {
            options.Pid, methods, options.Top, options.Interval, options.Count, options.For, options.Output, options.Json, options.ShowProgram,
        };
        verb.SetAction(parsed =>
        {
            var times = options.Times(parsed);
            var found = parsed.GetValue(options.Pid) is { } pid ? RunningRuntime.Of(pid) : RunningRuntime.OnThisMachine();
            var program = RuntimePrograms.Rates(found, parsed.GetValue(methods), parsed.GetValue(options.Top), times with { Interval = times.Interval ?? TimeSpan.FromSeconds(1) });
            return options.Run(parsed, "stat", program);
        });
        return verb;
    }

    static Option<string?> Language()
    {
        var option = new Option<string?>("--language", "-l") { Description = "The runtime, where a process has several: " + string.Join(", ", RuntimeTable.All.Select(static runtime => runtime.Name)) + ".", HelpName = "NAME" };
        option.Validators.Add(result =>
        {
            var word = result.GetValueOrDefault<string?>();
            if (word is not null && RuntimeTable.All.All(runtime => runtime.Name != word))
            {
                result.AddError($"'{word}' is no runtime that is known: {string.Join(", ", RuntimeTable.All.Select(static runtime => runtime.Name))}");
            }
        });
        return option;
    }

    /// <summary>The runtime that can tell what is asked.</summary>
    /// <param name="found">Those that the process runs.</param>
    /// <param name="pid">The process.</param>
    /// <param name="language">Which is wanted; null for any.</param>
    /// <param name="what">What is asked, for messages.</param>
    /// <param name="can">Whether one can tell it as it is built.</param>
    /// <param name="could">Whether its runtime can tell it at all.</param>
    /// <exception cref="UserErrorException">None can; says what is missing.</exception>
    static RunningRuntime Choose(List<RunningRuntime> found, int pid, string? language, string what, Func<RunningRuntime, bool> can, Func<Runtime, bool> could)
    {
        var wanted = language is null ? found : found.FindAll(runtime => runtime.Runtime.Name == language);
        if (wanted.Find(runtime => can(runtime)) is { } able)
        {
            return able;
        }

        if (wanted.Count == 0)
        {
            throw new UserErrorException($"{what} of process {pid}: it runs no {(language is null ? "language runtime that is known (" + string.Join(", ", RuntimeTable.All.Select(static runtime => runtime.Title)) + ")" : language)}; native functions are counted with 'sonde calls -p {pid} LIBRARY:FUNCTION'");
        }

        var runtime = wanted[0];
        throw new UserErrorException(runtime.Probes.Count == 0
            ? $"{what} of process {pid}: {runtime.Path} has no probes: {runtime.Runtime.WithoutProbes}"
            : $"{what} of process {pid}: {runtime.Runtime.Title} ({runtime.Path}) {(could(runtime.Runtime) ? "was built without the probes for that" : "has no probes for that")}; 'sonde list -p {pid}' shows what it has");
    }

    /// <summary>What must be set is often not: then nothing would come, and nobody would know why.</summary>
    static VerbProgram Warned(VerbProgram program, RunningRuntime runtime, int pid) => runtime.Runtime.Switch is { } needed && !ProcessSettings.Mentions(pid, needed.Word)
        ? program with { Warnings = [.. program.Warnings, $"{runtime.Runtime.Title} in process {pid} tells this only when asked to, which it does not seem to be: {needed.Advice}"] }
        : program;
}
