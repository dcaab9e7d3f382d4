using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Python;

/// <summary>Python probes of the language, on every interpreter: what tests/targets/values.py is known to do.</summary>
public sealed class PythonProbeTests
{
    const int Rounds = 50;

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Calls_returns_and_exceptions_are_counted_once(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        string output = Trace(interpreter, """
            pycall:values.py:* { @call[func] = count(); }
            pyreturn:values.py:* { @return[func] = count(); }
            pyraise:values.py:* { @raise[func, pyexception] = count(); }
            """);
        string[] plainOnes = ["plain", "constant", "text", "real", "many", "named", "catches"];
        foreach (string function in plainOnes)
        {
            int calls = function == "catches" ? 2 * Rounds : Rounds;
            Assert.Contains($"@call[{function}]: {calls}\n", output, StringComparison.Ordinal);
            Assert.Contains($"@return[{function}]: {calls}\n", output, StringComparison.Ordinal);
        }

        Assert.Contains($"@call[closure.<locals>.inner]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@call[Shop.pay]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@call[numbers]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@return[numbers]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@call[recursive]: {5 * Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@raise[raises, KeyError]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@raise[ends, StopIteration]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.DoesNotContain("@return[raises]", output, StringComparison.Ordinal);
        Assert.DoesNotContain("@return[ends]", output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Lengths_and_None_are_told_and_names_may_be_quoted(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        string output = Trace(interpreter, """
            pycall:values.py:text { @length[pyarg("name"), len(args.name), len(pyarg("other"))] = count(); }
            pycall:values.py:many { @none[args.none == None, args.none != None, None == args.true, len(args.large), len(args.some), args.nothing == None] = count(); }
            pyreturn:values.py:many /retval == None/ { @returned = count(); }
            """);
        Assert.Contains($"@length[abc, 3, 3]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@none[true, false, false, 0, 1, false]: {Rounds}\n", output, StringComparison.Ordinal);
        Assert.Contains($"@returned: {Rounds}\n", output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Variables_and_results_are_what_they_are(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        string output = Trace(interpreter, """
            pycall:values.py:plain { @arguments[func] = sum(args.a - args.b); @negative = min(args.b); }
            pyreturn:values.py:plain { @results[func] = sum(retval); @last = retval; }
            pycall:values.py:text { @texts[args.name, args.other] = count(); @same[args.name == "abc", args.name == "abd", str(args.name)] = count(); }
            pyreturn:values.py:text { @text_results[retval] = count(); }
            pycall:values.py:real { @reals[args.x, (int64)args.x] = count(); }
            pyreturn:values.py:real { @halves[retval] = count(); }
            pycall:values.py:many { @many[args.none, args.true, args.large, args.some, args.nothing] = count(); }
            pycall:values.py:named { @named = sum(args.secret_of_forty_characters_or_even_some_more); }
            pyreturn:values.py:constant { @constants[retval] = count(); }
            pyreturn:values.py:*inner { @inner = sum(locals.n); @inner_results = sum(retval); }
            pyreturn:values.py:*buy { @prices = sum(locals.price); }
            """);
        const int sum = Rounds * (Rounds - 1) / 2;
        string[] expected =
        [
            $"@arguments[plain]: {3 * sum}", $"@negative: {-2 * (Rounds - 1)}", $"@results[plain]: {-sum}", $"@last: {-(Rounds - 1)}",
            $"@texts[abc, été]: {Rounds}", $"@same[true, false, abc]: {Rounds}", $"@text_results[abcabc]: {Rounds}",
            $"@reals[2.5, 2]: {Rounds}", $"@halves[1.25]: {Rounds}", $"@many[None, True, (int of 3 30-bit digits), <list>, (unset)]: {Rounds}",
            $"@named: {7 * Rounds}", $"@constants[42]: {Rounds}", $"@inner: {10 * Rounds}", $"@inner_results: {(10 * Rounds) + sum}", $"@prices: {3 * sum}",
        ];
        Assert.Equal(expected, expected.Where(line => output.Contains(line + "\n", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Stacks_have_functions_files_and_lines(string name)
    {
        Interpreter interpreter = Interpreters.Get(name);
        string file = Target.PathOf(interpreter, "values.py");
        string output = Trace(interpreter, "pycall:values.py:*pay { @[pystack(3)] = count(); @place[pyfile, pyline] = count(); }");
        Assert.Contains($"""
            @[
                    Shop.pay ({file}:46)
                    Shop.buy ({file}:44)
                    main ({file}:91)
            ]: {Rounds}
            """, output, StringComparison.Ordinal);
        Assert.Contains($"@place[{file}, 46]: {Rounds}\n", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_functions_that_match_are_told()
    {
        string output = Trace(Interpreters.Any(), """
            pycall:Shop.* { @class[func] = count(); }
            pycall:*.<locals>.* { @nested[func] = count(); }
            pycall:val?es.py:re*s*e { @wild[func] = count(); }
            pycall:*/targets/values.py:plain { @path[func] = count(); }
            pycall:other.py:* { @other[func] = count(); }
            pycall:targets:* { @folder[func] = count(); }
            pycall:nothing { @nothing = count(); }
            """, "other.py:*", "targets:*", "nothing");
        Assert.Equal(
            ["@class[Shop.buy]: 50", "@class[Shop.pay]: 50", "@nested[closure.<locals>.inner]: 50", "@path[plain]: 50", "@wild[recursive]: 250"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_command_is_traced_from_its_first_instruction()
    {
        Interpreter interpreter = Interpreters.Any();
        CommandResult result = SondeCommand.Run("-q", "-c", $"{interpreter.Path} -c 'def f(n): return n\nfor i in range(10): f(i)'", "-e", "pycall:f { @ = sum(args.n); }");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("@: 45\n", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pycall:f { printf(\"%s\", pyexception); }", "The pyexception builtin can only be used with 'pyraise' probes")]
    [InlineData("begin { printf(\"%s\", pyfunc); }", "The pyfunc builtin can only be used with probes that a process hits")]
    [InlineData("pycall:f /pyfunc == \"f\"/ { exit(); }", "cannot compare a Python name in the kernel")]
    [InlineData("pycall: { exit(); }", "needs a function")]
    public void Misuse_is_told_with_its_place(string program, string message)
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Any(), "values.py");
        CommandResult result = SondeCommand.Run("-p", $"{target.Pid}", "-e", program);
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
        Assert.Contains("stdin:1:", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pycall:nosuchfunction", "nosuchfunction: none of the ")]
    [InlineData("pycall:pay", "did you mean 'Shop.pay'?")]
    [InlineData("pycall:other.py:plain", "such a function is in ")]
    public void A_pattern_that_nothing_matched_is_told_at_the_end(string probe, string message)
    {
        CommandResult result = SondeCommand.Run("-q", "-c", $"{Interpreters.Get("pyenv-3.12").Path} -c 'class Shop:\n  def pay(self): pass\ndef plain(): Shop().pay()\nplain()'", "-e", $"{probe} {{ }}");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(message, result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void What_keeps_python_from_being_found_is_told_once()
    {
        Requires.Root();
        using Target target = Target.Start("sleep", "60");
        CommandResult result = SondeCommand.Run("-p", $"{target.Pid}", "-e", "pycall:* { } pyreturn:* { }");
        Assert.Single(result.Errors.Split('\n'), line => line.Contains("ERROR", StringComparison.Ordinal));
    }

    [Fact]
    public void A_process_without_python_is_one_clear_error()
    {
        Requires.Root();
        using Target target = Target.Start("sleep", "60");
        CommandResult result = SondeCommand.Run("-p", $"{target.Pid}", "-e", "pycall:* { @ = count(); }");
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("runs no CPython", result.Errors, StringComparison.Ordinal);
    }

    /// <summary>Runs a program on values.py from before its first round to its end, and gives what it printed.</summary>
    /// <param name="interpreter">What runs values.py.</param>
    /// <param name="program">The program.</param>
    /// <param name="unmatched">Patterns of it that match nothing.</param>
    static string Trace(Interpreter interpreter, string program, params string[] unmatched)
    {
        Requires.Root();
        using Target target = Target.StartReady(interpreter, "values.py");
        using Target sonde = Target.Start(SondeCommand.Path, "-q", "-p", $"{target.Pid}", "-e",
            program + " interval:ms:1 /@told == 0/ { @told = 1; print(\"attached\"); } pycall:values.py:finished { print(\"finished\"); }");
        sonde.WaitFor("attached");
        target.Send();
        target.WaitFor("done");
        // What a process that is gone had on its stacks cannot be read any more.
        sonde.WaitFor("finished");
        target.Send();
        target.WaitForExit();
        string output = sonde.ReadToEnd().Replace("@told: 1\n", "", StringComparison.Ordinal);
        Assert.Equal(0, sonde.WaitForExit());
        Assert.Equal(unmatched, sonde.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(": ")[1]));
        return output;
    }
}
