using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes this process defines, seen by a tracer outside of it.</summary>
public sealed class UsdtFiringTests
{
    const int Firings = 10_000;

    public UsdtFiringTests() => Requires.Root();

    /// <summary>The probe's arguments, as the tracer prints them.</summary>
    const string Print = """printf("%lld %llu %lld %llu %lld %llu %lld %llu %lld %lld %s %r\n", arg0, arg1, arg2, arg3, arg4, arg5, arg6, arg7, arg8, arg9, str(arg10), buf(arg11, 4)); @n++; if (@n == """;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_firing_arrives_with_all_its_arguments(bool byFile)
    {
        var directory = Directory.CreateTempSubdirectory("sonde-usdt-").FullName;
        try
        {
            using var provider = new UsdtProvider("shop", new UsdtProviderOptions { Directory = byFile ? directory : null });
            var probe = provider.AddProbe<sbyte, byte, short, ushort, int, uint, long, ulong, float, double, string, byte[]>("every_kind");
            provider.Load();
            Assert.False(probe.IsEnabled);
            var where = byFile ? $"usdt:{provider.Path}:shop:every_kind" : "usdt:*:shop:every_kind";
            string[] limit = byFile ? [] : ["-p", $"{Environment.ProcessId}"];
            using var tracer = Target.Start(SondeCommand.Path, ["-q", .. limit, "-e", $"{where} {{ {Print}{Firings}) {{ clear(@n); exit(); }} }}"]);
            Eventually(() => probe.IsEnabled, tracer);
            var random = new Random(20261121);
            var expected = new List<string>();
            for (var i = 0; i < Firings; i++)
            {
                var bits = random.NextInt64(long.MinValue, long.MaxValue);
                var text = Text(random);
                byte[] bytes = [(byte)(bits >> 8 & 0x7f | 0x80), (byte)(bits >> 16 & 0x7f | 0x80), (byte)(bits >> 24 & 0x7f | 0x80), (byte)(bits >> 32 & 0x7f | 0x80)];
                var (single, number) = (BitConverter.Int32BitsToSingle((int)bits), BitConverter.Int64BitsToDouble(bits));
                probe.Fire((sbyte)bits, (byte)bits, (short)bits, (ushort)bits, (int)bits, (uint)bits, bits, (ulong)bits, single, number, text, bytes);
                expected.Add(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(sbyte)bits} {(byte)bits} {(short)bits} {(ushort)bits} {(int)bits} {(uint)bits} {bits} {(ulong)bits} {single} {number} {text} {string.Concat(bytes.Select(static b => $"\\x{b:x2}"))}"));
                // As many as the buffer between kernel and tracer can hold in the worst case.
                if (i % 1000 == 999)
                {
                    Assert.Equal(expected, Enumerable.Range(0, expected.Count).Select(_ => tracer.ReadLine() ?? $"(no more output: {tracer.Errors})"));
                    expected.Clear();
                }
            }

            Assert.Equal(0, tracer.WaitForExit());
            Assert.Equal("", tracer.Errors);
            Assert.False(probe.IsEnabled);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_probe_is_enabled_until_its_last_tracer_leaves_or_is_killed()
    {
        using var provider = new UsdtProvider("shop");
        var probe = provider.AddProbe<int>("watched");
        var other = provider.AddProbe<int>("unwatched");
        provider.Load();
        using var first = Target.Start(SondeCommand.Path, "-p", $"{Environment.ProcessId}", "-e", "usdt:*:shop:watched { }");
        Eventually(() => probe.IsEnabled, first);
        using (var second = Target.Start(SondeCommand.Path, "-p", $"{Environment.ProcessId}", "-e", "usdt:*:shop:watched { printf(\"%d\\n\", arg0); }"))
        {
            // Both are attached when firing reaches the second.
            string? line = null;
            var reader = new Thread(() => line = second.WaitFor("7"));
            reader.Start();
            Eventually(() => { probe.Fire(7); return line is not null; }, second);
            reader.Join();
            second.Signal("KILL");
            second.WaitForExit();
        }

        Assert.True(probe.IsEnabled);
        Assert.False(other.IsEnabled);
        first.Signal("INT");
        first.WaitForExit();
        // The kernel lowers a semaphore when it takes the probe out, which is over when the tracer is.
        Assert.False(probe.IsEnabled);
    }

    [Fact]
    public void Floating_point_numbers_arrive_from_registers_too()
    {
        using var provider = new UsdtProvider("shop");
        var probe = provider.AddProbe<double, float>("measured", "celsius", "share");
        provider.Load();
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{Environment.ProcessId}", "-e", "usdt:*:shop:measured { print((args.celsius, arg1)); exit(); }");
        Eventually(() => probe.IsEnabled, tracer);
        probe.Fire(-273.15, 0.5f);
        Assert.Equal("(-273.15, 0.5)", tracer.ReadLine());
        Assert.Equal(0, tracer.WaitForExit());
    }

    [Fact]
    public void Providers_of_one_name_are_watched_together_and_enabled_each_for_itself()
    {
        using var one = new UsdtProvider("twin");
        using var two = new UsdtProvider("twin");
        var (first, second) = (one.AddProbe<int>("said"), two.AddProbe<int>("said"));
        one.Load();
        two.Load();
        using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{Environment.ProcessId}", "-e", "usdt:*:twin:said { printf(\"%d\\n\", arg0); @++; if (@ == 2) { clear(@); exit(); } }");
        Eventually(() => first.IsEnabled && second.IsEnabled, tracer);
        first.Fire(1);
        one.Dispose();
        Assert.False(first.IsEnabled);
        second.Fire(2);
        Assert.Equal("1 2", $"{tracer.ReadLine()} {tracer.ReadLine()}");
        Assert.Equal(0, tracer.WaitForExit());
    }

    [Fact]
    public void One_of_five_hundred_providers_is_watched_alone()
    {
        var providers = Enumerable.Range(0, 500).Select(static number => new UsdtProvider($"many{number}")).ToList();
        try
        {
            var probes = providers.Select(static provider => provider.AddProbe<int>("said", "number")).ToList();
            providers.ForEach(static provider => provider.Load());
            Assert.Equal(500, SondeCommand.Run("list", "-p", $"{Environment.ProcessId}", "many*:said").Output.Split('\n').Count(static line => line.EndsWith(":said (number)", StringComparison.Ordinal)));
            using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{Environment.ProcessId}", "-e", "usdt:*:many137:said { printf(\"%d\\n\", arg0); exit(); }");
            Eventually(() => probes[137].IsEnabled, tracer);
            Assert.Equal([137], Enumerable.Range(0, 500).Where(number => probes[number].IsEnabled));
            for (var i = 0; i < 500; i++)
            {
                probes[i].Fire(i);
            }

            Assert.Equal("137", tracer.ReadLine());
            Assert.Equal(0, tracer.WaitForExit());
        }
        finally
        {
            providers.ForEach(static provider => provider.Dispose());
        }
    }

    [Fact]
    public void Processes_that_are_started_inherit_nothing()
    {
        using var provider = new UsdtProvider("own");
        provider.AddProbe("said");
        provider.Load();
        using var child = Target.Start("ls", "-l", "/proc/self/fd");
        Assert.DoesNotContain("memfd:own", child.ReadToEnd(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_provider_can_be_watched_again_after_it_was_reloaded()
    {
        using var provider = new UsdtProvider("shop");
        var probe = provider.AddProbe<string>("said");
        for (var i = 0; i < 3; i++)
        {
            provider.Load();
            using var tracer = Target.Start(SondeCommand.Path, "-q", "-p", $"{Environment.ProcessId}", "-e", "usdt:*:shop:said { printf(\"%s\\n\", str(arg0)); exit(); }");
            Eventually(() => probe.IsEnabled, tracer);
            probe.Fire($"round {i}");
            Assert.Equal($"round {i}", tracer.ReadLine());
            Assert.Equal(0, tracer.WaitForExit());
            provider.Unload();
            probe.Fire("nobody");
        }
    }

    [Fact]
    public void Firing_allocates_nothing_also_with_long_texts()
    {
        using var provider = new UsdtProvider("shop");
        var probe = provider.AddProbe<long, string, string, byte[]>("said");
        provider.Load();
        using var tracer = Target.Start(SondeCommand.Path, "-p", $"{Environment.ProcessId}", "-e", "usdt:*:shop:said { @ = count(); }");
        Eventually(() => probe.IsEnabled, tracer);
        var (text, bytes) = (new string('x', 100_000), new byte[1000]);
        probe.Fire(1, "short", text, bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            probe.Fire(1, "short", text, bytes);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    static string Text(Random random)
    {
        const string Letters = "abcXYZ0189 äöüß€漢字🐍-_/";
        var runes = Letters.EnumerateRunes().ToArray();
        return "t" + string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => runes[random.Next(runes.Length)].ToString()));
    }

    internal static void Eventually(Func<bool> condition, Target tracer)
    {
        var deadline = DateTime.UtcNow + Target.Patience;
        while (!condition())
        {
            Assert.True(tracer.IsAlive && DateTime.UtcNow < deadline, $"in {Target.Patience} it did not come true; the tracer says: {tracer.Errors}");
            Thread.Sleep(2);
        }
    }
}
