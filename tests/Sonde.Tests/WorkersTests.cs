using System.Collections.Concurrent;
using Xunit;

namespace Sonde.Tests;

/// <summary>Work for all processors.</summary>
public sealed class WorkersTests
{
    [Theory, InlineData(0), InlineData(1), InlineData(3), InlineData(8), InlineData(1000)]
    public void Every_piece_is_done_once(int count)
    {
        var done = new int[count];
        Workers.Run(count, i => Interlocked.Increment(ref done[i]));
        Assert.All(done, static times => Assert.Equal(1, times));
    }

    [Fact]
    public void The_failure_of_the_lowest_number_is_told_after_all_others_have_ended()
    {
        ConcurrentBag<int> begun = [];
        ConcurrentBag<int> ended = [];
        var failure = Assert.Throws<InvalidOperationException>(() => Workers.Run(1000, i =>
        {
            begun.Add(i);
            try
            {
                if (i is 20 or 21 or 22)
                {
                    throw new InvalidOperationException($"{i}");
                }
            }
            finally
            {
                ended.Add(i);
            }
        }));
        Assert.Equal("20", failure.Message);
        Assert.Equal(begun.Order(), ended.Order());
        Assert.Equal(Enumerable.Range(0, 20), begun.Where(static i => i < 20).Order());
    }
}
