using System.Text.RegularExpressions;
using Sonde.Engine.Stacks;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Names of frames that are not in the symbol table of the file that runs: code made at run time, debug files, inlined functions.</summary>
public sealed class NamesTests
{
    [Fact]
    public void Functions_that_node_makes_are_named_from_its_map_and_its_dump()
    {
        Requires.Root();
        Requires.Program("/usr/bin/node");
        string folder = Directory.CreateTempSubdirectory("sonde-node-").FullName;
        try
        {
            string program = Path.Combine(folder, "work.js");
            File.WriteAllText(program, """
                function leafOfTest(x) { let s = 0; for (let i = 0; i < 20000; i++) s += Math.sqrt(i * x); return s; }
                function branchOfTest(x) { return leafOfTest(x) + 1; }
                console.log("ready " + process.pid);
                let t = 0;
                for (;;) t += branchOfTest(t % 7);
                """);
            foreach (string option in new[] { "--perf-basic-prof", "--perf-prof" })
            {
                using Target node = Target.Start("env", "-C", folder, "/usr/bin/node", "--interpreted-frames-native-stack", "--no-opt", option, program);
                node.WaitFor("ready");
                try
                {
                    CommandResult result = SondeCommand.Run("-p", $"{node.Pid}", "-e", $"profile:hz:199 /pid == {node.Pid}/ {{ @[ustack(6)] = count(); }} interval:s:2 {{ exit(); }}");
                    Assert.True(Regex.IsMatch(result.Output, @"leafOfTest .*work\.js:1.*\n.*branchOfTest .*work\.js:2"), $"{option}\n{result.Output}\n{result.Errors}");
                }
                finally
                {
                    File.Delete($"/tmp/perf-{node.Pid}.map");
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Methods_that_dotnet_makes_are_named_from_its_map()
    {
        Requires.Root();
        Requires.Program("/usr/bin/dotnet");
        using Target dotnet = Target.Start("env", "DOTNET_PerfMapEnabled=1", "dotnet", Path.ChangeExtension(SondeCommand.Path, "dll"), "-o", "/dev/null", "-e", "interval:us:50 { printf(\"hello\\n\") }");
        try
        {
            string stacks = "";
            for (long end = Environment.TickCount64 + (long)Target.Patience.TotalMilliseconds; !stacks.Contains("ScriptSession::", StringComparison.Ordinal) && Environment.TickCount64 < end;)
            {
                stacks = SondeCommand.Run("-p", $"{dotnet.Pid}", "-e", $"profile:hz:199 /pid == {dotnet.Pid}/ {{ @[ustack(8)] = count(); }} interval:s:1 {{ exit(); }}").Output;
            }

            Assert.Matches(@"\[Sonde\.Engine\] Sonde\.Engine\.Scripts\.Session\.ScriptSession::\w+\(.*\)\[\w+\]\+\d+\n", stacks);
        }
        finally
        {
            dotnet.Signal("KILL");
            dotnet.WaitForExit();
            foreach (string file in new[] { $"/tmp/perf-{dotnet.Pid}.map", $"/tmp/perfinfo-{dotnet.Pid}.map", $"/tmp/jit-{dotnet.Pid}.dump" })
            {
                File.Delete(file);
            }
        }
    }

    /// <summary>Frame pointers lead through the trampolines of CPython 3.13 and later.</summary>
    [Fact]
    public void Functions_that_python_names_for_perf_are_in_native_stacks()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get("pyenv-3.13");
        using Target python = Target.Start("env", "PYTHONPERFSUPPORT=1", interpreter.Path, "-c", "import time\ndef innermost_of_test():\n  print('ready', flush=True)\n  time.sleep(1000)\ninnermost_of_test()");
        python.WaitFor("ready");
        try
        {
            Requires.That(File.Exists($"/tmp/perf-{python.Pid}.map"), "this build has no trampolines for perf");
            using var stacks = NativeStacks.Open(python.Pid);
            NativeTrace stack = stacks.Take(python.Pid, TimeSpan.FromSeconds(10));
            Assert.Contains(stack.Frames, frame => frame.Function == "py::innermost_of_test:<string>" && frame.Module == $"/tmp/perf-{python.Pid}.map");
        }
        finally
        {
            File.Delete($"/tmp/perf-{python.Pid}.map");
        }
    }

    [Fact]
    public void A_map_of_another_user_is_not_believed()
    {
        Requires.Root();
        using Target sleep = Target.Start("sleep", "1000");
        string map = $"/tmp/perf-{sleep.Pid}.map";
        try
        {
            File.WriteAllText(map, "1000 1000 from_a_map\n");
            Assert.True(new Sonde.Engine.Targets.JitNames(sleep.Pid).TryFind(0x1800, out var function, out string source));
            Assert.Equal(("from_a_map", map), (function.Name, source));
            using Target chown = Target.Start("chown", "1234", map);
            Assert.Equal(0, chown.WaitForExit());
            Assert.False(new Sonde.Engine.Targets.JitNames(sleep.Pid).TryFind(0x1800, out _, out _));
        }
        finally
        {
            File.Delete(map);
        }
    }

    [Fact]
    public void The_map_of_another_process_with_the_same_number_is_not_read()
    {
        using Target sleep = Target.Start("sleep", "1000");
        string map = $"/tmp/perf-{sleep.Pid}.map";
        try
        {
            File.WriteAllText(map, "1000 1000 from_a_map\n");
            Assert.True(Sonde.Linux.ProcFs.TryReadStat(sleep.Pid, out var stat));
            Assert.True(Sonde.Linux.ProcFs.TryReadStatus(sleep.Pid, out var status));
            Assert.True(IsNamed(stat.StartTimeTicks));
            Assert.False(IsNamed(stat.StartTimeTicks + 1));

            bool IsNamed(ulong started)
            {
                var file = new Sonde.Engine.Targets.JitFile(sleep.Pid, started, map, [0, status.EffectiveUser], isDump: false);
                file.ReadMore();
                return file.Functions.TryFind(0x1800, out _);
            }
        }
        finally
        {
            File.Delete(map);
        }
    }

    [Fact]
    public void A_map_that_is_written_anew_or_grows_while_we_look_is_read_again()
    {
        Requires.Root();
        using Target sleep = Target.Start("sleep", "1000");
        string map = $"/tmp/perf-{sleep.Pid}.map";
        try
        {
            var names = new Sonde.Engine.Targets.JitNames(sleep.Pid);
            foreach (var (text, expected) in new[] { ("1000 10 first\n", "first"), ("1000 10 first\n1000 10 second\n", "second"), ("1000 10 third, and a longer name than before\n2000 10 x\n", "third, and a longer name than before"), ("1000 10 4\n", "4"), ("1000 10 5\n", "5"), (Same('a'), "a"), (Same('b'), "b") })
            {
                File.WriteAllText(map, text);
                Assert.True(SpinWait.SpinUntil(() => names.TryFind(0x1008, out var function, out _) && function.Name == expected, Target.Patience), expected);
            }
        }
        finally
        {
            File.Delete(map);
        }
    }

    /// <summary>A map as long as another whose end is the same too.</summary>
    static string Same(char name) => $"1000 10 {name}\n" + string.Concat(Enumerable.Range(0, 10).Select(static i => $"{i + 2}000 10 function{i}\n"));

    [Fact]
    public void Inlined_functions_and_lines_are_in_user_stacks_also_from_a_debug_file()
    {
        Requires.Root();
        Requires.Program("/usr/bin/gcc");
        string folder = Directory.CreateTempSubdirectory("sonde-names-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "inlined.c"), """
                #include <stdio.h>
                volatile int sink;
                __attribute__((noinline)) void observed(int x) { sink = x; }
                static inline __attribute__((always_inline)) void between(int x) { observed(x + 1); sink++; }
                static __attribute__((noinline)) void not_exported(int x) { between(x); sink++; }
                int main(int argc, char **argv) { (void)argv; not_exported(argc); return 0; }
                """);
            Shell(folder, "gcc -O2 -g -rdynamic -Wl,--build-id=none -o whole inlined.c && objcopy --only-keep-debug whole program.debug && objcopy -S --add-gnu-debuglink=program.debug whole program && objcopy -S whole bare");
            CommandResult result = SondeCommand.Run("-e", $"config = {{ show_debug_info = true; unstable_dw_ustack = enable }} uprobe:{folder}/program:observed {{ print(dw_ustack(4)); exit(); }}", "-c", $"{folder}/program");
            Assert.Matches(@"observed\+0@.*inlined\.c:3\n +\[inlined\] between@.*inlined\.c:4\n +not_exported\+\d+@.*inlined\.c:5\n", result.Output);

            // Without it nothing names the function, and the message says what was looked for.
            string message = SondeCommand.Run("-e", $"uprobe:{folder}/program:not_exported {{ exit(); }}", "-c", $"{folder}/program").Errors;
            Assert.DoesNotContain("stripped", message, StringComparison.Ordinal);
            File.Move(Path.Combine(folder, "program.debug"), Path.Combine(folder, "away"));
            message = SondeCommand.Run("-e", $"uprobe:{folder}/program:not_exported {{ exit(); }}", "-c", $"{folder}/program").Errors;
            Assert.Contains($"is stripped: only the functions it exports have names; its debug file was looked for at {folder}/program.debug, {folder}/.debug/program.debug, /usr/lib/debug{folder}/program.debug", message, StringComparison.Ordinal);
            Assert.Contains("it says of no debug file", SondeCommand.Run("-e", $"uprobe:{folder}/bare:not_exported {{ exit(); }}", "-c", $"{folder}/bare").Errors, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Shell(string folder, string command)
    {
        using Target shell = Target.Start("sh", "-c", $"cd {folder} && {command}");
        Assert.True(shell.WaitForExit() == 0, shell.Errors);
    }
}
