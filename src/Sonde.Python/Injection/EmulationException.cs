namespace Sonde.Python.Injection;

/// <summary>A function of the target cannot be followed to its end without running it.</summary>
sealed class EmulationException(string message) : Exception(message)
{
    /// <summary>Whether it could be followed at another moment: something it needs is taken now.</summary>
    public bool IsBusy { get; init; }
}
