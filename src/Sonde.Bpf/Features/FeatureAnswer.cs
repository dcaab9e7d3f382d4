using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>Whether the running kernel can do something: yes, no, or it could not be found out.</summary>
public abstract record FeatureAnswer
{
    FeatureAnswer()
    {
    }

    /// <summary>Whether it is known to be there.</summary>
    public bool IsYes => this is Yes;

    /// <summary>It is there.</summary>
    public sealed record Yes : FeatureAnswer
    {
        /// <summary>"yes".</summary>
        public override string ToString() => "yes";
    }

    /// <summary>It is not there.</summary>
    /// <param name="Since">The Linux version it came with; null when that is not what is missing.</param>
    /// <param name="Needs">What else it takes, such as a kernel configuration; null for nothing.</param>
    public sealed record No(Version? Since, string? Needs = null) : FeatureAnswer
    {
        /// <summary>"no: needs Linux 6.6".</summary>
        public override string ToString() => (Since, Needs) switch
        {
            ({ } since, { } needs) => $"no: needs Linux {since} with {needs}",
            ({ } since, null) => $"no: needs Linux {since}",
            (null, { } needs) => $"no: needs {needs}",
            _ => "no",
        };
    }

    /// <summary>The test itself failed, mostly for want of rights. Never remembered: the next one to ask tests again.</summary>
    /// <param name="Why">How it failed.</param>
    public sealed record Untestable(Exception Why) : FeatureAnswer
    {
        /// <summary>"could not be tested: …".</summary>
        public override string ToString() => $"could not be tested: {Why.Message}";
    }
}

/// <summary>Something a kernel can do or not, found out by trying.</summary>
/// <remarks>Safe for concurrent use; answers but <see cref="FeatureAnswer.Untestable"/> are kept as long as the process lives.</remarks>
public sealed class Feature
{
    readonly Func<bool> _test;
    FeatureAnswer? _answer;

    internal Feature(string name, Version? since, Func<bool> test, string? needs = null)
    {
        Name = name;
        Since = since;
        Needs = needs;
        _test = test;
    }

    /// <summary>What it is called.</summary>
    public string Name { get; }

    /// <summary>The Linux version it came with; null when it is not a matter of version.</summary>
    public Version? Since { get; }

    /// <summary>What else it takes, such as a kernel configuration; null for nothing.</summary>
    public string? Needs { get; }

    /// <summary>Whether the kernel is known to have it.</summary>
    public bool IsSupported => Answer.IsYes;

    /// <summary>The answer, tested for now if need be.</summary>
    public FeatureAnswer Answer
    {
        get
        {
            if (_answer is { } known)
            {
                return known;
            }

            try
            {
                return _answer = _test() ? new FeatureAnswer.Yes() : No();
            }
            catch (Exception e) when (e is LinuxException or VerifierException or IOException or UnauthorizedAccessException)
            {
                return new FeatureAnswer.Untestable(e);
            }
        }
    }

    // A kernel that is new enough lacks what else it takes.
    FeatureAnswer.No No() => new(Needs is not null && RunningKernel.Version >= Since ? null : Since, Needs);

    /// <summary>"uprobe_multi: yes".</summary>
    public override string ToString() => $"{Name}: {Answer}";
}
