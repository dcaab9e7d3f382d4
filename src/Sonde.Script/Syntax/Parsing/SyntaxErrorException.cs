namespace Sonde.Script.Syntax;

/// <summary>Leaves a construct that cannot be read on; caught at the next statement, probe or definition, never outside the parsers.</summary>
sealed class SyntaxErrorException(Diagnostic diagnostic) : Exception(diagnostic.Message)
{
    public Diagnostic Diagnostic { get; } = diagnostic;
}
