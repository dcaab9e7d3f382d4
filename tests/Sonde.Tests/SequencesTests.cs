using Xunit;

namespace Sonde.Tests;

/// <summary>What stands in for <c>Enumerable</c> gives what that gives.</summary>
public sealed class SequencesTests
{
    static readonly (int Key, string Name)[] _elements = [.. Enumerable.Range(0, 200).Select(static i => (i * 7919 % 13, $"{i * 104_729 % 17}"))];

    [Fact]
    public void Sorts_by_several_keys_and_keeps_the_order_of_equal_elements()
    {
        Assert.Equal(Enumerable.OrderBy(_elements, static each => each.Key), Sequences.OrderBy(_elements, static each => each.Key));
        Assert.Equal(Enumerable.OrderByDescending(_elements, static each => each.Key), Sequences.OrderByDescending(_elements, static each => each.Key));
        Assert.Equal(
            Enumerable.ThenByDescending(Enumerable.OrderBy(_elements, static each => each.Key), static each => each.Name, StringComparer.Ordinal),
            Sequences.OrderBy(_elements, static each => each.Key).ThenByDescending(static each => each.Name, StringComparer.Ordinal));
        Assert.Equal(
            Enumerable.ThenBy(Enumerable.OrderByDescending(_elements, static each => each.Name), static each => each.Key),
            Sequences.OrderByDescending(_elements, static each => each.Name).ThenBy(static each => each.Key));
        Assert.Equal(Enumerable.Order(_elements), Sequences.Order(_elements));
        Assert.Equal(Enumerable.OrderDescending(_elements), Sequences.OrderDescending(_elements));
    }

    [Theory, InlineData(-1), InlineData(0), InlineData(3), InlineData(200), InlineData(201)]
    public void Takes_and_leaves_out_elements(int count)
    {
        Assert.Equal(Enumerable.Take(_elements, count), Sequences.Take(_elements, count));
        Assert.Equal(Enumerable.Skip(_elements, count), Sequences.Skip(_elements, count));
        Assert.Equal(Enumerable.Skip(Generated(), count), Sequences.Skip(Generated(), count));
    }

    [Fact]
    public void Joins_and_tells_apart()
    {
        Assert.Equal(Enumerable.Concat(_elements, _elements), Sequences.Concat(_elements, _elements));
        Assert.Equal(Enumerable.Distinct(_elements.Select(static each => each.Key)), Sequences.Distinct(_elements.Select(static each => each.Key)));
        Assert.Equal(Enumerable.Where(_elements, static each => each.Key > 6), Sequences.Where(_elements, static each => each.Key > 6));
    }

    static IEnumerable<int> Generated()
    {
        for (var i = 0; i < 200; i++)
        {
            yield return i;
        }
    }
}
