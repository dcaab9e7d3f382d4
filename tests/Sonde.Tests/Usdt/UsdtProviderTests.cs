using Sonde.Usdt;
using Xunit;

namespace Sonde.Tests.Usdt;

/// <summary>Providers of this process, with nobody listening.</summary>
public sealed class UsdtProviderTests
{
    [Fact]
    public void Probes_can_be_asked_and_fired_before_loading_while_loaded_after_unloading_and_after_disposal()
    {
        var provider = new UsdtProvider("quiet");
        var probe = provider.AddProbe<int, string>("said");
        Assert.False(probe.IsEnabled);
        probe.Fire(1, "before");
        for (var i = 0; i < 3; i++)
        {
            provider.Load();
            Assert.True(provider.IsLoaded);
            Assert.False(probe.IsEnabled);
            probe.Fire(2, "loaded");
            provider.Unload();
            Assert.False(probe.IsEnabled);
            probe.Fire(3, "unloaded");
        }

        provider.Dispose();
        probe.Fire(4, "gone");
        Assert.Throws<ObjectDisposedException>(provider.Load);
    }

    [Fact]
    public void Types_decide_how_tracers_see_arguments()
    {
        using var provider = new UsdtProvider("types");
        Assert.Equal(
            [UsdtArgument.Int8, UsdtArgument.UInt8, UsdtArgument.UInt8, UsdtArgument.Int16, UsdtArgument.UInt16, UsdtArgument.UInt16, UsdtArgument.Int32, UsdtArgument.UInt32, UsdtArgument.Int64, UsdtArgument.UInt64],
            provider.AddProbe<sbyte, byte, bool, short, ushort, char, int, uint, long, ulong>("integers").Arguments);
        Assert.Equal(
            [UsdtArgument.Int64, UsdtArgument.UInt64, UsdtArgument.Single, UsdtArgument.Double, UsdtArgument.Text, UsdtArgument.Bytes, UsdtArgument.Bytes],
            provider.AddProbe<nint, nuint, float, double, string, byte[], ReadOnlyMemory<byte>>("others").Arguments);
    }

    [Fact]
    public void Another_type_is_refused_with_the_list_of_those_that_can_be_passed()
    {
        using var provider = new UsdtProvider("types");
        var refusal = Assert.Throws<NotSupportedException>(() => provider.AddProbe<DateTime>("when"));
        Assert.Contains("System.DateTime", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("ReadOnlyMemory<byte>", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a:b")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("a\0")]
    public void A_name_that_no_command_line_could_give_is_refused(string name)
    {
        Assert.ThrowsAny<ArgumentException>(() => new UsdtProvider(name));
        using var provider = new UsdtProvider("fine");
        Assert.ThrowsAny<ArgumentException>(() => provider.AddProbe(name));
    }

    [Fact]
    public void A_probe_has_its_name_for_itself_and_names_for_all_arguments_or_none()
    {
        using var provider = new UsdtProvider("fine");
        provider.AddProbe("taken");
        Assert.Throws<ArgumentException>(() => provider.AddProbe<int>("taken"));
        Assert.Throws<ArgumentException>(() => provider.AddProbe<int, int>("half_named", "one"));
        Assert.Throws<ArgumentException>(() => provider.AddProbe<int, int>("twice_named", "one", "one"));
        Assert.All(["", "1st", "a b", "a\0b", new string('a', 129)], name => Assert.Throws<ArgumentException>(() => provider.AddProbe<int>("badly_named", name)));
        Assert.Equal(["taken"], provider.Probes.Select(static probe => probe.Name));
    }

    [Fact]
    public void A_loaded_provider_takes_no_more_probes_until_it_is_unloaded()
    {
        using var provider = new UsdtProvider("fine");
        provider.AddProbe("first");
        provider.Load();
        Assert.Throws<InvalidOperationException>(() => provider.AddProbe("second"));
        provider.Unload();
        provider.AddProbe("second");
        provider.Load();
        Assert.Equal(2, provider.Probes.Count);
    }

    [Fact]
    public void A_file_is_there_while_its_provider_is_loaded_and_what_killed_processes_left_is_swept()
    {
        var directory = Directory.CreateTempSubdirectory("sonde-usdt-").FullName;
        try
        {
            var orphan = Path.Combine(directory, "other.2147483646.0.usdt.so");
            var stranger = Path.Combine(directory, "notes.txt");
            File.WriteAllText(orphan, "");
            File.WriteAllText(stranger, "");
            using var provider = new UsdtProvider("filed", new UsdtProviderOptions { Directory = directory });
            using var second = new UsdtProvider("filed", new UsdtProviderOptions { Directory = directory });
            provider.Load();
            second.Load();
            Assert.NotEqual(provider.Path, second.Path);
            Assert.True(File.Exists(provider.Path));
            Assert.False(File.Exists(orphan));
            Assert.True(File.Exists(stranger));
            provider.Unload();
            second.Dispose();
            Assert.Equal([stranger], Directory.GetFiles(directory));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Loading_and_unloading_again_and_again_takes_no_more_address_space_or_descriptors()
    {
        using var provider = new UsdtProvider("again");
        provider.AddProbe<long>("one");
        Once(provider);
        var (mappings, files) = Used();
        for (var i = 0; i < 200; i++)
        {
            Once(provider);
            using var other = new UsdtProvider("other");
            other.AddProbe<long>("one");
            Once(other);
        }

        var (mappingsAfter, filesAfter) = Used();
        Assert.InRange(mappingsAfter, 0, mappings + 4);
        Assert.InRange(filesAfter, 0, files + 1);

        static void Once(UsdtProvider provider)
        {
            provider.Load();
            provider.Unload();
        }

        static (int Mappings, int Files) Used() =>
            (File.ReadLines("/proc/self/maps").Count(static line => line.Contains("memfd:again", StringComparison.Ordinal) || line.Contains("memfd:other", StringComparison.Ordinal) || line.Contains("usdt-idle", StringComparison.Ordinal)),
            Directory.GetFiles("/proc/self/fd").Count(static file => new FileInfo(file).LinkTarget is { } target && (target.Contains("memfd:again", StringComparison.Ordinal) || target.Contains("memfd:other", StringComparison.Ordinal) || target.Contains("usdt-idle", StringComparison.Ordinal))));
    }

    [Fact]
    public void Threads_may_fire_while_a_provider_is_loaded_and_unloaded()
    {
        using var provider = new UsdtProvider("busy");
        var probe = provider.AddProbe<int, string>("said");
        using var stop = new CancellationTokenSource();
        var threads = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                probe.Fire(1, "text");
            }
        })).ToList();
        threads.ForEach(static thread => thread.Start());
        for (var i = 0; i < 300; i++)
        {
            provider.Load();
            provider.Unload();
        }

        stop.Cancel();
        threads.ForEach(static thread => thread.Join());
    }
}
