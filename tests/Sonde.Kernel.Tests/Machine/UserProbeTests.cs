using System.Diagnostics;
using Sonde.Engine.Scripts.Machine;
using Sonde.Kernel.Tests.Listing;
using Sonde.Script.Binding;
using Sonde.Script.Types;
using Sonde.Tests.Machine;
using Xunit;

namespace Sonde.Kernel.Tests.Machine;

public sealed class UserProbeTests : IDisposable
{
    const string Source = """
        #include <stdint.h>
        struct point { int x; int y; };
        struct big { long a[4]; };
        enum color { RED, GREEN = 5 };
        typedef struct { unsigned b : 3; unsigned c : 5; char name[8]; union { int i; float f; }; } thing;
        int add(int a, unsigned char b) { return a + b; }
        struct point *make(struct point *p, const char *s, enum color c, thing *t) { p->x = c; return p; }
        long many(long a, double d, struct point p, struct big big, long b, long c, long e, long f, long g) { return a + b + c + e + f + g + p.x + big.a[0] + (long)d; }
        int main(int argc, char **argv) { return add(argc, 1) > 100; }
        """;

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-");
    readonly MachineTarget _machine = new(new MachineOptions());

    public void Dispose()
    {
        _machine.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void Parameters_come_from_debug_information()
    {
        var program = Compile("-g", "-O0");
        var make = Assert.Single(Points.Resolve(_machine, $"uprobe:{program}:make"));
        Assert.Equal(
            ["struct point * p @112", "int8 * s @104", "enum color c @96", "struct thing t @88"],
            make.Context.Named!.Select(a => $"{a.Type} {a.Name} @{((RegisterSource)a.Source).Offset}".Replace("struct (anonymous 1) *", "struct thing", StringComparison.Ordinal)));
        Assert.Equal(AddressSpace.User, ((PointerType)make.Context.Named![0].Type).Space);
        var thing = (StructType)((PointerType)make.Context.Named![3].Type).Target;
        Assert.Equal(["b", "c", "name", "i", "f"], thing.Fields.Select(field => field.Name));
        Assert.Equal((0, 3, 5), thing.Find("c") is { } c ? (c.Offset, c.BitOffset, c.BitSize) : default);

        var many = Assert.Single(Points.Resolve(_machine, $"uprobe:{program}:many")).Context.Named!;
        Assert.Equal(new RegisterSource(112), many[0].Source);
        Assert.IsType<UnavailableSource>(many[1].Source);
        Assert.Equal(new ContextSource(104), many[2].Source);
        Assert.Equal(new StackSource(8), many[3].Source);
        Assert.Equal(new RegisterSource(96), many[4].Source);
        Assert.Equal(new StackSource(40), many[^1].Source);

        Assert.Equal(8, Assert.IsType<StructType>(_machine.FindProgramType(make, "struct", "point")).Size);
        Assert.Null(_machine.FindProgramType(make, "struct", "no_such"));
    }

    [Fact]
    public void Lines_and_places_in_functions_can_be_probed()
    {
        var program = Compile("-g", "-O0");
        var line = Assert.Single(Points.Resolve(_machine, $"uprobe:{program}@program.c:6"));
        Assert.Equal(line.FileOffset, Assert.Single(Points.Resolve(_machine, $"uprobe:{program}:add")).FileOffset);
        Assert.Equal($"Could not add uprobe into middle of instruction: {program}:add+2 [--unsafe sets it nevertheless, which may make the program do something else or crash]", Points.Errors(_machine, $"uprobe:{program}:add+2"));
        Assert.StartsWith("Offset outside the function bounds ('add' size is ", Points.Errors(_machine, $"uprobe:{program}:add+4096"), StringComparison.Ordinal);
        Assert.Equal("Offset not allowed", Points.Errors(_machine, $"uretprobe:{program}:add+1"));
        Assert.Equal("did you mean 'make'?", _machine.ExplainMissing(Points.Parse($"uprobe:{program}:make")));
        using MachineTarget careless = new(new MachineOptions { AllowUnsafe = true });
        Assert.Equal(line.FileOffset + 2, Assert.Single(Points.Resolve(careless, $"uprobe:{program}:add+2")).FileOffset);
    }

    [Fact]
    public void Functions_without_descriptions_share_a_program()
    {
        var program = Compile("-O0");
        var all = Points.Resolve(_machine, $"u:{program}:*");
        Assert.Contains(all, probe => probe.Function == "add");
        Assert.Single(all.Select(probe => probe.Context.Key).Distinct());
        Assert.Equal(all.Count, all.Select(probe => probe.FileOffset).Distinct().Count());
        Assert.Null(all[0].Context.Named);
    }

    [Fact]
    public void Listings_tell_parameters()
    {
        var program = Compile("-g", "-O0");
        Assert.Equal(
            [$"uprobe:{program}:make", "    struct point* p", "    const char* s", "    enum color c", "    thing* t"],
            new ProbeListing(_machine, details: true).Matching($"uprobe:{program}:ma[k]e"));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("deleted")]
    [InlineData("replaced")]
    [InlineData("memfd")]
    public void A_site_is_found_once_in_the_very_file_a_process_runs(string how)
    {
        var contents = MappedFile.Contents([0x90, 0xc3], (MappedFile.Code, MappedFile.Data, "test", "hit", "8@%rdi -4@$7"));
        using MappedFile file = new(contents, how);
        using MachineTarget machine = new(new MachineOptions { ProcessId = file.Pid });
        foreach (var written in new[] { "usdt:*:hit", "usdt:*plugin*:test:hit" })
        {
            var probe = Assert.Single(Points.Resolve(machine, written));
            Assert.Equal((ProbeKind.Usdt, file.Pid, "hit"), (probe.Kind, probe.ProcessId, probe.Function));
            Assert.Equal([IntegerType.UInt64, IntegerType.Int32], probe.Context.Arguments!.Select(argument => argument.Type));
            Assert.NotEqual(0UL, probe.SemaphoreOffset);
            Assert.Equal(contents, File.ReadAllBytes(probe.Path));
        }
    }

    string Compile(params string[] options)
    {
        var source = Path.Combine(_directory.FullName, "program.c");
        var program = Path.Combine(_directory.FullName, "program");
        File.WriteAllText(source, Source);
        using var compiler = Process.Start(new ProcessStartInfo("gcc", [.. options, "-fno-inline", "-o", program, source]) { WorkingDirectory = _directory.FullName })!;
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return program;
    }
}
