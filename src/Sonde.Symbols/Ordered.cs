using System.Collections;

namespace Sonde;

/// <summary>The elements of a sequence in an order, sorted when they are asked for; equal ones stay as they were. Made by <see cref="Sequences"/>, for the reason given there.</summary>
/// <typeparam name="T">The elements.</typeparam>
public sealed class Ordered<T> : IEnumerable<T>
{
    readonly IEnumerable<T> _source;
    readonly Comparison<T> _compare;

    internal Ordered(IEnumerable<T> source, Comparison<T> compare) => (_source, _compare) = (source, compare);

    /// <summary>Orders equal elements by another key.</summary>
    public Ordered<T> ThenBy<TKey>(Func<T, TKey> key, IComparer<TKey>? comparer = null) => Then(By(key, comparer));

    /// <summary>Orders equal elements by another key, the greatest first.</summary>
    public Ordered<T> ThenByDescending<TKey>(Func<T, TKey> key, IComparer<TKey>? comparer = null) => Then(Reversed(By(key, comparer)));

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator()
    {
        // Places are sorted, not elements: one piece of code for all types.
        var elements = _source.ToArray();
        var places = new int[elements.Length];
        for (var i = 0; i < places.Length; i++)
        {
            places[i] = i;
        }

        places.AsSpan().Sort((a, b) => _compare(elements[a], elements[b]) is not 0 and var order ? order : a.CompareTo(b));
        foreach (var place in places)
        {
            yield return elements[place];
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal static Comparison<T> By<TKey>(Func<T, TKey> key, IComparer<TKey>? comparer)
    {
        var keys = comparer ?? Comparer<TKey>.Default;
        return (a, b) => keys.Compare(key(a), key(b));
    }

    internal static Comparison<T> Reversed(Comparison<T> compare) => (a, b) => compare(b, a);

    Ordered<T> Then(Comparison<T> next)
    {
        var first = _compare;
        return new(_source, (a, b) => first(a, b) is not 0 and var order ? order : next(a, b));
    }
}
