using System.Globalization;
using Sonde.Kernel.Tests.Script.Specs;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes this process defines, as other people's tools see them.</summary>
public sealed class UsdtOracleTests : IDisposable
{
    const int Firings = 10_000;

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-usdt-");

    public UsdtOracleTests()
    {
        Requires.Root();
        Requires.That(SpecTool.Bpftrace is not null, "needs tests/setup/bpftrace");
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>bpftrace 0.27 finds a provider in memory by the descriptor this process keeps open, not by the process alone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Bpftrace_sees_every_firing_with_its_arguments(bool byFile)
    {
        using var provider = new UsdtProvider("oracle", new UsdtProviderOptions { Directory = byFile ? _directory.FullName : null });
        var probe = provider.AddProbe<sbyte, byte, short, ushort, int, uint, long, ulong, string>("integers");
        provider.Load();
        var path = byFile ? provider.Path : Directory.GetFiles("/proc/self/fd").Single(static file => new FileInfo(file).LinkTarget is "/memfd:oracle (deleted)").Replace("self", $"{Environment.ProcessId}", StringComparison.Ordinal);
        var script = $"usdt:{path}:oracle:integers {{ printf(\"%d %d %d %d %d %u %lld %llu %s\\n\", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, str(arg8)); @n++; if (@n == {Firings}) {{ clear(@n); exit(); }} }}";
        using var bpftrace = Target.Start(SpecTool.Bpftrace!.Path, "-q", "-e", script);
        UsdtFiringTests.Eventually(() => probe.IsEnabled, bpftrace);
        var random = new Random(20261122);
        var expected = new List<string>();
        for (var i = 0; i < Firings; i++)
        {
            var bits = random.NextInt64(long.MinValue, long.MaxValue);
            var text = $"text {random.Next()} größe";
            probe.Fire((sbyte)bits, (byte)bits, (short)bits, (ushort)bits, (int)bits, (uint)bits, bits, (ulong)bits, text);
            expected.Add(string.Create(CultureInfo.InvariantCulture, $"{(sbyte)bits} {(byte)bits} {(short)bits} {(ushort)bits} {(int)bits} {(uint)bits} {bits} {(ulong)bits} {text}"));
            // No more than its buffer holds.
            if (i % 200 == 199)
            {
                Assert.Equal(expected, Enumerable.Range(0, expected.Count).Select(_ => bpftrace.ReadLine() ?? $"(no more output: {bpftrace.Errors})"));
                expected.Clear();
            }
        }

        Assert.Equal(0, bpftrace.WaitForExit());
        Assert.False(probe.IsEnabled);
    }
}
