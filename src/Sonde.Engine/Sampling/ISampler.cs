using Sonde.Engine.Recording;

namespace Sonde.Engine.Sampling;

/// <summary>Looks again and again at where the threads of some processes are, and tells a recorder.</summary>
public interface ISampler : IDisposable
{
    /// <summary>What it is and why it was picked, in one line for the user: "wall time, from outside, 100 times a second; needs no rights beyond the process's own".</summary>
    string Description { get; }

    /// <summary>Called when it has begun to sample, or waits for something to come up that it can.</summary>
    Action? Attached { get; set; }

    /// <summary>Whether it has met an interpreter, from which samples could come. For when it has run.</summary>
    bool HasMetPython { get; }

    /// <summary>What is missing in what it recorded, lost samples apart, a sentence each. For when it has run.</summary>
    IEnumerable<string> Problems { get; }

    /// <summary>Samples until cancelled or until every process it was given has ended, on the thread that calls.</summary>
    /// <param name="recorder">Takes the samples.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="UserErrorException">What is sampled cannot be, or turned out not to be as it should.</exception>
    void Run(SampleRecorder recorder, CancellationToken cancellation);
}
