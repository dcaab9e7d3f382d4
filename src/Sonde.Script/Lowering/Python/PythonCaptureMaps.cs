using Sonde.Bpf;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Values;

namespace Sonde.Script.Lowering.Python;

/// <summary>How much of values is copied: what is larger is cut.</summary>
/// <param name="Depth">How many containers deep.</param>
/// <param name="Items">The most items of a container.</param>
/// <param name="Characters">The most characters of a text.</param>
sealed record CaptureLimits(int Depth, int Items, int Characters);

/// <summary>The maps behind copies of values, and the bytes in them.</summary>
/// <remarks>
/// <see cref="Work"/>: per processor, the memory to copy in; programs that were interrupted may be at the others of its entries.
/// <see cref="Types"/>: the types met, by type object and process. <see cref="Kinds"/>: how types are copied that are known by name.
/// A record is 48 bytes that are the caller's, then how many bytes of pieces there are (4), whether something did not fit (4), how many pieces could not be
/// read (4), and the pieces as <see cref="CapturedMemory"/> has them.
/// </remarks>
sealed class PythonCaptureMaps
{
    /// <summary>How many programs can copy on a processor at the same time, one interrupting the other.</summary>
    public const int Works = 3;

    /// <summary>Bytes of pieces; a power of two.</summary>
    public const int Capacity = 1 << 14;

    /// <summary>The most bytes of one piece.</summary>
    public const int MostBytes = 4096;

    /// <summary>Bytes of an object that are always copied: the head of any kind.</summary>
    public const int HeadSize = 80;

    public const int QueueLength = 256;
    public const int SeenLength = 256;

    // A value of Work: what a copy has to remember, then the record.
    public const int InUse = 0;
    public const int Position = 8;
    public const int QueueHead = 16;
    public const int QueueTail = 24;
    public const int ArrayPlace = 32;
    public const int ArrayStride = 40;
    public const int ArrayLeft = 48;
    public const int ArrayDepth = 56;
    public const int Cut = 64;
    public const int Unreadable = 72;
    public const int Salt = 80;
    public const int ItemLimit = 88;
    public const int TypeKey = 96;
    public const int TypeProcess = 104;
    public const int TypeWords = 112;
    public const int TypeNameKey = 128;
    public const int TypeNameVersion = TypeNameKey + CapturedType.NameBytes;
    public const int TypeEntry = TypeNameVersion + 8;
    public const int Scratch = TypeEntry + TypeSize;
    public const int Queue = Scratch + 16;
    public const int Seen = Queue + (8 * QueueLength);
    public const int Record = Seen + (8 * SeenLength);
    public const int RecordLength = Record + 48;
    public const int RecordCut = Record + 52;
    public const int RecordUnreadable = Record + 56;
    public const int Pieces = Record + HeaderSize;
    public const int WorkSize = Pieces + Capacity + MostBytes + 64;

    /// <summary>Bytes of a record before the pieces.</summary>
    public const int HeaderSize = 64;

    // A value of Types.
    public const int TypeMark = 0;
    public const int TypeKind = 8;
    public const int TypeOffset = 16;
    public const int TypeCount = 24;
    public const int TypeBasicSize = 32;
    public const int TypeDictionaryOffset = 40;
    public const int TypeFlags = 48;
    public const int TypeSize = 56;

    const int KindKeySize = CapturedType.NameBytes + 8;
    const int KindSize = 24;
    const int MostTypes = 1 << 14;

    /// <summary>Memory to copy in.</summary>
    public MapSpec Work { get; } = new() { Type = MapType.PerCpuArray, Name = "py_capture", KeySize = 4, ValueSize = WorkSize, MaxEntries = Works };

    /// <summary>Key: type object, process. Value: see above.</summary>
    public MapSpec Types { get; } = new() { Type = MapType.LruHash, Name = "py_types", KeySize = 16, ValueSize = TypeSize, MaxEntries = MostTypes };

    /// <summary>Key: the first bytes of a type's name, the interpreter's minor version (8). Value: <see cref="CaptureKind"/>, offset, count (8 each).</summary>
    public MapSpec Kinds { get; } = new() { Type = MapType.Hash, Name = "py_kinds", KeySize = KindKeySize, ValueSize = KindSize, MaxEntries = 1024 };

    public IEnumerable<MapSpec> All => [Work, Types, Kinds];

    /// <summary>What <see cref="Kinds"/> holds for a version.</summary>
    public static IEnumerable<(byte[] Key, byte[] Value)> KindsOf(PythonVersion version, CallLayout layout)
    {
        foreach (var type in CaptureKinds.Of(version, layout))
        {
            var value = new byte[KindSize];
            BitConverter.TryWriteBytes(value, (long)type.Kind);
            BitConverter.TryWriteBytes(value.AsSpan(8), (long)type.Offset);
            BitConverter.TryWriteBytes(value.AsSpan(16), (long)type.Count);
            var key = new byte[KindKeySize];
            type.Key().CopyTo(key, 0);
            BitConverter.TryWriteBytes(key.AsSpan(CapturedType.NameBytes), (long)version.Minor);
            yield return (key, value);
        }
    }
}
