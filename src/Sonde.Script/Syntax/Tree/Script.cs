namespace Sonde.Script.Syntax;

/// <summary>A whole program; after imports, with everything the imported scripts brought, in the order in which they stand.</summary>
sealed class Script(SourceSpan span) : Node(span)
{
    /// <summary>The same script, for an initializer to change.</summary>
    public Script(Script original)
        : this(original.Span) => (Config, Imports, Definitions, MapDeclarations, Macros, Subprograms, Probes, Options) = (
            original.Config, original.Imports, original.Definitions, original.MapDeclarations, original.Macros, original.Subprograms, original.Probes, original.Options);

    /// <summary>The config block, or null.</summary>
    public ConfigBlock? Config { get; init; }

    /// <summary>The imports as written.</summary>
    public IReadOnlyList<Import> Imports { get; init; } = [];

    /// <summary>C definitions: of the script, its included files and imported headers; a later one of the same name wins.</summary>
    public IReadOnlyList<CDefinition> Definitions { get; init; } = [];

    /// <summary><c>let @m = hash(N);</c></summary>
    public IReadOnlyList<MapDeclaration> MapDeclarations { get; init; } = [];

    /// <summary>Macros; every use is expanded in a script that <see cref="ScriptReader"/> gave.</summary>
    public IReadOnlyList<Macro> Macros { get; init; } = [];

    /// <summary><c>fn f($a: int64): int64 { … }</c></summary>
    public IReadOnlyList<Subprogram> Subprograms { get; init; } = [];

    /// <summary>The probes in order.</summary>
    public IReadOnlyList<Probe> Probes { get; init; } = [];

    /// <summary>The named parameters that the script asks for with <c>getopt</c>.</summary>
    public IReadOnlyList<ScriptOption> Options { get; init; } = [];
}

/// <summary>A named parameter of a script, given as <c>--name=value</c>.</summary>
/// <param name="Name">The name without dashes.</param>
/// <param name="Default">What it is when it is not given; its kind is the parameter's: int, string or bool.</param>
/// <param name="Help">What it means, or null.</param>
sealed record ScriptOption(string Name, Expression Default, string? Help);

/// <summary><c>config = { … }</c></summary>
sealed class ConfigBlock(SourceSpan span, IReadOnlyList<ConfigEntry> entries) : Node(span)
{
    public IReadOnlyList<ConfigEntry> Entries { get; } = entries;
}

/// <summary>One <c>name = value</c> of the config block.</summary>
sealed class ConfigEntry(SourceSpan span, string name, string value, bool isQuoted) : Node(span)
{
    public string Name { get; } = name;

    /// <summary>The value's text: a word, a number in decimal, or a string's content.</summary>
    public string Value { get; } = value;

    /// <summary>Whether the value was written as a string.</summary>
    public bool IsQuoted { get; } = isQuoted;
}

/// <summary><c>import "path";</c></summary>
sealed class Import(SourceSpan span, string path) : Node(span)
{
    public string Path { get; } = path;
}

/// <summary><c>let @name = kind(maxEntries);</c></summary>
sealed class MapDeclaration(SourceSpan span, string name, string kind, ulong maxEntries) : Node(span)
{
    /// <summary>The name with its <c>@</c>.</summary>
    public string Name { get; } = name;

    /// <summary><c>hash</c>, <c>lruhash</c>, <c>percpuhash</c>, <c>percpulruhash</c>, or something unknown.</summary>
    public string Kind { get; } = kind;
    public ulong MaxEntries { get; } = maxEntries;
}

/// <summary>What a macro's parameter takes.</summary>
enum MacroParameterKind
{
    /// <summary><c>x</c>: any expression, or a type given as <c>typeof(T)</c>.</summary>
    Expression,

    /// <summary><c>$x</c>: a scratch variable, which the macro may assign.</summary>
    Variable,

    /// <summary><c>@m</c>: a map, which the macro may change.</summary>
    Map,
}

/// <summary>A parameter of a macro; the name has its sigil.</summary>
sealed class MacroParameter(SourceSpan span, MacroParameterKind kind, string name) : Node(span)
{
    public MacroParameterKind Kind { get; } = kind;
    public string Name { get; } = name;
}

/// <summary><c>macro name($var, expr, @map) { …; value }</c>; the span is that of <c>macro name</c>.</summary>
sealed class Macro(SourceSpan span, string name, IReadOnlyList<MacroParameter> parameters, IReadOnlyList<Statement> statements, Expression? value) : Node(span)
{
    public string Name { get; } = name;
    public IReadOnlyList<MacroParameter> Parameters { get; } = parameters;
    public IReadOnlyList<Statement> Statements { get; } = statements;

    /// <summary>The last expression without a semicolon, or null.</summary>
    public Expression? Value { get; } = value;
}

/// <summary><c>fn name($a: T): R { … }</c></summary>
sealed class Subprogram(SourceSpan span, string name, IReadOnlyList<SubprogramParameter> parameters, TypeName returnType, Block body) : Node(span)
{
    public string Name { get; } = name;
    public IReadOnlyList<SubprogramParameter> Parameters { get; } = parameters;
    public TypeName ReturnType { get; } = returnType;
    public Block Body { get; } = body;
}

/// <summary><c>$name: type</c> of a subprogram.</summary>
sealed class SubprogramParameter(SourceSpan span, string name, TypeName type) : Node(span)
{
    public string Name { get; } = name;
    public TypeName Type { get; } = type;
}

/// <summary>Attach points with their predicate and body; the span is that of the attach points.</summary>
sealed class Probe(SourceSpan span, string? name, IReadOnlyList<AttachPoint> attachPoints, Expression? predicate, Block body) : Node(span)
{
    /// <summary>The <c>name=</c> before the attach points, or null; reserved by the language.</summary>
    public string? Name { get; } = name;
    public IReadOnlyList<AttachPoint> AttachPoints { get; } = attachPoints;

    /// <summary>The condition between slashes, or null.</summary>
    public Expression? Predicate { get; } = predicate;
    public Block Body { get; } = body;
}

/// <summary>A probe's place as it is written, split at colons; what the parts mean is the provider's business.</summary>
sealed class AttachPoint : Node
{
    /// <summary>An attach point.</summary>
    public AttachPoint(SourceSpan span, string provider, IReadOnlyList<string> parts)
        : base(span)
    {
        Provider = provider;
        Parts = parts;
    }

    /// <summary>The part before the first colon as written (<c>t</c>, <c>tracepoint</c>, <c>BEGIN</c>); may hold wildcards.</summary>
    public string Provider { get; }

    /// <summary>The parts after the provider: quotes taken off, positional parameters put in.</summary>
    public IReadOnlyList<string> Parts { get; }

    /// <summary>Provider and parts joined by colons again.</summary>
    public override string ToString() => Parts.Count == 0 ? Provider : Provider + ":" + string.Join(':', Parts);
}
