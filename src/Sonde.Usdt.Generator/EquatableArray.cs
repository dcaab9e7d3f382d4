using System.Collections;

namespace Sonde.Usdt.Generator;

/// <summary>An array that is equal to another with equal elements, so that the compiler sees when there is nothing new to generate.</summary>
readonly struct EquatableArray<T>(IEnumerable<T> elements) : IEquatable<EquatableArray<T>>, IReadOnlyList<T>
    where T : IEquatable<T>
{
    readonly T[]? _elements = [.. elements];

    public int Count => _elements?.Length ?? 0;

    public T this[int index] => _elements![index];

    public bool Equals(EquatableArray<T> other) => this.SequenceEqual(other);

    public override bool Equals(object? obj) => obj is EquatableArray<T> other && Equals(other);

    public override int GetHashCode() => this.Aggregate(17, static (hash, element) => unchecked(31 * hash + element.GetHashCode()));

    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)(_elements ?? [])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
