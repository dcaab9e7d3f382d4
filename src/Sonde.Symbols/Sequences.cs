using System.Collections;

namespace Sonde;

/// <summary>Stands in for the <c>Enumerable</c> methods of the same names in every namespace under <c>Sonde</c>, whose extension methods the compiler finds before imported ones.</summary>
/// <remarks>
/// The framework's <c>Select</c> is a generic virtual method of its iterators. A native build must hold its code for every pair of a value type that any iterator is over
/// and one that is selected to anywhere in the program: that was two thirds of the executable. So it must be called for few types, and few iterators be made; even <c>First</c>, <c>ToList</c> and the like, which look whether
/// they were given an iterator, count as making one.
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

    /// <summary>The elements of a sequence, and one more behind them.</summary>
    public static IEnumerable<TSource> Append<TSource>(this IEnumerable<TSource> source, TSource last)
    {
        foreach (var element in source)
        {
            yield return element;
        }

        yield return last;
    }

    /// <summary>The elements of a sequence, and one more before them.</summary>
    public static IEnumerable<TSource> Prepend<TSource>(this IEnumerable<TSource> source, TSource first)
    {
        yield return first;
        foreach (var element in source)
        {
            yield return element;
        }
    }

    /// <summary>Each different element, where it comes first.</summary>
    public static IEnumerable<TSource> Distinct<TSource>(this IEnumerable<TSource> source) => source.Union([]);

    /// <summary>The elements of two sequences, each different one where it comes first.</summary>
    public static IEnumerable<TSource> Union<TSource>(this IEnumerable<TSource> first, IEnumerable<TSource> second)
    {
        HashSet<TSource> seen = [];
        foreach (var element in first.Concat(second))
        {
            if (seen.Add(element))
            {
                yield return element;
            }
        }
    }

    /// <summary>The first element of each key.</summary>
    public static IEnumerable<TSource> DistinctBy<TSource, TKey>(this IEnumerable<TSource> source, Func<TSource, TKey> key)
    {
        HashSet<TKey> seen = [];
        foreach (var element in source)
        {
            if (seen.Add(key(element)))
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements that are of a type.</summary>
    public static IEnumerable<TResult> OfType<TResult>(this IEnumerable source)
    {
        foreach (var element in source)
        {
            if (element is TResult result)
            {
                yield return result;
            }
        }
    }

    /// <summary>The elements of all sequences that a function makes of the elements.</summary>
    public static IEnumerable<TResult> SelectMany<TSource, TResult>(this IEnumerable<TSource> source, Func<TSource, IEnumerable<TResult>> selector)
    {
        foreach (var element in source)
        {
            foreach (var result in selector(element))
            {
                yield return result;
            }
        }
    }

    /// <summary>What a function makes of each element and each of those that another makes of it: two <c>from</c> clauses.</summary>
    public static IEnumerable<TResult> SelectMany<TSource, TInner, TResult>(
        this IEnumerable<TSource> source, Func<TSource, IEnumerable<TInner>> inner, Func<TSource, TInner, TResult> selector)
    {
        foreach (var element in source)
        {
            foreach (var other in inner(element))
            {
                yield return selector(element, other);
            }
        }
    }

    /// <summary>The elements, the last one first.</summary>
    public static IEnumerable<TSource> Reverse<TSource>(this IEnumerable<TSource> source)
    {
        var elements = source.ToArray();
        for (var place = elements.Length - 1; place >= 0; place--)
        {
            yield return elements[place];
        }
    }

    /// <summary>The elements before the first that does not fulfil a condition.</summary>
    public static IEnumerable<TSource> TakeWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        foreach (var element in source)
        {
            if (!predicate(element))
            {
                yield break;
            }

            yield return element;
        }
    }

    /// <summary>The elements from the first on that does not fulfil a condition.</summary>
    public static IEnumerable<TSource> SkipWhile<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate)
    {
        var skipping = true;
        foreach (var element in source)
        {
            skipping = skipping && predicate(element);
            if (!skipping)
            {
                yield return element;
            }
        }
    }

    /// <summary>The elements, or one in place of none.</summary>
    public static IEnumerable<TSource> DefaultIfEmpty<TSource>(this IEnumerable<TSource> source, TSource instead)
    {
        var any = false;
        foreach (var element in source)
        {
            any = true;
            yield return element;
        }

        if (!any)
        {
            yield return instead;
        }
    }

    /// <summary>What a function makes of the elements at the same place of two sequences, as far as both go.</summary>
    public static IEnumerable<TResult> Zip<TFirst, TSecond, TResult>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second, Func<TFirst, TSecond, TResult> selector)
    {
        using var others = second.GetEnumerator();
        foreach (var element in first)
        {
            if (!others.MoveNext())
            {
                yield break;
            }

            yield return selector(element, others.Current);
        }
    }

    /// <summary>The elements at the same place of two sequences, as far as both go.</summary>
    public static IEnumerable<(TFirst First, TSecond Second)> Zip<TFirst, TSecond>(this IEnumerable<TFirst> first, IEnumerable<TSecond> second) =>
        first.Zip(second, static (one, other) => (one, other));

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

    /// <summary>The first element.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static TSource First<TSource>(this IEnumerable<TSource> source)
    {
        foreach (var element in source)
        {
            return element;
        }

        throw new InvalidOperationException("There is no first of no elements.");
    }

    /// <summary>The first element, or the type's default where there is none.</summary>
    public static TSource? FirstOrDefault<TSource>(this IEnumerable<TSource> source)
    {
        foreach (var element in source)
        {
            return element;
        }

        return default;
    }

    /// <summary>The first element that fulfils a condition, or the type's default where none does.</summary>
    public static TSource? FirstOrDefault<TSource>(this IEnumerable<TSource> source, Func<TSource, bool> predicate) => source.Where(predicate).FirstOrDefault();

    /// <summary>Whether there is an element.</summary>
    public static bool Any<TSource>(this IEnumerable<TSource> source)
    {
        using var elements = source.GetEnumerator();
        return elements.MoveNext();
    }

    /// <summary>The elements in a list of their own.</summary>
    public static List<TSource> ToList<TSource>(this IEnumerable<TSource> source) => new(source);

    /// <summary>The elements in an array of their own.</summary>
    public static TSource[] ToArray<TSource>(this IEnumerable<TSource> source)
    {
        if (source is ICollection<TSource> collection)
        {
            var elements = new TSource[collection.Count];
            collection.CopyTo(elements, 0);
            return elements;
        }

        return new List<TSource>(source).ToArray();
    }
}
