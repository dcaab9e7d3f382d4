namespace Sonde.Engine.Flow.Sinks;

/// <summary>What a sink keeps for each code object, made when the code object is first seen and then found by index.</summary>
sealed class PerCode<T>(Func<CodeInfo, T> make)
{
    (CodeInfo? Code, T Value)[] _entries = new (CodeInfo?, T)[256];

    public T this[CodeInfo code]
    {
        get
        {
            var entries = _entries;
            return (uint)code.Id < (uint)entries.Length && ReferenceEquals(entries[code.Id].Code, code) ? entries[code.Id].Value : Add(code);
        }
    }

    T Add(CodeInfo code)
    {
        if (code.Id >= _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(code.Id + 1, _entries.Length * 2));
        }

        _entries[code.Id] = (code, make(code));
        return _entries[code.Id].Value;
    }
}
