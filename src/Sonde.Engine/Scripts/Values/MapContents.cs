using Sonde.Bpf;
using Sonde.Script;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>What a map of the language held when it was read, in the order in which it is printed.</summary>
sealed class MapContents
{
    readonly List<MapEntry> _entries = [];

    MapContents(ScriptMap map) => Map = map;

    public ScriptMap Map { get; }

    /// <summary>The entries. A map without a key has one, whose key is empty.</summary>
    public IReadOnlyList<MapEntry> Entries => _entries;

    /// <summary>Whether anything was ever stored: what is not is not printed at the end.</summary>
    public bool IsEmpty { get; private set; }

    /// <summary>The last interval of all time series in it.</summary>
    public long LatestInterval { get; private set; }

    /// <summary>Puts entries in order: by value where values are numbers or aggregates, else by key.</summary>
    /// <param name="map">The map.</param>
    /// <param name="entries">Keys and values; values of maps per processor one behind the other without padding.</param>
    /// <param name="isEmpty">Whether nothing was ever stored.</param>
    public static MapContents Order(ScriptMap map, IEnumerable<(byte[] Key, byte[] Value)> entries, bool isEmpty)
    {
        var contents = new MapContents(map);
        var type = map.Value!;
        foreach (var (key, value) in entries)
        {
            contents._entries.Add(new MapEntry(key, type is AggregateType ? [] : Reduce(type, value),
                type is AggregateType aggregate ? Aggregate.Read(aggregate, value, aggregate.Size) : default));
        }

        contents._entries.Sort((a, b) => Compare(map, a, b));
        contents.IsEmpty = isEmpty || contents._entries.Count == 0;
        if (type is AggregateType { Kind: AggregateKind.TimeSeries } && contents._entries.Count > 0)
        {
            contents.LatestInterval = contents._entries[^1].Aggregate.Number;
        }

        return contents;
    }

    /// <summary>Reads a map.</summary>
    public static MapContents Read(ScriptMap map, Map source)
    {
        var value = new byte[source.ValueBytes];
        if (map.Key is null)
        {
            var found = source.TryLookup(new byte[source.Spec.KeySize], value);
            return Order(map, [([], Compact(map, source, value))], !found || !IsSet(map, source, value));
        }

        var entries = new List<(byte[], byte[])>();
        foreach (var key in Keys(source))
        {
            if (source.TryLookup(key, value))
            {
                entries.Add((key, Compact(map, source, value)));
            }
        }

        return Order(map, entries, isEmpty: false);
    }

    /// <summary>The keys of a map, each once.</summary>
    public static List<byte[]> Keys(Map source)
    {
        var seen = new HashSet<byte[]>(BytesEqual.Instance);
        var keys = new List<byte[]>();
        var key = new byte[source.Spec.KeySize];
        var any = source.TryNextKey([], key);
        // A map that changes meanwhile may begin again at any time.
        for (var steps = 0L; any && steps < 4L * source.Spec.MaxEntries; steps++)
        {
            if (seen.Add(key))
            {
                keys.Add(key);
            }

            var next = new byte[key.Length];
            any = source.TryNextKey(key, next);
            key = next;
        }

        return keys;
    }

    /// <summary>Reads one entry; null when the key is not there.</summary>
    public static MapContents? ReadEntry(ScriptMap map, Map source, ReadOnlySpan<byte> key)
    {
        var value = new byte[source.ValueBytes];
        return source.TryLookup(key, value) ? Order(map, [(key.ToArray(), Compact(map, source, value))], isEmpty: false) : null;
    }

    /// <summary>The last entries of the order; 0 for all.</summary>
    public IEnumerable<MapEntry> Top(long count) => _entries.Skip(count > 0 && count < _entries.Count ? _entries.Count - (int)count : 0);

    /// <summary>The values of all processors without flags and padding.</summary>
    static byte[] Compact(ScriptMap map, Map source, ReadOnlySpan<byte> value)
    {
        var size = map.Value!.Size;
        var stride = StrideOf(map, source);
        var compact = new byte[value.Length / stride * size];
        for (int from = 0, to = 0; to < compact.Length; from += stride, to += size)
        {
            value.Slice(from + map.ValueOffset, size).CopyTo(compact.AsSpan(to));
        }

        return compact;
    }

    static bool IsSet(ScriptMap map, Map source, ReadOnlySpan<byte> value)
    {
        for (var at = 0; at < value.Length; at += StrideOf(map, source))
        {
            if (BitConverter.ToInt64(value[at..]) != 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Bytes from one processor's value to the next.</summary>
    public static int StrideOf(ScriptMap map, Map source) => source.ValueBytes / (IsPerProcessor(source) ? Processors.Possible : map.Copies);

    static bool IsPerProcessor(Map source) => source.Spec.Type is MapType.PerCpuArray or MapType.PerCpuHash or MapType.LruPerCpuHash;

    /// <summary>One value of those of all processors: numbers are added up, of others the first that is not zero counts.</summary>
    static byte[] Reduce(DataType type, byte[] values)
    {
        var size = type.Size;
        if (values.Length <= size)
        {
            return values;
        }

        if (type is IntegerType)
        {
            var sum = 0L;
            for (var at = 0; at < values.Length; at += size)
            {
                sum += ValueFormatter.Number(type, values.AsSpan(at, size));
            }

            return BitConverter.GetBytes(sum)[..size];
        }

        for (var at = 0; at < values.Length; at += size)
        {
            if (values.AsSpan(at, size).ContainsAnyExcept((byte)0))
            {
                return values[at..(at + size)];
            }
        }

        return values[..size];
    }

    static int Compare(ScriptMap map, in MapEntry a, in MapEntry b)
    {
        var order = map.Value switch
        {
            AggregateType type => type.IsSigned ? a.Aggregate.Number.CompareTo(b.Aggregate.Number) : ((ulong)a.Aggregate.Number).CompareTo((ulong)b.Aggregate.Number),
            IntegerType type => CompareValues(type, a.Value, b.Value),
            _ => 0,
        };
        return order != 0 || map.Key is null ? order : CompareValues(map.Key, a.Key, b.Key);
    }

    /// <summary>Numbers by value, texts by their bytes, tuples element by element.</summary>
    static int CompareValues(DataType type, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        if (type is TupleType tuple)
        {
            for (var i = 0; i < tuple.Elements.Count; i++)
            {
                var order = CompareValues(tuple.Elements[i], ValueFormatter.Element(tuple, i, a), ValueFormatter.Element(tuple, i, b));
                if (order != 0)
                {
                    return order;
                }
            }

            return 0;
        }

        if (!type.IsScalar)
        {
            return a.SequenceCompareTo(b);
        }

        var (left, right) = (ValueFormatter.Number(type, a), ValueFormatter.Number(type, b));
        return type is IntegerType { IsSigned: true } or EnumType { Underlying.IsSigned: true } ? left.CompareTo(right) : ((ulong)left).CompareTo((ulong)right);
    }

    /// <summary>Keys are equal when their bytes are.</summary>
    internal sealed class BytesEqual : IEqualityComparer<byte[]>
    {
        public static readonly BytesEqual Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj)
        {
            var hash = new HashCode();
            hash.AddBytes(obj);
            return hash.ToHashCode();
        }
    }
}

/// <summary>An entry of a map.</summary>
/// <param name="Key">Its key; empty in maps without one.</param>
/// <param name="Value">Its value; empty for aggregates.</param>
/// <param name="Aggregate">What an aggregate holds.</param>
readonly record struct MapEntry(byte[] Key, byte[] Value, Aggregate Aggregate);
