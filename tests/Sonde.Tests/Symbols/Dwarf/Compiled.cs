using System.Diagnostics;
using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols.Dwarf;

/// <summary>Small programs compiled by the compilers of the machine the tests run on.</summary>
static class Compiled
{
    public const string C = """
        #include <stdint.h>
        enum color { RED, GREEN = 5, BLUE = -2 };
        enum big { SMALL = 0, LARGE = 0xffffffffu };
        struct inner { char c; short s; };
        struct flags { unsigned a : 3; unsigned b : 7; int c : 5; unsigned long d : 40; };
        struct node {
            struct node *next;
            const char *name;
            struct inner in;
            int matrix[2][3];
            union { int i; float f; };
            enum color color;
            uint64_t wide;
            _Bool yes;
            int (*call)(int, char *);
            volatile double real;
            struct opaque *hidden;
            struct flags flags;
            unsigned char rest[];
        };
        typedef struct { int x, y; } point_t;
        typedef point_t *point_ptr;
        volatile int sink;
        static inline __attribute__((always_inline)) int twice(int v)
        {
            sink = v;
            return v + v;
        }
        __attribute__((noinline)) int add(int first, long second, char third)
        {
            sink = first;
            return first + (int)second + third;
        }
        __attribute__((noinline)) void *walk(struct node *head, const point_t *where, point_ptr other, double ratio, ...)
        {
            for (; head; head = head->next)
                sink += head->in.s + where->x + other->y + (int)ratio;
            return 0;
        }
        static __attribute__((noinline)) unsigned char hidden(enum color color, enum big big)
        {
            return (unsigned char)(color + big);
        }
        int main(int argc, char **argv)
        {
            struct node n = { 0 };
            point_t p = { argc, 2 };
            walk(&n, &p, &p, 1.5);
            sink = twice(argc);
            sink += twice(7);
            return add(argc, 2, 'x') + hidden((enum color)sink, LARGE) + (argv == 0);
        }
        """;

    public const string Cpp = """
        namespace outer { namespace {
            struct Base { virtual ~Base() {} int b = 1; };
        }
        class Shape : public Base {
        public:
            static int count;
            int width = 3;
            const int &ref;
            explicit Shape(const int &r) : ref(r) {}
            int area(int height, Shape &&other) const;
            template <class T> T scaled(T by) const { return by * width; }
        protected:
            struct Nested { long deep; } nested{};
            enum class Kind : unsigned char { A, B = 200 } kind = Kind::B;
        };
        int Shape::count = 0;
        int __attribute__((noinline)) Shape::area(int height, Shape &&other) const { count++; return width * height + other.width; }
        int __attribute__((noinline)) free_function(decltype(nullptr), int Shape::*member) { return member != nullptr; }
        }
        int main(int argc, char **)
        {
            outer::Shape s(argc), t(argc);
            return s.area(argc, static_cast<outer::Shape &&>(t)) + (int)s.scaled(2.5) + outer::free_function(nullptr, &outer::Shape::width);
        }
        """;

    /// <summary>Whether a compiler is installed; a test that needs one is skipped otherwise.</summary>
    public static bool Has(string compiler) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, compiler)));

    /// <summary>Compiles a program and gives its bytes, and those of its debug file when <paramref name="split"/> moves the debug information there.</summary>
    public static (byte[] Program, byte[]? Debug) Build(string compiler, string source, string options, bool split = false)
    {
        Assert.SkipUnless(Has(compiler), $"{compiler} is not installed.");
        var folder = Directory.CreateTempSubdirectory("sonde-dwarf-");
        try
        {
            var extension = source == Cpp ? "cc" : "c";
            Directory.CreateDirectory(Path.Combine(folder.FullName, "src"));
            File.WriteAllText(Path.Combine(folder.FullName, "src", "sample." + extension), source);
            Run(folder.FullName, compiler, [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "-o", "sample", "src/sample." + extension]);
            var program = Path.Combine(folder.FullName, "sample");
            if (!split)
            {
                return (File.ReadAllBytes(program), null);
            }

            Run(folder.FullName, "objcopy", ["--only-keep-debug", "sample", "sample.debug"]);
            Run(folder.FullName, "strip", ["sample"]);
            return (File.ReadAllBytes(program), File.ReadAllBytes(program + ".debug"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static DwarfFile Open(string compiler, string source, string options, bool split = false)
    {
        var (program, debug) = Build(compiler, source, options, split);
        return DwarfFile.Open(ElfFile.Parse(program, "sample"), debug is null ? null : ElfFile.Parse(debug, "sample.debug"))!;
    }

    static void Run(string folder, string command, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { WorkingDirectory = folder, RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command} {string.Join(' ', arguments)}: {errors}{output.Result}");
    }
}
