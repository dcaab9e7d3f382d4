namespace Sonde.Script.Syntax;

/// <summary>What all files of one script share while they are read.</summary>
sealed class PreprocessorState(ParseOptions options, DiagnosticBag diagnostics)
{
    // Enough for the largest system headers; a bomb of nested macros or includes ends here.
    public const int MostTokens = 4_000_000;
    public const int MostIncludes = 2000;
    public const int DeepestInclude = 64;
    public const int DeepestArgument = 64;

    public ParseOptions Options { get; } = options;
    public DiagnosticBag Diagnostics { get; } = diagnostics;
    public Dictionary<string, MacroDefinition> Macros { get; } = [];
    public Dictionary<string, long> Constants { get; } = [];
    public List<CDefinition> Definitions { get; } = [];

    /// <summary>Macros whose expansion is being read.</summary>
    public HashSet<MacroDefinition> Active { get; } = [];

    public int TokenCount { get; private set; }
    public int IncludeCount { get; set; }
    public int IncludeDepth { get; set; }
    public int ArgumentDepth { get; set; }

    bool _said;

    /// <summary>Counts tokens that came out of an expansion; false when there are too many, which is said once.</summary>
    public bool Spend(int tokens, SourceSpan span)
    {
        TokenCount = (int)Math.Min((long)TokenCount + tokens, MostTokens + 1);
        if (TokenCount <= MostTokens)
        {
            return true;
        }

        if (!_said)
        {
            _said = true;
            Diagnostics.Error(span, $"the expansion of macros gives more than {MostTokens} tokens");
        }

        return false;
    }
}
