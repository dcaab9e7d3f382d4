using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>An attached program: it runs until this is stopped or disposed, or this process ends in whatever way.</summary>
public sealed class Link : IDisposable
{
    readonly FileDescriptor[] _links;
    readonly FileDescriptor[] _events;

    internal Link(params FileDescriptor[] links) => (_links, _events) = (links, []);

    /// <summary>A link to a perf event, which runs the program no more once the link is closed.</summary>
    internal Link(FileDescriptor link, FileDescriptor perfEvent) => (_links, _events) = ([link], [perfEvent]);

    internal Link(IReadOnlyCollection<Link> links) =>
        (_links, _events) = ([.. links.SelectMany(link => link._links)], [.. links.SelectMany(link => link._events)]);

    /// <summary>Takes the program off and leaves behind what it hung on.</summary>
    /// <remarks>
    /// To give back a tracepoint's perf event the kernel waits until no processor can be in it any more, one event after the other
    /// (perf_trace_event_unreg in kernel/trace/trace_event_perf.c): some 10 ms each, and many times that on a busy machine.
    /// </remarks>
    public void Stop() => Array.ForEach(_links, descriptor => descriptor.Dispose());

    /// <summary>Detaches the program.</summary>
    public void Dispose()
    {
        Stop();
        Array.ForEach(_events, descriptor => descriptor.Dispose());
    }
}
