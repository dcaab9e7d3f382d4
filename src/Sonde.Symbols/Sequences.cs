namespace Sonde;

/// <summary>Stands in for <c>Enumerable.Select</c> in every namespace under <c>Sonde</c>, whose extension methods the compiler finds before imported ones.</summary>
/// <remarks>
/// The framework's is a generic virtual method of its iterators. A native build must hold its code for every pair of value types that is
/// selected from and to anywhere in the program: that was two thirds of the executable.
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
}
