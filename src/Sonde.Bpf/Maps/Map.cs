using System.Runtime.InteropServices;
using Sonde.Bpf.Btf;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>When <see cref="Map.Update(ReadOnlySpan{byte}, ReadOnlySpan{byte}, UpdateMode)"/> stores.</summary>
public enum UpdateMode
{
    /// <summary>Always.</summary>
    Any = 0,

    /// <summary>Only when the key is not there.</summary>
    OnlyNew = 1,

    /// <summary>Only when the key is there.</summary>
    OnlyExisting = 2,
}

/// <summary>A map: memory shared by programs and this process, freed when the last of them lets go.</summary>
/// <remarks>Safe for concurrent use. Keys and values are bytes in the machine's order; the generic forms take any type of the right size that is laid out in order (tuples are not).</remarks>
public sealed class Map : IDisposable
{
    internal const string NeedsRights = "Needs CAP_BPF and CAP_PERFMON, or root.";

    Map(MapSpec spec, FileDescriptor descriptor)
    {
        Spec = spec;
        Descriptor = descriptor;
        // Values of per-CPU maps come as one block for each possible processor, each rounded up to 8 bytes.
        ValueBytes = spec.IsPerCpu ? checked((spec.ValueSize + 7 & ~7) * Processors.Possible) : spec.ValueSize;
    }

    /// <summary>What it was made of.</summary>
    public MapSpec Spec { get; }

    /// <summary>The kernel's handle.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Bytes a lookup fills: the value, or for per-CPU maps the value of every possible processor, each rounded up to 8.</summary>
    public int ValueBytes { get; }

    /// <summary>Creates a map.</summary>
    /// <exception cref="LinuxException">EPERM: rights are missing. EINVAL: the kernel does not know the type or flags, or the sizes do not fit it. E2BIG, ENOMEM: too large.</exception>
    public static Map Create(MapSpec spec)
    {
        string operation = $"bpf(MAP_CREATE, {spec.Type} \"{spec.Name}\", key {spec.KeySize}, value {spec.ValueSize}, entries {spec.MaxEntries})";
        int maxEntries = spec.MaxEntries == 0 && spec.Type == MapType.PerfEventArray ? Processors.Possible : spec.MaxEntries;
        using FileDescriptor? btf = spec.Type == MapType.TaskStorage ? StorageBtf.Load(spec.ValueSize) : null;
        MapCreateArguments arguments = new()
        {
            Type = (uint)spec.Type,
            KeySize = (uint)spec.KeySize,
            ValueSize = (uint)spec.ValueSize,
            MaxEntries = (uint)maxEntries,
            Flags = (uint)spec.Flags,
            Name = spec.Name,
            Btf = btf,
            BtfKeyType = btf is null ? 0u : StorageBtf.KeyType,
            BtfValueType = btf is null ? 0u : StorageBtf.ValueType,
        };
        SystemResult result = LockedMemory.Retry(in arguments, static (in MapCreateArguments a) => BpfSystemCall.CreateMap(in a));
        return new Map(spec, result.CheckDescriptor(operation, Advice(result.Errno)));
    }

