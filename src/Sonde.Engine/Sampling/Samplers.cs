using Sonde.Engine.Sampling.Kernel;

namespace Sonde.Engine.Sampling;

/// <summary>Picks the sampler for what is asked and allowed.</summary>
public static class Samplers
{
    /// <summary>Makes the sampler for some options: time by the clock is sampled from outside, all else in the kernel.</summary>
    /// <exception cref="UserErrorException">What is asked cannot be done here; the message says why.</exception>
    public static ISampler Create(SamplingOptions options) => options.Mode == SamplingMode.Wall ? new OutsideSampler(options) : new KernelSampler(options);
}
