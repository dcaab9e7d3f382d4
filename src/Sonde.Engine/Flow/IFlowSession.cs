namespace Sonde.Engine.Flow;

/// <summary>What follows calls, in whichever way: decodes events and hands them to a sink until told to end.</summary>
public interface IFlowSession : IDisposable
{
    /// <summary>True when the event limit was reached.</summary>
    bool LimitReached { get; }

    /// <summary>Decodes until cancelled, until all traced processes have ended, or until the event limit is reached.</summary>
    /// <param name="sink">Takes the events.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="UserErrorException">What is traced turned out not to be as it should.</exception>
    /// <exception cref="IOException">The sink cannot take more.</exception>
    void Run(IFlowSink sink, CancellationToken cancellation);

    /// <summary>Ends what is in the processes, then decodes what was still under way.</summary>
    void Finish();

    /// <summary>What has been seen and lost so far.</summary>
    FlowReport Report();
}
