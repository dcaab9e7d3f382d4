namespace Sonde.Engine.Diagnosis;

/// <summary>How something stands.</summary>
public enum Verdict
{
    /// <summary>Nothing is missing.</summary>
    Good,

    /// <summary>Python can be followed, but something is less than it could be.</summary>
    Limited,

    /// <summary>It could not be found out.</summary>
    Unknown,

    /// <summary>Python cannot be followed.</summary>
    Bad,
}

/// <summary>One thing the doctor looked at.</summary>
/// <param name="Subject">What was looked at, in a word or two.</param>
/// <param name="Verdict">How it stands.</param>
/// <param name="State">What was found.</param>
public sealed record Finding(string Subject, Verdict Verdict, string State)
{
    /// <summary>What does not work because of it; null when everything does.</summary>
    public string? Stops { get; init; }

    /// <summary>What to do about it; null when nothing needs doing or can be done.</summary>
    public string? Advice { get; init; }
}
