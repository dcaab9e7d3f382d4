namespace Sonde.Script.Ir.Machine;

/// <summary>Numbers that wait for their turn, the lowest first.</summary>
sealed class Worklist(int count)
{
    readonly BitSet _numbers = new(count);

    public int Count { get; private set; }

    /// <summary>The lowest; there must be one.</summary>
    public int Min
    {
        get
        {
            BitSet.Enumerator numbers = GetEnumerator();
            return numbers.MoveNext() ? numbers.Current : throw new InvalidOperationException("Nothing waits.");
        }
    }

    public bool Contains(int number) => _numbers.Contains(number);

    public void Add(int number)
    {
        if (!_numbers.Contains(number))
        {
            _numbers.Add(number);
            Count++;
        }
    }

    /// <summary>Whether it was waiting.</summary>
    public bool Remove(int number)
    {
        if (!_numbers.Contains(number))
        {
            return false;
        }

        _numbers.Remove(number);
        Count--;
        return true;
    }

    public BitSet.Enumerator GetEnumerator() => _numbers.GetEnumerator();
}
