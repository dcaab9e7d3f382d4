namespace Sonde.Python.Source;

/// <summary>What a node of the scope tree stands for.</summary>
enum ScopeKind : byte
{
    Module,
    Function,
    Class,
    Lambda,
    Comprehension,

    /// <summary>Brackets that turned out to hold no comprehension: no scope of their own.</summary>
    Brackets,
}

/// <summary>The scopes of a source file, each with the one around it; node 0 is the module.</summary>
sealed class ScopeTree
{
    // A qualified name longer than this is not worth showing.
    const int LongestName = 2000;

    readonly List<Node> _nodes = [new Node(0, ScopeKind.Module, "<module>")];
    readonly HashSet<(int Scope, string Name)> _globals = [];

    record struct Node(int Parent, ScopeKind Kind, string Name);

    public int Count => _nodes.Count;

    public int Add(int parent, ScopeKind kind, string name)
    {
        _nodes.Add(new Node(parent, kind, name));
        return _nodes.Count - 1;
    }

    /// <summary>Makes brackets a comprehension.</summary>
    public void Become(int brackets, string name) => _nodes[brackets] = _nodes[brackets] with { Kind = ScopeKind.Comprehension, Name = name };

    /// <summary>Takes brackets away again when nothing refers to them.</summary>
    public void RemoveIfUnused(int brackets)
    {
        if (brackets == _nodes.Count - 1 && _nodes[brackets].Kind == ScopeKind.Brackets)
        {
            _nodes.RemoveAt(brackets);
        }
    }

    /// <summary>Notes a <c>global</c> statement.</summary>
    public void AddGlobal(int scope, string name) => _globals.Add((Enclosing(scope), name));

    public int Parent(int node) => _nodes[node].Parent;

    /// <summary>
    /// The name as <c>compiler_set_qualname</c> makes it (Python/compile.c, 3.6 to 3.10): <c>.&lt;locals&gt;</c> after functions and lambdas only,
    /// and nothing before a name that is global in the scope around it. Null when it is absurdly long.
    /// </summary>
    public string? QualifiedName(int node)
    {
        var parts = new Stack<string>();
        int length = 0;
        while (true)
        {
            var (_, kind, name) = _nodes[node];
            parts.Push(name);
            length += name.Length + 1;
            if (length > LongestName)
            {
                return null;
            }

            int scope = Enclosing(_nodes[node].Parent);
            bool isGlobal = kind is ScopeKind.Function or ScopeKind.Class && _globals.Contains((scope, name));
            if (scope == 0 || isGlobal)
            {
                return string.Join('.', parts);
            }

            if (_nodes[scope].Kind is ScopeKind.Function or ScopeKind.Lambda)
            {
                parts.Push("<locals>");
            }

            node = scope;
        }
    }

    /// <summary>The qualified name something of that name has within a scope.</summary>
    public string? QualifiedName(int scope, string name)
    {
        if (scope == 0)
        {
            return name;
        }

        string separator = _nodes[scope].Kind is ScopeKind.Function or ScopeKind.Lambda ? ".<locals>." : ".";
        return QualifiedName(scope) is { } around ? around + separator + name : null;
    }

    int Enclosing(int node)
    {
        while (_nodes[node].Kind == ScopeKind.Brackets)
        {
            node = _nodes[node].Parent;
        }

        return node;
    }
}
