using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Sonde.Python;
using Sonde.Python.Source;
using Xunit;

namespace Sonde.Tests.Source;

public sealed class QualifiedNamesTests
{
    static readonly PythonVersion _version = new(10, 0);

    static string Find(string source, int line, string name, PythonVersion? version = null) =>
        QualifiedNames.Read(Encoding.UTF8.GetBytes(source), version ?? _version).TryFind(line, name, out string found) ? found : "(none)";

    public static TheoryData<string, int, string, string> Cases => new()
    {
        { "def f(): pass", 1, "f", "f" },
        { "class A:\n  def b(self): pass", 2, "b", "A.b" },
        { "class A:\n  class B:\n    def c(self):\n      def d(): pass", 4, "d", "A.B.c.<locals>.d" },
        { "def f():\n  class A:\n    def b(self): pass\n  def g(): pass", 3, "b", "f.<locals>.A.b" },
        { "def f():\n  class A:\n    def b(self): pass\n  def g(): pass", 4, "g", "f.<locals>.g" },
        { "class A:\n  async def b(self): pass", 2, "b", "A.b" },
        { "class A:\n  @one\n  @two(3)\n  # why\n\n  def b(self): pass", 2, "b", "A.b" },
        { "class A:\n  @one\n  class B(C): x = lambda: 0", 2, "B", "A.B" },
        { "class A:\n  @one\n  class B(C): x = lambda: 0", 3, "<lambda>", "A.B.<lambda>" },
        { "@one\nx: int\nclass A:\n  def b(): pass", 3, "A", "A" },
        { "def f(): return lambda x: [y for y in x]", 1, "<lambda>", "f.<locals>.<lambda>" },
        { "def f(): return lambda x: [y for y in x]", 1, "<listcomp>", "f.<locals>.<lambda>.<locals>.<listcomp>" },
        { "class A:\n  def b(self, key=lambda: 0,\n      *, other=lambda x=lambda: 1: x): pass", 3, "<lambda>", "A.<lambda>" },
        { "class A:\n  @d(lambda: 0)\n  def b(self) -> lambda: 0: return lambda: 1", 2, "<lambda>", "A.<lambda>" },
        { "def f():\n  x = [(lambda: a)\n    for a in b]", 2, "<lambda>", "f.<locals>.<listcomp>.<lambda>" },
        { "def f():\n  x = [a for a in\n    (lambda: b)()]", 3, "<lambda>", "f.<locals>.<lambda>" },
        { "def f():\n  x = [a for a in b if\n    (lambda: b)()]", 3, "<lambda>", "f.<locals>.<listcomp>.<lambda>" },
        { "def f():\n  return [\n   {a: {c for c in a}\n    for a in b}]", 3, "<dictcomp>", "f.<locals>.<dictcomp>" },
        { "def f():\n  return [\n   {a: {c for c in a}\n    for a in b}]", 3, "<setcomp>", "f.<locals>.<dictcomp>.<setcomp>" },
        { "def f(): return sum(x for x in y)", 1, "<genexpr>", "f.<locals>.<genexpr>" },
        { "[1for x in\n(lambda: y)()]", 2, "<lambda>", "<lambda>" },
        { "def f(): return f'{x!r:>{y}} {{no}} {\", \".join(a for a in b)}'", 1, "<genexpr>", "f.<locals>.<genexpr>" },
        { "def f(): return '{(a for a in b)}'\ndef g(): pass", 2, "g", "g" },
        { "def f():\n  global g, h\n  def g():\n    def i(): pass\n  class h: pass\n  def j(): pass", 3, "g", "g" },
        { "def f():\n  global g, h\n  def g():\n    def i(): pass\n  class h: pass\n  def j(): pass", 4, "i", "g.<locals>.i" },
        { "def f():\n  global g, h\n  def g():\n    def i(): pass\n  class h: pass\n  def j(): pass", 5, "h", "h" },
        { "def f():\n  global g, h\n  def g():\n    def i(): pass\n  class h: pass\n  def j(): pass", 6, "j", "f.<locals>.j" },
        { "class A:\n  '''\n def x():\n'''\n  def b(self): pass", 5, "b", "A.b" },
        { "class A:\n  r'\\'; s = b\"#\"; t = rb'''\"'''\n  def b(self): pass", 3, "b", "A.b" },
        { "class A:\n  x = (1,\n2)\n  def b(self): pass", 4, "b", "A.b" },
        { "class A:\n  x = 1 + \\\n2\n  def b(self): pass", 4, "b", "A.b" },
        { "class A:\n# comment\n\n  # comment\n\tdef b(self): pass", 5, "b", "A.b" },
        { "class A:\n\f  def b(self): pass", 2, "b", "A.b" },
        { "class A:\r\n  def b(self): pass\r\n  def c(self): pass", 3, "c", "A.c" },
        { "class A:\r  def b(self): pass", 2, "b", "A.b" },
        { "if x:\n  class A:\n    if y:\n      def b(self): pass\n    else:\n      def c(self): pass\n  def d(): pass", 6, "c", "A.c" },
        { "if x:\n  class A:\n    if y:\n      def b(self): pass\n    else:\n      def c(self): pass\n  def d(): pass", 7, "d", "d" },
        { "\ufeffclass Größe:\n  def b(self): pass", 2, "b", "Größe.b" },
        { "x = 1", 0, "<module>", "<module>" },
        { "def f():\n  pass\n\ndef g():\n  pass", 5, "<genexpr>", "g.<locals>.<genexpr>" },
        { "def f():\n  pass", 2, "g", "(none)" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Names_are_what_the_compiler_makes_them(string source, int line, string name, string expected) =>
        Assert.Equal(expected, Find(source, line, name));

    [Fact]
    public void Until_3_7_a_list_comprehension_begins_with_its_first_element()
    {
        const string Source = "f = lambda: [\n  a for a in b]";
        Assert.Equal("<lambda>.<locals>.<listcomp>", Find(Source, 1, "<listcomp>", new PythonVersion(8, 0)));
        Assert.Equal("<lambda>.<locals>.<listcomp>", Find(Source, 2, "<listcomp>", new PythonVersion(7, 0)));
        Assert.Equal("<listcomp>", Find(Source, 2, "<listcomp>", new PythonVersion(8, 0)));
    }

    [Fact]
    public void Reads_latin_1_where_the_source_says_so()
    {
        byte[] source = Encoding.Latin1.GetBytes("#!/usr/bin/python\n# -*- coding: iso-8859-15 -*-\nclass Größe:\n  def b(self): pass");
        Assert.True(QualifiedNames.Read(source, _version).TryFind(4, "b", out string name));
        Assert.Equal("Größe.b", name);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("[lambda:")]
    [InlineData("lambda x=")]
    [InlineData("f'{")]
    [InlineData("()")]
    [InlineData("class a:")]
    [InlineData("lambda:0,")]
    [InlineData("\\")]
    [InlineData("'")]
    [InlineData("{f\"{f'''{")]
    [InlineData("@")]
    public void Any_length_of_nonsense_is_read(string piece)
    {
        byte[] source = Encoding.UTF8.GetBytes("def f(): pass\n" + string.Concat(Enumerable.Repeat(piece, 1_000_000 / piece.Length)));
        Assert.True(QualifiedNames.Read(source, _version).TryFind(1, "f", out string name));
        Assert.Equal("f", name);
    }

    [Fact]
    public void Any_depth_of_blocks_is_read()
    {
        string source = string.Concat(Enumerable.Range(0, 1000).Select(depth => new string(' ', depth) + $"def f{depth}():\n"));
        Assert.Equal("f0.<locals>.f1", Find(source, 2, "f1"));
        Assert.Equal("(none)", Find(source, 1000, "f999"));
    }

    [Fact]
    public void A_source_too_large_gives_no_names()
    {
        byte[] source = new byte[QualifiedNames.MaximumBytes + 1];
        source.AsSpan().Fill((byte)'\n');
        "def f(): pass"u8.CopyTo(source);
        Assert.False(QualifiedNames.Read(source, _version).TryFind(1, "f", out _));
    }

    [Fact]
    public void Changed_bytes_never_break_the_reader()
    {
        byte[] source = Encoding.UTF8.GetBytes(string.Join('\n', Cases.Select(row => row.Data.Item1)));
        byte[] pieces = "()[]{}:,;@!=\\\n\r\t\f '\"#f\0\xffx"u8.ToArray();
        var random = new Random(11);
        for (int round = 0; round < 3_000; round++)
        {
            byte[] changed = [.. source.AsSpan(random.Next(source.Length))];
            for (int i = random.Next(20); i > 0 && changed.Length > 0; i--)
            {
                changed[random.Next(changed.Length)] = pieces[random.Next(pieces.Length)];
            }

            var names = QualifiedNames.Read(changed, new PythonVersion(6 + round % 5, 0));
            names.TryFind(random.Next(100), "<lambda>", out string name);
            Assert.EndsWith("<lambda>", name);
        }
    }

    [Theory]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(10)]
    public void Agrees_with_the_interpreter_over_its_standard_library(int minor)
    {
        string? root = Interpreter(minor);
        Assert.SkipWhen(root is null, $"pyenv has no CPython 3.{minor} here");
        string[] files = LibraryFiles(Path.Combine(root, "lib", $"python3.{minor}"));

        QualifiedNames? names = null;
        string file = "";
        int compared = 0;
        var differences = new List<string>();
        var truth = new Dictionary<(int Line, string Name), HashSet<string>>();
        foreach (string line in RunOracle(Path.Combine(root, "bin", $"python3.{minor}"), files))
        {
            string[] fields = line.Split('\t');
            if (fields[0] == "F")
            {
                Compare();
                file = fields[1];
                names = QualifiedNames.Read(File.ReadAllBytes(file), new PythonVersion(minor, 0));
                continue;
            }

            var key = (int.Parse(fields[0], System.Globalization.CultureInfo.InvariantCulture), fields[1]);
            if (!truth.TryGetValue(key, out var qualified))
            {
                truth.Add(key, qualified = []);
            }

            qualified.Add(fields[2]);
        }

        Compare();
        Assert.Empty(differences);
        Assert.InRange(compared, 5_000, int.MaxValue);

        void Compare()
        {
            foreach (var ((line, name), qualified) in truth)
            {
                compared++;
                bool found = names!.TryFind(line, name, out string ours);
                if (!found || !qualified.Contains(ours))
                {
                    differences.Add($"{file}:{line}: {string.Join(" or ", qualified)}, not {(found ? ours : "nothing")}");
                }
            }

            truth.Clear();
        }
    }

    static string? Interpreter(int minor)
    {
        string home = Environment.GetEnvironmentVariable("PYENV_ROOT")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".pyenv");
        string versions = Path.Combine(home, "versions");
        return Directory.Exists(versions) ? Directory.GetDirectories(versions, $"3.{minor}.*").Order(StringComparer.Ordinal).LastOrDefault() : null;
    }

    static readonly string[] _packages = ["asyncio", "json", "unittest"];

    static readonly string[] _grammarTests =
        ["grammar", "fstring", "scope", "decorators", "generators", "listcomps", "named_expressions", "coroutines", "descr"];

    static string[] LibraryFiles(string library) =>
    [
        .. Directory.GetFiles(library, "*.py"),
        .. _packages.SelectMany(folder => Directory.GetFiles(Path.Combine(library, folder), "*.py")),
        .. _grammarTests.Select(name => Path.Combine(library, "test", $"test_{name}.py")).Where(File.Exists),
    ];

    static List<string> RunOracle(string python, string[] files, [CallerFilePath] string here = "")
    {
        var start = new ProcessStartInfo(python)
        {
            ArgumentList = { "-W", "ignore", Path.Combine(Path.GetDirectoryName(here)!, "qualified_names.py") },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        using var process = Process.Start(start)!;
        process.StandardInput.Write(string.Join('\n', files));
        process.StandardInput.Close();
        var lines = new List<string>();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            lines.Add(line);
        }

        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return lines;
    }
}
