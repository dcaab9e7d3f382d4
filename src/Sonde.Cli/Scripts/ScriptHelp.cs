using System.Reflection;
using System.Text;
using Sonde.Script.Syntax;

namespace Sonde.Cli.Scripts;

/// <summary>Help and version of the language's command, and of scripts with options of their own.</summary>
static class ScriptHelp
{
    static string Version => typeof(ScriptHelp).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";

    /// <summary>The version line; bpftrace's has its own name in front, which scripts that look at it expect.</summary>
    public static int WriteVersion(bool asBpftrace)
    {
        Console.Out.WriteLine(asBpftrace ? $"bpftrace v0.27.1 (sonde {Version})" : Version);
        return 0;
    }

    public static int Write(string name)
    {
        Console.Out.Write($"""
            Run programs in the bpftrace language, compiled straight to eBPF.

            USAGE:
                {name} [options] FILE [ARGUMENTS] [-- --NAME=VALUE ...]
                {name} [options] - [ARGUMENTS]                the program from standard input
                {name} [options] -e 'PROGRAM' [ARGUMENTS]
                {name} -l [PATTERN | FILE | -e 'PROGRAM']     list probes

            OPTIONS:
                -p PID           narrow to a process; end when it ends
                -c 'COMMAND'     start a command, attach, let it run; end when it ends
                -o FILE          write what the program prints to a file
                -f text|json     the form of the output
                -B line|full|none  when output is handed on
                -q               do not tell how many probes were attached
                -v               more details; with -l the values that probes give
                -k               tell of failed map updates and memory reads
                -d STAGE         print a stage of the compilation, do not run: ast, bound, ir, bpf, all
                -l               list probes and their types
                -I DIR           look for included files here, too
                --include FILE   include a file before the program
                --debuginfo DIR  look for separate debug files there too; may be repeated
                --unsafe         allow what can change other programs: system, signal, override, write_user
                --usdt-file-activation  raise USDT semaphores in every process that has the file
                --dry-run        compile, load, attach, end
                --test, --bench  run the program's test or bench probes
                --probe-filter GLOB  only tests whose name has that in it
                --fmt            print the program, neatly laid out, do not run it
                --no-warnings    leave warnings out
                --info           what this kernel has
                -V, --version    the version
                -h, --help       this

            ENVIRONMENT: settings of the language as BPFTRACE_NAME, for example BPFTRACE_MAX_STRLEN=200.

            EXAMPLES:
                {name} -e 'tracepoint:syscalls:sys_enter_openat {"{"} printf("%s %s\n", comm, str(args.filename)); {"}"}'
                {name} -e 'profile:hz:99 {"{"} @[comm] = count(); {"}"}'
                {name} -p PID -e 'pycall:*.handle {"{"} @[pyfunc] = count(); {"}"}'
                {name} -l 'tracepoint:sched:*'

            """);
        return 0;
    }

    /// <summary>What a script says of itself in the comment it begins with, and its own options.</summary>
    /// <param name="source">Its text.</param>
    /// <param name="script">What was read of it.</param>
    /// <param name="isTool">Whether it is part of the executable: its options then need no dashes in front of them, and -p is for it.</param>
    public static void WriteOptions(SourceText source, Sonde.Script.Syntax.Script script, bool isTool)
    {
        var text = new StringBuilder();
        foreach (var line in source.Text.Split('\n').SkipWhile(line => line.StartsWith("#!", StringComparison.Ordinal)).TakeWhile(line => line.StartsWith("//", StringComparison.Ordinal)))
        {
            text.AppendLine(line[2..].StartsWith(' ') ? line[3..] : line[2..]);
        }

        if (script.Options.Count > 0)
        {
            text.AppendLine().AppendLine(isTool ? "OPTIONS:" : "OPTIONS, after '--':");
            foreach (var option in script.Options.Where(option => option.Help is { Length: > 0 } && !(isTool && option.Name == "pid")).DistinctBy(option => option.Name))
            {
                text.Append("    --").Append(option.Name.PadRight(18)).Append(' ').Append(option.Help).Append(" (").Append(option.Default.Span.Text).AppendLine(")");
            }
        }

        if (isTool)
        {
            text.AppendLine().AppendLine("Also -p PID, -c 'COMMAND', -o FILE, -f json and the other options of 'sonde run --help'.");
        }

        Console.Out.Write(text.Length > 0 ? text.ToString() : "This script has no options.\n");
    }
}
