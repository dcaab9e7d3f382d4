namespace Sonde.Engine.Snoop;

/// <summary>Takes the events of a story.</summary>
public interface ISnoopSink : IDisposable
{
    /// <summary>Takes one; nothing is buffered beyond it.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    void Write(SnoopEvent snoopEvent);
}
