namespace Sonde.Python.Stacks;

/// <summary>The part of a source file that an instruction was compiled from.</summary>
/// <param name="Line">The first line, from 1.</param>
/// <param name="EndLine">The last line, from 1; the first one where the version tells no more (up to 3.10).</param>
/// <param name="Column">Where it begins in the first line, in bytes of UTF-8 from 0; -1 when unknown (always up to 3.10, PEP 657).</param>
/// <param name="EndColumn">Where it ends in the last line, exclusive, in bytes of UTF-8 from 0; -1 when unknown.</param>
public readonly record struct SourceSpan(int Line, int EndLine, int Column, int EndColumn);
