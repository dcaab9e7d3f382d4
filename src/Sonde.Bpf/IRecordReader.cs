namespace Sonde.Bpf;

/// <summary>Takes one record, valid until it returns.</summary>
public delegate void RecordHandler(ReadOnlySpan<byte> record);

/// <summary>What <see cref="RingBuffer"/> (Linux 5.8+) and <see cref="PerfBuffer"/> (4.4+) have in common, for those who must do with either.</summary>
/// <remarks>For one reader thread; <see cref="Wake"/> may be called from any.</remarks>
public interface IRecordReader : IDisposable
{
    /// <summary>Records the kernel itself dropped. A ring buffer drops none: there the program is told, and has to count.</summary>
    ulong Lost { get; }

    /// <summary>Waits until the kernel signals records, <see cref="Wake"/> is called, or the time is over.</summary>
    /// <returns>Whether there is something to read.</returns>
    bool Wait(TimeSpan timeout);

    /// <summary>Makes the present or next <see cref="Wait"/> return.</summary>
    void Wake();

    /// <summary>Hands every record that is complete now to <paramref name="handler"/>.</summary>
    /// <returns>How many.</returns>
    int Drain(RecordHandler handler);
}
