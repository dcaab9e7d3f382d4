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

    [Fact]
    public void Adds_an_element_at_either_end()
    {
        Assert.Equal(Enumerable.Append(_elements, (1, "end")), Sequences.Append(_elements, (1, "end")));
        Assert.Equal(Enumerable.Prepend(_elements, (1, "begin")), Sequences.Prepend(_elements, (1, "begin")));
        Assert.Equal(Enumerable.DefaultIfEmpty(Generated(), 7), Sequences.DefaultIfEmpty(Generated(), 7));
        Assert.Equal([7], Sequences.DefaultIfEmpty([], 7));
    }

    [Fact]
    public void Leaves_out_what_was_there()
    {
        Assert.Equal(Enumerable.DistinctBy(_elements, static each => each.Name), Sequences.DistinctBy(_elements, static each => each.Name));
        Assert.Equal(Enumerable.Union(Generated(), [3, 3, -1, 900, -1]), Sequences.Union(Generated(), [3, 3, -1, 900, -1]));
        object?[] mixed = [1, "one", null, 2.0, "two", 3];
        Assert.Equal(Enumerable.OfType<string>(mixed), Sequences.OfType<string>(mixed));
        Assert.Equal(Enumerable.OfType<int>(mixed), Sequences.OfType<int>(mixed));
    }

    [Fact]
    public void Joins_what_a_function_makes_of_each_element()
    {
        Assert.Equal(Enumerable.SelectMany(Generated(), static i => Enumerable.Repeat(i, i % 3)), Sequences.SelectMany(Generated(), static i => Enumerable.Repeat(i, i % 3)));
        Assert.Equal(
            Enumerable.SelectMany(Generated(), static i => Enumerable.Range(0, i % 4), static (i, other) => (i, other)),
            Sequences.SelectMany(Generated(), static i => Enumerable.Range(0, i % 4), static (i, other) => (i, other)));
        Assert.Equal(Enumerable.Zip(_elements, Generated().Skip(5)), Sequences.Zip(_elements, Sequences.Skip(Generated(), 5)));
        Assert.Equal(Enumerable.Zip(Generated().Skip(5), _elements), Sequences.Zip(Sequences.Skip(Generated(), 5), _elements));
    }

    [Fact]
    public void Reverses_and_goes_as_far_as_a_condition_holds()
    {
        Assert.Equal(Enumerable.Reverse(Generated()), Sequences.Reverse(Generated()));
        Assert.Equal(Enumerable.TakeWhile(Generated(), static i => i % 50 < 40), Sequences.TakeWhile(Generated(), static i => i % 50 < 40));
        Assert.Equal(Enumerable.SkipWhile(Generated(), static i => i % 50 < 40), Sequences.SkipWhile(Generated(), static i => i % 50 < 40));
    }

    [Fact]
    public void Finds_the_first_element_and_copies_all()
    {
        Assert.Equal(0, Sequences.First(Generated()));
        Assert.Throws<InvalidOperationException>(static () => Sequences.First(Array.Empty<int>()));
        Assert.Equal(0, Sequences.FirstOrDefault(Array.Empty<int>()));
        Assert.Equal(60, Sequences.FirstOrDefault(Generated(), static i => i > 59));
        Assert.Null(Sequences.FirstOrDefault(["one", "two"], static text => text.Length > 3));
        Assert.True(Sequences.Any(Generated()));
        Assert.False(Sequences.Any(Array.Empty<int>()));
        Assert.Equal(Generated(), Sequences.ToArray(Generated()));
        Assert.Equal(Generated(), Sequences.ToList(Generated()));
        Assert.Equal(_elements, Sequences.ToArray(_elements));
        Assert.NotSame(_elements, Sequences.ToArray(_elements));
    }

    static IEnumerable<int> Generated()
    {
        for (var i = 0; i < 200; i++)
        {
            yield return i;
        }
    }
}
