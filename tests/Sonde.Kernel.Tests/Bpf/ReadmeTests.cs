using System.Runtime.CompilerServices;
using Sonde.Bpf;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Bpf;

/// <summary>The package's README: its sample is the code between the marks below, and runs.</summary>
public class ReadmeTests
{
    [Fact]
    public void The_sample_counts_system_calls()
    {
        StringWriter output = new();
        Sample(output);
        Assert.Contains(output.ToString().Split('\n'), line => line.EndsWith($" {Environment.ProcessId}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_sample_is_the_one_in_the_readme()
    {
        string source = File.ReadAllText(ThisFile());
        string code = Between(source, "        // sample\n", "        // end of sample\n");
        string expected = string.Join('\n', code.Split('\n').Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line));
        string readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../src/Sonde.Bpf/README.md"));
        Assert.Equal(expected, Between(readme, "```csharp\n", "```\n"));
    }

    static void Sample(TextWriter output)
    {
        // sample
        using Map calls = Map.Create(new MapSpec { Type = MapType.Hash, Name = "calls", KeySize = 4, ValueSize = 8, MaxEntries = 10_000 });
        Label first = new("first");
        Label done = new("done");
        using Program program = Program.Load(new ProgramSpec
        {
            Name = "count_calls",
            Type = ProgramType.RawTracepoint,
            Instructions =
            [
                Call(Helper.GetCurrentPidTgid), Rsh(R0, 32), Store(Size.Word, R10, -4, R0),
                LoadMap(R1, calls), Mov(R2, R10), Add(R2, -4), Call(Helper.MapLookupElem),
                JumpIf(Condition.Equal, R0, 0, first),
                Mov(R1, 1), AtomicAdd(Size.Double, R0, 0, R1), Jump(done),

                Mark(first), StoreImm(Size.Double, R10, -16, 1),
                LoadMap(R1, calls), Mov(R2, R10), Add(R2, -4), Mov(R3, R10), Add(R3, -16), Mov(R4, 0), Call(Helper.MapUpdateElem),

                Mark(done), Mov(R0, 0), Exit(),
            ],
        });
        using (Link link = program.AttachRawTracepoint("sys_enter"))
        {
            Thread.Sleep(TimeSpan.FromMilliseconds(100));
        }

        foreach (int pid in calls.Keys<int>())
        {
            calls.TryLookup(pid, out ulong count);
            output.WriteLine($"{count,10} {pid}");
        }
        // end of sample
    }

    static string Between(string text, string begin, string end)
    {
        int from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    static string ThisFile([CallerFilePath] string path = "") => path;
}
