namespace Sonde;

/// <summary>Stands in for the <c>Enumerable</c> methods of the same names in every namespace under <c>Sonde</c>, whose extension methods the compiler finds before imported ones.</summary>
/// <remarks>
/// The framework's <c>Select</c> is a generic virtual method of its iterators. A native build must hold its code for every pair of a value type that any iterator is over
/// and one that is selected to anywhere in the program: that was two thirds of the executable. So it must be called for few types, and few iterators be made.
/// </remarks>
public static class Sequences
{
    /// <summary>What a function makes of each element, when it is asked for.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, TResult> selector)
    {
        foreach (var element in source)
        {
            yield return selector(element);
        }
    }

    /// <summary>The same, for a function that is also given the element's place.</summary>
    public static IEnumerable<TResult> Select<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, int, TResult> selector)
    {
        var place = 0;
        foreach (var element in source)
        {
            yield return selector(element, place++);
        }
    }

    /// <summary>The elements that fulfil a condition.</summary>
    public static IEnumerable<TSource> Where<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var element in source)
        {
            if (predicate(element))
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements from a place on.</summary>
    public static IEnumerable<TSource> Skip<TSource>(this IEnumerable<TSource> source, int count)
    {
        if (source is IList<TSource> list)
        {
            for (var place = Math.Max(count, 0); place < list.Count; place++)
            {
                yield return list[place];
            }

            yield break;
        }

        foreach (var element in source)
        {
            if (--count < 0)
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements before a place.</summary>
    public static IEnumerable<TSource> Take<TSource>(this IEnumerable<TSource> source, int count)
    {
        if (count <= 0)
        {
            yield break;
        }

        foreach (var element in source)
        {
            yield return element;
            if (--count == 0)
            {
                yield break;
            }
        }
    }

    /// <summary>The elements of two sequences.</summary>
    public static IEnumerable<TSource> Concat<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
    {
        foreach (var element in first)
        {
            yield return element;
        }

        foreach (var element in second)
        {
            yield return element;
        }
    }

    /// <summary>Each different element, where it comes first.</summary>
    public static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source)
    {
        HashSet<TSource> seen = [];
        foreach (var element in source)
        {
            if (seen.Add(element))
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements in the order of their keys.</summary>
    public static Ordered<TSource> OrderBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        new(source, Ordered<TSource>.By(key, comparer));

    /// <summary>The elements in the order of their keys, the greatest first.</summary>
    public static Ordered<TSource> OrderByDescending<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key, IComparer<TKey>? comparer = null) =>
        new(source, Ordered<TSource>.Reversed(Ordered<TSource>.By(key, comparer)));

    /// <summary>The elements in their own order.</summary>
    public static Ordered<TSource> Order<TSource>(this IEnumerable<TSource> source, IComparer<TSource>? comparer = null) =>
        new(source, (comparer ?? Comparer<TSource>.Default).Compare);

    /// <summary>The elements in their own order, the greatest first.</summary>
    public static Ordered<TSource> OrderDescending<TSource>(this IEnumerable<TSource> source, IComparer<TSource>? comparer = null) =>
        new(source, Ordered<TSource>.Reversed((comparer ?? Comparer<TSource>.Default).Compare));
}
