using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>One output of a flow, with the name it has in messages.</summary>
/// <param name="Name">What the user calls it, such as the file name.</param>
/// <param name="Sink">Where the events go.</param>
public readonly record struct NamedSink(string Name, IFlowSink Sink);

/// <summary>An output that could not be written any more.</summary>
/// <param name="Name">The output's name.</param>
/// <param name="Error">What went wrong first.</param>
public readonly record struct SinkFailure(string Name, IOException Error);

/// <summary>Sends events to several sinks. One that fails is left out from then on and remembered; the others go on.</summary>
public sealed class TeeSink : IFlowSink
{
    readonly NamedSink[] _all;
    readonly List<NamedSink> _working;
    readonly List<SinkFailure> _failures = [];

    /// <summary>Sends to all of these, and owns them.</summary>
    public TeeSink(IEnumerable<NamedSink> sinks)
    {
        _all = [.. sinks];
        _working = [.. _all];
    }

    /// <summary>The outputs that failed, in the order they did.</summary>
    public IReadOnlyList<SinkFailure> Failures => _failures;

    /// <inheritdoc/>
    /// <exception cref="IOException">The last sink that still worked has failed.</exception>
    public void Write(in FlowEvent flowEvent)
    {
        for (int i = 0; i < _working.Count; i++)
        {
            try
            {
                _working[i].Sink.Write(flowEvent);
            }
            catch (IOException error)
            {
                Detach(i--, error);
            }
        }
    }

    /// <inheritdoc/>
    /// <exception cref="IOException">The last sink that still worked has failed.</exception>
    public void Flush()
    {
        for (int i = 0; i < _working.Count; i++)
        {
            try
            {
                _working[i].Sink.Flush();
            }
            catch (IOException error)
            {
                Detach(i--, error);
            }
        }
    }

    void Detach(int index, IOException error)
    {
        _failures.Add(new SinkFailure(_working[index].Name, error));
        _working.RemoveAt(index);
        if (_working.Count == 0)
        {
            throw new IOException($"{_failures[^1].Name}: {FileError.Describe(error)}", error);
        }
    }

    /// <summary>Finishes all sinks, those that failed too. A failure here is remembered, not thrown.</summary>
    public void Dispose()
    {
        foreach (var named in _all)
        {
            try
            {
                named.Sink.Dispose();
            }
            catch (IOException error)
            {
                if (!_failures.Exists(failure => failure.Name == named.Name))
                {
                    _failures.Add(new SinkFailure(named.Name, error));
                }
            }
        }
    }
}
