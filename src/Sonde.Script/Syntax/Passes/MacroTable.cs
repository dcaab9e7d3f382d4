namespace Sonde.Script.Syntax;

/// <summary>The macros of a script by name; those of one name differ in the number or kinds of their parameters.</summary>
sealed class MacroTable
{
    readonly Dictionary<string, List<Macro>> _macros = [];

    /// <summary>Takes the script's macros, and of the standard library's those that the script does not replace.</summary>
    public MacroTable(IEnumerable<Macro> own, IEnumerable<Macro> standard, DiagnosticBag diagnostics)
    {
        foreach (Macro macro in own)
        {
            List<Macro> same = Named(macro.Name);
            if (same.Find(m => Covers(m, macro)) is Macro original)
            {
                diagnostics.Add(new Diagnostic(Severity.Error, macro.Span, $"Redefinition of macro: {macro.Name}")
                {
                    Notes = [(original.Span, "This is the original definition.")],
                });
                continue;
            }

            same.Add(macro);
        }

        foreach (Macro macro in standard)
        {
            List<Macro> same = Named(macro.Name);
            if (!same.Exists(m => Covers(m, macro)))
            {
                same.Add(macro);
            }
        }
    }

    public bool Has(string name) => _macros.ContainsKey(name);

    List<Macro> Named(string name)
    {
        if (!_macros.TryGetValue(name, out List<Macro>? macros))
        {
            _macros[name] = macros = [];
        }

        return macros;
    }

    // A variable is an expression too: after "f(x)" there is no place for "f($x)", but before it there is.
    static bool Covers(Macro earlier, Macro macro) => earlier.Parameters.Count == macro.Parameters.Count
        && earlier.Parameters.Zip(macro.Parameters).All(p => p.First.Kind == p.Second.Kind
            || (p.First.Kind == MacroParameterKind.Expression && p.Second.Kind == MacroParameterKind.Variable));

    /// <summary>The macro that takes these arguments; null after an error.</summary>
    public Macro? Select(string name, IReadOnlyList<Expression> arguments, SourceSpan site, DiagnosticBag diagnostics)
    {
        List<Macro> candidates = _macros[name];
        Macro? best = candidates.Where(m => m.Parameters.Count == arguments.Count && Mismatch(m, arguments) < 0)
            .MaxBy(m => m.Parameters.Count(p => p.Kind != MacroParameterKind.Expression));
        if (best is not null)
        {
            return best;
        }

        Macro closest = candidates.MinBy(m => Math.Abs(m.Parameters.Count - arguments.Count))!;
        List<(SourceSpan, string)> notes = [];
        if (closest.Parameters.Count != arguments.Count)
        {
            notes.Add((closest.Span, $"The closest definition of {name}() has a different number of arguments. Expected: {closest.Parameters.Count} but got {arguments.Count}"));
        }
        else
        {
            int wrong = Mismatch(closest, arguments);
            MacroParameter parameter = closest.Parameters[wrong];
            string wanted = parameter.Kind == MacroParameterKind.Map ? "map" : "variable";
            string given = arguments[wrong] switch
            {
                Variable => "a variable",
                MapAccess { Keys.Count: 0 } => "a map",
                _ => "an expression",
            };
            notes.Add((arguments[wrong].Span, $"Mismatched arg. {name}() expects a {wanted} for arg {parameter.Name} but got {given}."));
            notes.Add((parameter.Span, "This is the argument in the closest definition."));
        }

        diagnostics.Add(new Diagnostic(Severity.Error, site, $"Call to {name}() has arguments that do not match any definition.") { Notes = notes });
        return null;
    }

    static int Mismatch(Macro macro, IReadOnlyList<Expression> arguments)
    {
        for (int i = 0; i < arguments.Count; i++)
        {
            bool fits = macro.Parameters[i].Kind switch
            {
                MacroParameterKind.Variable => arguments[i] is Variable,
                MacroParameterKind.Map => arguments[i] is MapAccess { Keys.Count: 0 },
                _ => true,
            };
            if (!fits)
            {
                return i;
            }
        }

        return -1;
    }
}
