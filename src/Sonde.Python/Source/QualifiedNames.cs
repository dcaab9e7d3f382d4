namespace Sonde.Python.Source;

/// <summary>
/// Finds qualified names from source text, for the versions whose code objects hold none: CPython up to 3.10
/// (<c>co_qualname</c> came with 3.11).
/// </summary>
/// <remarks>
/// A code object is looked up by <c>co_firstlineno</c> and <c>co_name</c>. Two of the same name that begin on the same line cannot be told apart;
/// the first is taken. Source is hostile: any bytes are read in linear time, without recursion that the source controls.
/// </remarks>
public sealed class QualifiedNames
{
    /// <summary>The largest source that is read; a larger one gives no names.</summary>
    public const int MaximumBytes = 4 << 20;

    readonly ScopeTree _tree;
    readonly Dictionary<(int Line, string Name), int> _index;
    readonly List<ScopeRange> _ranges;

    QualifiedNames(ScopeTree tree, Dictionary<(int Line, string Name), int> index, List<ScopeRange> ranges)
    {
        _tree = tree;
        _index = index;
        _ranges = ranges;
    }

    /// <summary>Reads a source file.</summary>
    /// <param name="source">The file's bytes, in UTF-8 or, where its coding line says anything else (PEP 263), read as Latin-1.</param>
    /// <param name="version">The interpreter's: up to 3.7 some comprehensions begin at their first element and not at their bracket.</param>
    public static QualifiedNames Read(ReadOnlySpan<byte> source, PythonVersion version)
    {
        if (source.Length > MaximumBytes)
        {
            source = default;
        }

        var reader = new ScopeReader(source, SourceEncoding.Detect(source), comprehensionsBeginInside: version.Minor < 8);
        reader.Run();
        return new QualifiedNames(reader.Tree, reader.Index, reader.Ranges);
    }

    /// <summary>Looks up a code object.</summary>
    /// <param name="firstLine"><c>co_firstlineno</c>.</param>
    /// <param name="name"><c>co_name</c>.</param>
    /// <param name="qualifiedName">The name as <c>__qualname__</c> would have it.</param>
    /// <returns>False when the source has no such function; it may have changed since it was compiled.</returns>
    public bool TryFind(int firstLine, string name, out string qualifiedName)
    {
        string? found = null;
        if (_index.TryGetValue((firstLine, name), out int node))
        {
            found = _tree.QualifiedName(node);
        }
        else if (name.StartsWith('<'))
        {
            // Within f-strings the compiler's line numbers are not exact: the function around tells enough.
            found = _tree.QualifiedName(ScopeAround(firstLine), name);
        }

        qualifiedName = found ?? name;
        return found is not null;
    }

    // Ranges are in the order they begin, and nested properly.
    int ScopeAround(int line)
    {
        int low = 0, high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_ranges[middle].FirstLine <= line)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        int range = low - 1;
        while (range >= 0 && _ranges[range].LastLine < line)
        {
            range = _ranges[range].Parent;
        }

        return range < 0 ? 0 : _ranges[range].Scope;
    }
}

/// <summary>The lines of a function or class.</summary>
/// <param name="Scope">The node in the tree.</param>
/// <param name="Parent">The index of the range around it, -1 for none.</param>
/// <param name="FirstLine">The line of the <c>def</c> or <c>class</c>.</param>
/// <param name="LastLine">The last line of the body.</param>
readonly record struct ScopeRange(int Scope, int Parent, int FirstLine, int LastLine);
