namespace Sonde.Engine.Flow;

/// <summary>Where the events of a flow go: text, JSON lines, a trace file, an aggregate.</summary>
/// <remarks>Called by one thread. Disposing finishes the output so that what was written is whole and readable, also after an error.</remarks>
public interface IFlowSink : IDisposable
{
    /// <summary>Takes one event. Must not allocate.</summary>
    /// <exception cref="IOException">The output cannot be written; what was written before stays.</exception>
    void Write(in FlowEvent flowEvent);

    /// <summary>Hands buffered output to the operating system; called when a batch of events has been written.</summary>
    void Flush();
}
