using System.Text.Json;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Xunit;
using CPython = Sonde.Python.Interpreter;

namespace Sonde.Kernel.Tests.Values;

/// <summary>Values of every kind, read from outside, beside what Python itself shows for them.</summary>
public sealed class ValueTests
{
    static readonly ValueLimits _all = new() { Depth = 50, Items = 100_000, Characters = 1 << 20 };

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void Shows_every_kind_as_repr_does(string name)
    {
        using var target = Target.StartReady(Interpreters.Get(name), "reprs.py");
        using var memory = new LiveMemory(target.Pid);
        var values = Open(target.Pid, memory);
        var wrong = new List<string>();
        var count = 0;
        foreach (var (kind, address, expected) in ReadValues(target))
        {
            var shown = values.Describe(address, _all);
            count++;
            if (shown != expected)
            {
                wrong.Add($"{kind}: {expected}\n   shown {shown}");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(count > 200, $"only {count} values");
    }

    static PythonValues Open(int pid, LiveMemory memory)
    {
        var target = PythonTarget.Find(pid);
        using var image = target.Image;
        var version = Assert.IsType<CPython.Image>(CPython.Recognize(image.Elf, image.Path)).Version;
        return new PythonValues(memory, version, CallLayout.For(version, image.Elf));
    }

    static IEnumerable<(string Kind, ulong Address, string Repr)> ReadValues(Target target)
    {
        while (target.ReadLine() is { } line && line != "end")
        {
            using var value = JsonDocument.Parse(line);
            var (kind, repr) = (value.RootElement[0].GetString()!, value.RootElement[2].GetString()!);
            yield return (kind, value.RootElement[1].GetUInt64(), repr);
        }
    }
}
