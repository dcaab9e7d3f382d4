using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Library;

/// <summary>What docs/library.md shows is what is compiled and run here.</summary>
public sealed partial class DocumentationTests
{
    /// <summary>How often a program is asked to do what a sample waits for.</summary>
    const int MostRounds = 200;

    static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void Every_sample_is_one_that_runs_here()
    {
        var compiled = Lines(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Sonde.Kernel.Tests", "Library", "Samples.cs")));
        var samples = CSharp().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "library.md"))).Select(static match => Lines(match.Groups[1].Value)).ToList();
        Assert.Equal(typeof(Samples).GetMethods().Count(static method => method.ReturnType == typeof(Task)), samples.Count);
        Assert.All(samples, sample => Assert.Contains(sample, compiled, StringComparison.Ordinal));
    }

    [Fact]
    public async Task File_transfers_over_a_megabyte()
    {
        Requires.Root();
        var directory = Directory.CreateTempSubdirectory("sonde-transfers-");
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(directory.FullName, "small"), new byte[1000], TestContext.Current.CancellationToken);
            await File.WriteAllBytesAsync(Path.Combine(directory.FullName, "large"), new byte[2_000_000], TestContext.Current.CancellationToken);
            using var server = Target.Start(Interpreters.Get("pyenv-3.12").Path, [Path.Combine(Repository.Root, "examples", "transfers.py"), "0", "--directory", directory.FullName]);
            var address = server.ReadLine()!.Split(' ')[^1];
            var sample = Run(() => Samples.Transfers(server.Pid), out var output);
            using var client = new HttpClient();
            for (var round = 0; round < MostRounds && !output().Contains("/large", StringComparison.Ordinal); round++)
            {
                Assert.False(sample.IsFaulted, sample.Exception?.ToString());
                await client.GetByteArrayAsync(new Uri($"{address}/small"), TestContext.Current.CancellationToken);
                await client.GetByteArrayAsync(new Uri($"{address}/large"), TestContext.Current.CancellationToken);
            }

            server.Signal("KILL");
            await sample.WaitAsync(_patience, TestContext.Current.CancellationToken);
            Assert.All(output().Trim().Split('\n'), static line => Assert.Equal("127.0.0.1 got /large, 2000000 bytes", line));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("Loss", "0 lost, 0 of them since nobody read")]
    [InlineData("Latency", " reads, half of them within ")]
    [InlineData("Stacks", "<module>")]
    [InlineData("SlowCalls", "ms for user 99")]
    [InlineData("Writes", " bytes to file 1")]
    [InlineData("Stuck", "MainThread: ")]
    [InlineData("Opens", " opens /tmp/")]
    [InlineData("OwnProbes", "7: chair")]
    public async Task Sample(string name, string expected)
    {
        Requires.Root();
        using var target = Target.StartReady(Interpreters.Get("pyenv-3.12"), "library_calls.py");
        var method = typeof(Samples).GetMethod(name)!;
        var sample = Run(() => (Task)method.Invoke(null, method.GetParameters().Length == 0 ? [] : [target.Pid])!, out var output);
        var file = Path.Combine(Path.GetTempPath(), $"sonde-sample-{Guid.NewGuid():n}");
        for (var round = 0; round < MostRounds && !sample.IsCompleted; round++)
        {
            target.Send("99");
            Assert.Equal("done", target.ReadLine());
            target.Send("spin 0.01");
            Assert.Equal("done", target.ReadLine());
            await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);
            File.Delete(file);
        }

        await sample.WaitAsync(_patience, TestContext.Current.CancellationToken);
        Assert.Contains(expected, output(), StringComparison.Ordinal);
    }

    static Task Run(Func<Task> sample, out Func<string> output)
    {
        var text = new StringWriter();
        var writer = Samples.Console = TextWriter.Synchronized(text);
        output = () =>
        {
            // What the writer locks itself.
            lock (writer)
            {
                return text.ToString();
            }
        };
        return Task.Run(sample);
    }

    /// <summary>Lines without what stands before them.</summary>
    static string Lines(string text) => string.Join('\n', text.Split('\n').Select(static line => line.Trim())).Trim();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharp();
}
