using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script;

/// <summary>The ready-made scripts in tools/, as their users run them.</summary>
public sealed class ToolTests
{
    const string AnonymousTls = """
        import ssl
        server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        for context in (server, client):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("AECDH:@SECLEVEL=0")
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        s, c = server.wrap_bio(there, back, server_side=True), client.wrap_bio(back, there)
        for i in range(6):
            for end in (c, s):
                try: end.do_handshake()
                except ssl.SSLWantReadError: pass
        c.write(b"open sesame")
        s.read(100)
        """;

    static readonly string[] _names = [.. Directory.GetFiles(Path.Combine(Repository.Root, "tools"), "*.bt").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    public static TheoryData<string> Names => [.. _names];

    [Theory, MemberData(nameof(Names))]
    public void Every_tool_attaches_without_a_warning(string name)
    {
        Requires.Root();
        CommandResult result = SondeCommand.Run(name, "--dry-run", "-p", $"{Environment.ProcessId}");
        // The tests' own process has no Python.
        if (name.StartsWith("py", StringComparison.Ordinal))
        {
            result = SondeCommand.Run(name, "--dry-run", "-c", $"{Interpreters.Any().Path} -c pass");
        }

        if (name is "pygc" or "ssl" && result.Errors.Contains("No matches for", StringComparison.Ordinal))
        {
            Assert.Contains("HINT: no program or library of this name that is in use", result.Errors, StringComparison.Ordinal);
            return;
        }

        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.DoesNotMatch("WARNING|ERROR", result.Errors);
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_tool_says_what_it_is_for(string name)
    {
        CommandResult result = SondeCommand.Run(name, "--help");
        Assert.Equal(0, result.ExitCode);
        string text = File.ReadAllText(Path.Combine(Repository.Root, "tools", name + ".bt"));
        Assert.StartsWith(text.Split('\n')[1]["// ".Length..], result.Output, StringComparison.Ordinal);
        Assert.Contains($"  sonde {name}", result.Output, StringComparison.Ordinal);
        foreach (string option in Regex.Matches(text, "getopt\\(\"([a-z]+)\", [^,)]*, \"([^\"]*)\"").Where(match => match.Groups[1].Value != "pid").Select(match => match.Groups[1].Value))
        {
            Assert.Contains($"    --{option} ", result.Output, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_tool_refuses_what_it_does_not_know(string name)
    {
        CommandResult option = SondeCommand.Run(name, "--nonsense=5");
        Assert.Equal((2, $"--nonsense is no option; 'sonde {name} --help' lists them"), (option.ExitCode, option.Complaint));
        CommandResult word = SondeCommand.Run(name, "-q", "extra");
        Assert.Equal((2, $"'extra': sonde {name} takes options only, and an option's value stands behind '='; 'sonde {name} --help' lists them"), (word.ExitCode, word.Complaint));
    }

    [Theory]
    [InlineData("--quiet=5", "--quiet=5: --quiet takes no value")]
    [InlineData("--faild", "--faild is no option; did you mean --failed?")]
    [InlineData("--name python", "'python': sonde opens takes options only, and an option's value stands behind '='; 'sonde opens --help' lists them")]
    [InlineData("-- extra", "'extra' after '--': named parameters are written --name=value or --name")]
    [InlineData("-e begin{}", "-e 'begin{}': sonde opens is a program already; 'sonde -e' runs another")]
    public void What_is_wrong_with_a_tools_words_is_said(string words, string complaint)
    {
        CommandResult result = SondeCommand.Run(["opens", .. words.Split(' ')]);
        Assert.Equal((2, complaint), (result.ExitCode, result.Complaint));
    }

    [Fact]
    public void A_tools_help_has_a_short_name_too() => Assert.Equal(SondeCommand.Run("opens", "--help"), SondeCommand.Run("opens", "-h"));

    [Fact]
    public void Tools_are_listed()
    {
        CommandResult result = SondeCommand.Run("tools");
        Assert.Equal(_names, result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0]));
    }

    [Theory]
    [InlineData("execs", "", "sh -c 'exec /bin/echo \"with space\" \"\" x'", @"Success +/bin/echo 'with space' '' x\n")]
    [InlineData("execs", "--failed", "sh -c 'exec /bin/true'", @"^TIME +PID +PPID +UID +FROM +RESULT +PROGRAM AND ARGUMENTS\n\n*$")]
    [InlineData("opens", "--failed", "cat /no/such/file", @" cat +- No such file or directory +/no/such/file\n")]
    [InlineData("opens", "", "cat /dev/null", @" cat +3 +/dev/null\n")]
    [InlineData("syscalls", "--top=100", "cat /no/such/file /no/such/file", @"@errors\[openat, No such file or directory\]: \d+\n")]
    [InlineData("syslat", "--slow=100", "sleep 0.2", @" sleep +\d+ ms  clock_nanosleep\n")]
    [InlineData("signals", "--signal=18", "sh -c 'kill -CONT $$'", @" sh +18 Continued +\d+ +sh +ignored\n")]
    [InlineData("faults", "", "cat /dev/null", @"@faults\[cat, \d+\]: \d+\n")]
    [InlineData("mallocs", "", "cat /dev/null", @"Sizes, in bytes:\n@bytes:")]
    public void Tells_what_a_command_does(string name, string options, string command, string expected) => Check(name, options, command, expected);

    [Theory]
    [InlineData("hosts", "", "import socket; socket.getaddrinfo('localhost', 80)", @"\d\.\d{3}  found +localhost\n")]
    [InlineData("hosts", "", "import socket; socket.getaddrinfo('no-such-host.invalid', 80)", @"\d\.\d{3}  (no such host|no answer, try again) +no-such-host.invalid\n")]
    [InlineData("fdleaks", "--age=0", "import os; os.open('/dev/null', 0)", @"@left\[\n +open")]
    [InlineData("pycalls", "", "def f(): pass\nfor i in range(5000): f()", @"@calls\[f, [^ ,]*program.py\]: 5000\n")]
    [InlineData("pyslow", "--ms=20", "import time\ndef f(): time.sleep(.1)\nf()", @" ms  f \([^ ,]*program.py\)\n")]
    [InlineData("pyexceptions", "", "def f(): raise KeyError\nfor i in range(3):\n  try: f()\n  except KeyError: pass", @"@exceptions\[KeyError, f\]: 3\n")]
    [InlineData("pyexceptions", "--each", "def f(): raise KeyError\ntry: f()\nexcept KeyError: pass", @" KeyError leaves f \([^ ,]*program.py\)\n")]
    [InlineData("pyimports", "", "import json", @" \d+\.\d{3}  json\n")]
    [InlineData("connects", "", "import socket\ns = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); c = socket.create_connection(s.getsockname())", @" connect  127\.0\.0\.1 +\d+ +127\.0\.0\.1 +\d+ +\d+\.\d{3}\n")]
    [InlineData("connects", "", "import socket\ntry: socket.create_connection(('127.0.0.1', 1))\nexcept OSError: pass", @" failed   127\.0\.0\.1 +\d+ +127\.0\.0\.1 +1 ")]
    public void Tells_what_a_Python_program_does(string name, string options, string program, string expected)
    {
        using var script = new TemporaryScript(program);
        Check(name, options, $"{Interpreters.Any().Path} {script.Path}", expected);
    }

    [Fact]
    public void Encrypted_text_is_shown_plain()
    {
        using var script = new TemporaryScript(AnonymousTls);
        Interpreter interpreter = Interpreters.Any();
        Requires.That(CanSpeak(interpreter, script), "needs a Python whose OpenSSL takes anonymous keys");
        Check("ssl", "", $"{interpreter.Path} {script.Path}", @" write     11  open sesame\n(.*\n)*.* read      11  open sesame\n");
    }

    [Fact]
    public void A_process_that_is_not_there_is_an_error_where_the_tool_narrows_itself()
    {
        CommandResult result = SondeCommand.Run("connects", "-p", "999999999");
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("Process with PID 999999999 does not exist", result.Complaint);
    }

    static bool CanSpeak(Interpreter interpreter, TemporaryScript script)
    {
        using Target target = Target.Start(interpreter.Path, script.Path);
        return target.WaitForExit() == 0;
    }

    static void Check(string name, string options, string command, string expected)
    {
        Requires.Root();
        CommandResult result = SondeCommand.Run([name, "-c", command, .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        Assert.DoesNotContain("ERROR", result.Errors, StringComparison.Ordinal);
        Assert.Matches(expected, result.Output);
    }

    /// <summary>A Python program in a file of its own for as long as a test runs.</summary>
    sealed class TemporaryScript : IDisposable
    {
        readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-tools-");

        public TemporaryScript(string text)
        {
            Path = System.IO.Path.Combine(_directory.FullName, "program.py");
            File.WriteAllText(Path, text);
        }

        public string Path { get; }

        public void Dispose() => _directory.Delete(recursive: true);
    }
}
