using System.Globalization;
using System.Text;

namespace Sonde.Python.Values;

/// <summary>Writes one value. What it leaves out is marked: "… 7 more", […] for what lies too deep, &lt;unreadable&gt;, &lt;freed&gt;, &lt;changed&gt;, &lt;hidden&gt;.</summary>
sealed partial class ValueWriter(ObjectReader objects, ValueLimits limits)
{
    const string Cut = "…";

    /// <summary>Deeper nesting is cut whatever the limits say.</summary>
    const int MaximumDepth = 100;

    readonly StringBuilder _text = new();
    readonly List<ulong> _path = [];
    int _objectDepth;

    /// <summary>What was written.</summary>
    public override string ToString() => _text.ToString();

    string Unreadable => objects.Missing;

    bool IsFull => _text.Length >= limits.Characters || objects.IsExhausted;

    int Room => Math.Max(0, limits.Characters - _text.Length);

    /// <summary>Writes text as it is.</summary>
    public void Add(string text) => _text.Append(text);

    /// <summary>Writes an object.</summary>
    public void Write(ulong address)
    {
        if (IsFull)
        {
            Add(Cut);
            return;
        }

        switch (objects.TryGet(address, out var value))
        {
            case ObjectState.Unreadable when IsPoison(address):
            case ObjectState.Freed:
                Add("<freed>");
                break;
            case ObjectState.Unreadable:
                Add(objects.IsExhausted ? Cut : Unreadable);
                break;
            case ObjectState.Live when limits.Redaction?.HidesType(objects.FullName(value.Type)) == true:
                Add(Redaction.Mark);
                break;
            default:
                ValueKinds.Of(objects, value.Type)(this, value);
                break;
        }
    }

    /// <summary>Writes the value of a name, unless it must not be shown.</summary>
    void WriteNamed(string name, ulong address)
    {
        if (limits.Redaction?.HidesName(name) == true)
        {
            Add(Redaction.Mark);
        }
        else
        {
            Write(address);
        }
    }

    /// <summary>Begins a container, unless it holds itself or lies too deep; then it writes what stands for it.</summary>
    bool TryEnter(ulong address, string repeated, string tooDeep)
    {
        if (_path.Contains(address))
        {
            Add(repeated);
            return false;
        }

        if (_path.Count >= Math.Min(limits.Depth, MaximumDepth))
        {
            Add(tooDeep);
            return false;
        }

        _path.Add(address);
        return true;
    }

    void Leave() => _path.RemoveAt(_path.Count - 1);

    /// <summary>Writes as many of some items as the limits allow, and how many there are more.</summary>
    /// <param name="items">The first items.</param>
    /// <param name="count">How many there are altogether.</param>
    /// <param name="write">Writes one.</param>
    void WriteItems<T>(IReadOnlyList<T> items, long count, Action<T> write)
    {
        var done = 0;
        for (; done < items.Count && done < limits.Items && !IsFull; done++)
        {
            Add(done == 0 ? "" : ", ");
            write(items[done]);
        }

        if (done < count)
        {
            Add(done == 0 ? "" : ", ");
            Add(done == items.Count && done < Math.Min(count, limits.Items) && !objects.IsExhausted ? Unreadable : string.Create(CultureInfo.InvariantCulture, $"{Cut} {count - done} more"));
        }
    }

    /// <summary>How many items of a container of that many are worth reading.</summary>
    int Wanted(long count) => (int)Math.Clamp(count, 0, Math.Max(0, limits.Items));

    /// <summary>The name of an object that has no form of its own.</summary>
    void WritePlain(PythonObject value) => Add($"<{objects.FullName(value.Type)} object at 0x{value.Address:x}>");

    /// <summary>What debugging allocators and erased memory leave where a pointer was (<c>_Py_IsFreed</c>, Objects/obmalloc.c).</summary>
    static bool IsPoison(ulong address) => address is 0xdddd_dddd_dddd_dddd or 0xfdfd_fdfd_fdfd_fdfd or 0xcdcd_cdcd_cdcd_cdcd;
}
