using Sonde.Script.Syntax;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>The C preprocessor and C definitions.</summary>
public sealed class PreprocessorTests
{
    static readonly MemoryFiles _files = new()
    {
        ["own.h"] = "#pragma once\n#ifndef OWN\n#define OWN 5\n#include \"inner/deep.h\"\nstruct own { int a[OWN]; struct deep d; };\n#endif\n",
        ["inner/deep.h"] = "#include \"sibling.h\"\nstruct deep { sibling_t x; };",
        ["inner/sibling.h"] = "typedef unsigned long sibling_t;",
        ["self.h"] = "#include \"self.h\"\nstruct self { int a; };",
        ["/usr/include/sys/odd.h"] = """
            #ifdef __cplusplus
            extern "C" {
            #endif
            extern int printf(const char *__restrict fmt, ...) __attribute__((format(printf, 1, 2)));
            static inline int twice(int x) { if (x) { return x * 2; } return 0; }
            int table[] = { 1, 2, 3 };
            __extension__ typedef struct { long long quad; unsigned char c; } odd_t;
            typedef int (*handler)(int, void *);
            #define PI 3.14
            #define QUOTE 'x'
            struct garbage { unknown syntax here ( };
            enum { ODD_A = 'a', ODD_B = sizeof(long) * 2 };
            #error "this line's apostrophe does not matter"
            struct fine { handler h; odd_t o; };
            """,
        ["more/two.h"] = "struct two { short x; };",
    };

    static readonly ParseOptions _options = new() { Files = _files, IncludeFolders = ["more"] };

    [Fact]
    public void Names_are_replaced() => Golden.Check("script-defines.txt", Reading.All(
    [
        "#define N 5\nbegin { $x = N + N; }",
        "#define SUM(a, b) ((a) + (b))\nbegin { $x = SUM(1, SUM(f(2, 3), 4)); }",
        "#define NAME \"text\"\n#define GREET(x) printf(\"hi\", x)\nbegin { GREET(NAME); }",
        "#define STR(x) #x\n#define XSTR(x) STR(x)\n#define V 1 + 2\nbegin { f(STR(V), XSTR(V), STR(a  b \"c\")); }",
        "#define JOIN(a, b) a##b\nbegin { $x = JOIN(12, 34) + JOIN(f, oo)(1) + JOIN(, 7); }",
        "#define LOG(f, ...) printf(f, __VA_ARGS__)\nbegin { LOG(\"%d %d\", 1, (2, 3)); }",
        "#define A B + A\n#define B A + 1\nbegin { $x = A; }",
        "#define F(x) x\nbegin { $x = F; $y = F (1); }",
        "#define LONG 1 + \\\n  2\nbegin { $x = LONG; }",
        "#define EMPTY\n#define NONE() 9\nbegin { $x = EMPTY 1 EMPTY + NONE(); }",
        "#define X 1\n#undef X\nbegin { $x = X; }",
        "#define probe_it 5\nuprobe:/bin/probe_it:probe_it { $x = probe_it; }",
    ], p => Reading.Parsed(p)));

    [Fact]
    public void Conditions_choose() => Golden.Check("script-conditions.txt", Reading.All(
    [
        "#ifdef BPFTRACE_HAVE_BTF\nbegin { yes(); }\n#else\nbegin { no(); }\n#endif\n",
        "#ifndef BPFTRACE_HAVE_BTF\n#include <not/there.h>\n#else\nbegin { yes(); }\n#endif\n",
        "#define V 3\n#if V > 2 && (V & 1) && defined(V) && !defined W\nbegin { a(); }\n#elif 1\nbegin { b(); }\n#endif\n",
        "#if 0\n#if 1\nbegin { a(); }\n#else\nbegin { b(); }\n#endif\n#elif 0x10 == 16 ? 1 : 0\nbegin { c(); }\n#else\nbegin { d(); }\n#endif\n",
        "begin {\n#if UNKNOWN\na();\n#else\nb();\n#endif\n}",
        "#if 1\nbegin { a(); }\n#elif 1/0\nbegin { b(); }\n#endif",
        "# \n#pragma x\nbegin { }",
    ], p => Reading.Parsed(p)));

    [Fact]
    public void Mistakes_in_directives() => Golden.Check("script-directive-errors.txt", Reading.All(
    [
        "#if 1\nbegin { }", "#else\nbegin { }", "#endif\nbegin { }", "#if 1\n#else\n#else\n#endif\nbegin { }", "#if 1 +\n#endif\nbegin { }", "#if 1/0\n#endif\nbegin { }", "#if\n#endif\nbegin { }", "#ifdef\n#endif\nbegin { }",
        "#define\nbegin { }", "#define 5\nbegin { }", "#define F(x\nbegin { }", "#define F(1) 2\nbegin { }", "#deifne X 1\nbegin { }", "#error no way\nbegin { }",
        "#define F(a, b) a\nbegin { $x = F(1); }", "#define F(a) a\nbegin { $x = F(1; }", "#define BAD (1 +\nbegin { $x = BAD; }", "#define A(x) B(x)\n#define B(x) x + ;\nbegin { $x = A(1) ; }",
        "#include\nbegin { }", "#include x\nbegin { }", "#include \"nope.h\"\nbegin { }", "#include <stdio.h>\nbegin { }", "#include \"self.h\"\nbegin { }",
    ], p => Reading.Messages(p, _options)));

