using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary><c>import</c>.</summary>
public sealed class ImportTests
{
    static readonly MemoryFiles _files = new()
    {
        ["lib.bt"] = "import \"deeper/more.bt\"; macro two() { 2 } begin { from_lib(); }",
        ["deeper/more.bt"] = "import \"../lib.bt\"; import \"same.bt\"; begin { from_more(); }",
        ["deeper/same.bt"] = "let @shared = hash(5); begin { from_same(); }",
        ["types.h"] = "struct typed { int a; }; enum color { RED = 3 };",
        ["all/a.bt"] = "begin { a(); }",
        ["all/b.bt"] = "import \"a.bt\"; begin { b(); }",
        ["all/c.h"] = "struct c { int x; };",
        ["all/notes.txt"] = "not a script",
        ["fast.bpf.c"] = "int x;",
        ["settings.bt"] = "config = { max_strlen=5 } begin { }",
        ["broken.bt"] = "begin { $x = ; }",
        ["open/x.bt"] = "begin { }",
        ["loop1.bt"] = "import \"loop2.bt\"; begin { one(); }",
        ["loop2.bt"] = "import \"loop1.bt\"; begin { two(); }",
    };

    static readonly ParseOptions _options = new() { Files = _files };

    [Fact]
    public void What_is_imported_stands_before_and_once()
    {
        _files.Open.Add("open");
        Golden.Check("script-imports.txt", Reading.All(
        [
            "import \"deeper/same.bt\"; begin { $x = 1; }",
            "import \"lib.bt\"; begin { $x = two; }",
            "import \"types.h\"; begin { $x = (struct typed *)arg0; }",
            "import \"all\"; begin { main(); }",
            "import \"loop1.bt\"; import \"loop2.bt\"; begin { main(); }",
        ], p => Reading.Expanded(p, _options)));
    }

    [Fact]
    public void What_cannot_be_imported_is_refused()
    {
        _files.Open.Add("open");
        Golden.Check("script-import-errors.txt", Reading.All(
        [
            "import \"nope.bt\"; begin { }", "import \"nope\"; begin { }", "import \"all/notes.txt\"; begin { }", "import \"fast.bpf.c\"; begin { }", "import \"settings.bt\"; begin { }",
            "import \"broken.bt\"; begin { }", "import \"open/x.bt\"; begin { }", "import \"open\"; begin { }",
        ], p => Reading.Messages(p, _options)));
    }

    [Fact]
    public void Without_files_there_are_no_imports() => Assert.Contains("cannot be imported here", Reading.Messages("import \"lib.bt\"; begin { }"), StringComparison.Ordinal);

    [Fact]
    public void Paths_are_relative_to_the_script() =>
        Assert.Empty(Reading.Messages("import \"same.bt\"; begin { }", _options with { Folder = "deeper" }));
}
