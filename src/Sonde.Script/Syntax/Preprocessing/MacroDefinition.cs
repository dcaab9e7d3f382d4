namespace Sonde.Script.Syntax;

/// <summary>A <c>#define</c>.</summary>
sealed class MacroDefinition(string name, IReadOnlyList<string>? parameters, bool isVariadic, IReadOnlyList<Token> body)
{
    public string Name { get; } = name;

    /// <summary>Null for an object-like macro.</summary>
    public IReadOnlyList<string>? Parameters { get; } = parameters;
    public bool IsVariadic { get; } = isVariadic;
    public IReadOnlyList<Token> Body { get; } = body;

    public int ParameterIndex(string word)
    {
        if (Parameters is not null)
        {
            for (int i = 0; i < Parameters.Count; i++)
            {
                if (Parameters[i] == word)
                {
                    return i;
                }
            }
        }

        return -1;
    }
}
