namespace Sonde.Script.Syntax;

/// <summary>Replaces the uses of macros by their bodies: a pass over the tree before anything is bound.</summary>
static class MacroExpander;