    /// <summary>Copies the value of <paramref name="key"/>, <see cref="ValueBytes"/> long.</summary>
    /// <returns>False when the key is not there.</returns>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        CheckSizes(key.Length, value.Length);
        return Found(BpfSystemCall.Lookup(Descriptor, key, value), "MAP_LOOKUP_ELEM");
    }

    /// <summary>Reads the value of <paramref name="key"/>.</summary>
    /// <returns>False when the key is not there.</returns>
    public bool TryLookup<TKey, TValue>(TKey key, out TValue value) where TKey : unmanaged where TValue : unmanaged
    {
        value = default;
        return TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), MemoryMarshal.AsBytes(new Span<TValue>(ref value)));
    }

    /// <summary>Reads the values of <paramref name="key"/> in a per-CPU map, one for each possible processor.</summary>
    /// <returns>False when the key is not there.</returns>
    public bool TryLookupPerCpu<TKey, TValue>(TKey key, Span<TValue> values) where TKey : unmanaged where TValue : unmanaged
    {
        int stride = ValueBytes / Processors.Possible;
        byte[] raw = new byte[ValueBytes];
        if (!TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), raw))
        {
            return false;
        }

        for (int cpu = 0; cpu < values.Length; cpu++)
        {
            values[cpu] = MemoryMarshal.Read<TValue>(raw.AsSpan(cpu * stride, stride));
        }

        return true;
    }

    /// <summary>Adds up the values of <paramref name="key"/> in a per-CPU map of 8-byte counters; 0 when the key is not there.</summary>
    public ulong SumPerCpu<TKey>(TKey key) where TKey : unmanaged
    {
        Span<ulong> values = Processors.Possible <= 128 ? stackalloc ulong[Processors.Possible] : new ulong[Processors.Possible];
        CheckSizes(System.Runtime.CompilerServices.Unsafe.SizeOf<TKey>(), values.Length * sizeof(ulong));
        ulong sum = 0;
        if (TryLookup(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), MemoryMarshal.AsBytes(values)))
        {
            foreach (ulong value in values)
            {
                sum += value;
            }
        }

        return sum;
    }

    /// <summary>Stores a value, <see cref="ValueBytes"/> long.</summary>
    /// <returns>False when <paramref name="mode"/> forbids it.</returns>
    /// <exception cref="LinuxException">E2BIG: the map is full.</exception>
    public bool Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, UpdateMode mode = UpdateMode.Any)
    {
        CheckSizes(key.Length, value.Length);
        SystemResult result = BpfSystemCall.Update(Descriptor, key, value, (ulong)mode);
        if (result.Errno == Errno.EEXIST && mode == UpdateMode.OnlyNew)
        {
            return false;
        }

        return mode == UpdateMode.OnlyExisting ? Found(result, "MAP_UPDATE_ELEM") : Checked(result, "MAP_UPDATE_ELEM");
    }

    /// <summary>Stores a value.</summary>
    /// <returns>False when <paramref name="mode"/> forbids it.</returns>
    public bool Update<TKey, TValue>(TKey key, TValue value, UpdateMode mode = UpdateMode.Any) where TKey : unmanaged where TValue : unmanaged =>
        Update(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<TValue>(in value)), mode);

    /// <summary>Puts a program into a program array, for tail calls to <paramref name="index"/>.</summary>
    public void Update(int index, Program program)
    {
        Update(index, program.Descriptor.Number);
        GC.KeepAlive(program);
    }

    /// <summary>Removes a key.</summary>
    /// <returns>False when it was not there.</returns>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        CheckSizes(key.Length, ValueBytes);
        return Found(BpfSystemCall.Delete(Descriptor, key), "MAP_DELETE_ELEM");
    }

    /// <summary>Removes a key.</summary>
    /// <returns>False when it was not there.</returns>
    public bool Delete<TKey>(TKey key) where TKey : unmanaged => Delete(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in key)));

    /// <summary>The key after <paramref name="key"/>, or the first when that is empty or no longer there.</summary>
    /// <returns>False after the last.</returns>
    public bool TryNextKey(ReadOnlySpan<byte> key, Span<byte> next)
    {
        CheckSizes(next.Length, ValueBytes);
        return Found(BpfSystemCall.NextKey(Descriptor, key, next), "MAP_GET_NEXT_KEY");
    }

    /// <summary>The keys. A map that changes meanwhile may show some twice or leave some out, but the enumeration ends.</summary>
    public IEnumerable<TKey> Keys<TKey>() where TKey : unmanaged
    {
        TKey key = default;
        bool any = TryNextKey([], MemoryMarshal.AsBytes(new Span<TKey>(ref key)));
        // Deleting the key just shown makes a hash table begin again: the bound is what keeps a writer from holding us for ever.
        for (long shown = 0; any && shown < 2L * Spec.MaxEntries; shown++)
        {
            yield return key;
            TKey last = key;
            any = TryNextKey(MemoryMarshal.AsBytes(new ReadOnlySpan<TKey>(in last)), MemoryMarshal.AsBytes(new Span<TKey>(ref key)));
        }
    }

    /// <summary>Maps the values of an array made with <see cref="MapFlags.Mmapable"/> into this process (Linux 5.5+).</summary>
    /// <remarks>Each value takes its size rounded up to 8 bytes.</remarks>
    /// <exception cref="LinuxException">ENOTSUPP or EINVAL: the map is not an array or was not made for it.</exception>
    public MemoryMapping MapMemory(bool writable = true)
    {
        int stride = Spec.ValueSize + 7 & ~7;
        int page = MemoryMapping.PageSize;
        int length = checked((stride * Spec.MaxEntries + page - 1) / page * page);
        return MemoryMapping.Map(Descriptor, 0, length, MapProtection.Read | (writable ? MapProtection.Write : 0));
    }

    /// <summary>Closes this process's handle; programs that use the map keep it.</summary>
    public void Dispose() => Descriptor.Dispose();

    static string? Advice(Errno errno) => errno switch
    {
        Errno.EPERM => NeedsRights,
        _ => null,
    };

    bool Found(SystemResult result, string command) => result.Errno != Errno.ENOENT && Checked(result, command);

    bool Checked(SystemResult result, string command)
    {
        if (result.Failed)
        {
            result.Check($"bpf({command}, {Spec.Type} \"{Spec.Name}\")", result.Errno == Errno.E2BIG ? $"The map holds {Spec.MaxEntries} entries." : null);
        }

        return true;
    }

    void CheckSizes(int keySize, int valueSize)
    {
        if (keySize != Spec.KeySize || valueSize != ValueBytes)
        {
            throw new ArgumentException($"The map \"{Spec.Name}\" has keys of {Spec.KeySize} and values of {ValueBytes} bytes, not {keySize} and {valueSize}.");
        }
    }
}
