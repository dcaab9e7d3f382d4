namespace Sonde.Engine.Profiles;

/// <summary>What is missing in a profile, by cause, and where: a bias that is not shown would be a lie.</summary>
public sealed class ProfileLosses
{
    readonly SortedDictionary<string, long> _causes = new(StringComparer.Ordinal);
    readonly Dictionary<string, long> _functions = [];

    /// <summary>How many samples were lost for each cause, such as "the stack changed while it was read".</summary>
    public IReadOnlyDictionary<string, long> Causes => _causes;

    /// <summary>How many were lost in each function, where that is known.</summary>
    public IReadOnlyDictionary<string, long> Functions => _functions;

    /// <summary>All of them together.</summary>
    public long Total { get; private set; }

    /// <summary>Counts lost samples.</summary>
    /// <param name="cause">Why, in words a user reads.</param>
    /// <param name="function">In which function they fell; null when unknown.</param>
    /// <param name="count">How many.</param>
    public void Add(string cause, string? function = null, long count = 1)
    {
        _causes[cause] = _causes.GetValueOrDefault(cause) + count;
        Total += count;
        if (function is not null)
        {
            AddWhere(function, count);
        }
    }

    /// <summary>Counts what another profile lost.</summary>
    public void Add(ProfileLosses losses)
    {
        foreach (var (cause, count) in losses._causes)
        {
            Add(cause, null, count);
        }

        foreach (var (function, count) in losses._functions)
        {
            AddWhere(function, count);
        }
    }

    /// <summary>Forgets them.</summary>
    public void Clear()
    {
        _causes.Clear();
        _functions.Clear();
        Total = 0;
    }

    /// <summary>Says where samples fell that have been counted already.</summary>
    internal void AddWhere(string function, long count)
    {
        function = ProfileText.Of(function);
        _functions[function] = _functions.GetValueOrDefault(function) + count;
    }
}