    [Fact]
    public void Includes_bring_definitions() => Golden.Check("script-includes.txt", Reading.All(
    [
        "#include \"own.h\"\n#include \"own.h\"\nbegin { $x = OWN; }", "#include <two.h>\nbegin { }", "#include <sys/odd.h>\nbegin { $x = ODD_B; }", "#include <linux/sched.h>\n#include <net/sock.h>\nbegin { }", "#include <stddef.h>\nbegin { $p = NULL; }",
    ], p => Reading.Parsed(p, _options)));

    [Fact]
    public void Headers_of_the_command_line_come_first()
    {
        string tree = Reading.Parsed("begin { $x = OWN; }", _options with { Includes = ["own.h"] });
        Assert.Contains("struct own", tree, StringComparison.Ordinal);
        Assert.Contains("int: 5", tree, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_kernel_types_kernel_headers_must_exist() =>
        Assert.Contains("'linux/sched.h' file not found", Reading.Messages("#include <linux/sched.h>\nbegin { }", _options with { HasKernelTypes = false }), StringComparison.Ordinal);

    [Fact]
    public void Only_definitions_of_system_headers_give_way_to_the_kernels()
    {
        Sonde.Script.Syntax.Script script = Reading.Read("#include <sys/odd.h>\n#include \"own.h\"\nstruct mine { int a; };\nbegin { }", _options).Script;
        Assert.True(script.Definitions.Single(d => d.Name == "fine").IsSystem);
        Assert.False(script.Definitions.Single(d => d.Name == "own").IsSystem);
        Assert.False(script.Definitions.Single(d => d.Name == "mine").IsSystem);
    }

    [Fact]
    public void C_definitions() => Golden.Check("script-c-definitions.txt", Reading.All(
    [
        "struct s { char c; short a, *b, **d[3]; unsigned long long q; long int r; unsigned u; signed char t; _Bool v; bool w; float f; double g; void *p; };",
        "struct s { int m[2][3]; int flexible[]; int zero[0]; char n[sizeof(int) * 2 + (1 << 2)]; };", "struct s { int a; int z[A_FEW]; }; begin { }",
        "enum e { A, B = 7, C, D = -1, E = A | B << 1, F = 'x' };\nstruct s { int a[B]; enum e k; enum { X = 3 } anon; };",
        "struct s { unsigned a : 3, b : 5; int : 0; unsigned long c : 40; };",
        "struct s { struct { int x; union { int y; char z[4]; }; }; struct inner { int i; } one, *two; struct later *next; };",
        "struct s { int (*f)(int, struct s *); void (*table[4])(void); int (*grid)[3]; };",
        "struct s { int (*(*nested))(void); }; begin { }",
        "struct s { char a; int b; } __attribute__((packed));\nstruct __attribute__((packed, aligned(8))) t { char a; };\nstruct u { char a; int b __attribute__((aligned(16))); _Alignas(8) char c; };",
        "typedef unsigned int word; typedef struct { word w; } box, *boxes; typedef struct s s; typedef int vec[4]; typedef int (*fn)(void);",
        "union u { int a; float b; }\nstruct plain { const volatile int a; const char *const b; }\nbegin { }",
        "enum { NAMELESS = 1 };\nenum sized : unsigned char { SMALL };\nbegin { $x = NAMELESS; }",
        "#define LEN 4\nstruct s { int a[LEN]; };",
    ], p => Reading.Parsed(p)));

    [Theory]
    [InlineData("#define A0 1 1 1 1 1 1 1 1 1 1\n", 9)]
    public void A_bomb_of_macros_goes_out(string seed, int levels)
    {
        string bomb = seed + string.Concat(Enumerable.Range(1, levels).Select(i => $"#define A{i} {string.Concat(Enumerable.Repeat($"A{i - 1} ", 10))}\n"));
        Assert.Contains("tokens", Reading.Messages(bomb + $"begin {{ f(A{levels}); }}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_arguments_without_end_are_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("F(", 3000)) + "1" + new string(')', 3000);
        Assert.Contains("deep", Reading.Messages($"#define F(x) x\nbegin {{ $x = {deep}; }}"), StringComparison.Ordinal);
    }

    [Fact]
    public void Nested_conditions_and_definitions_without_end_are_refused()
    {
        Assert.NotEmpty(Reading.Messages($"#if {new string('(', 10_000)}1\n#endif\nbegin {{ }}"));
        Assert.NotEmpty(Reading.Messages(string.Concat(Enumerable.Repeat("struct { ", 10_000)) + "begin { }"));
    }
}
