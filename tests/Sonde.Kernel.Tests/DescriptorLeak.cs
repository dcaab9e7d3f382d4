using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests;

/// <summary>Fails when descriptors of the kinds this product opens are left over at the end of its life.</summary>
/// <remarks>For test classes of the collection <see cref="Alone"/> only: others open descriptors meanwhile.</remarks>
sealed class DescriptorLeak : IDisposable
{
    /// <summary>The collection of tests during which no other test runs.</summary>
    internal const string Alone = "alone";

    readonly Dictionary<string, int> _before = Count();

    public void Dispose()
    {
        foreach ((string kind, int count) in Count())
        {
            int before = _before.GetValueOrDefault(kind);
            Assert.True(count <= before, $"{count - before} more of {kind} than before");
        }
    }

    static Dictionary<string, int> Count()
    {
        Dictionary<string, int> kinds = [];
        foreach (string path in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            // Sockets and pipes are the test platform's; memory files and everything anonymous are ours.
            if (ProcFs.ReadLink(path) is { } target && (target.StartsWith("anon_inode:", StringComparison.Ordinal) || target.StartsWith("/memfd:", StringComparison.Ordinal)))
            {
                kinds[target] = kinds.GetValueOrDefault(target) + 1;
            }
        }

        return kinds;
    }
}

[CollectionDefinition(DescriptorLeak.Alone, DisableParallelization = true)]
public sealed class AloneTests;
