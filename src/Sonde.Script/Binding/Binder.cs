using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>
/// Gives a script its meaning on a machine: finds its probes, the types of all it names, and says it in the few words of the bound tree.
/// </summary>
/// <remarks>
/// Types are found by going over the whole script until nothing changes: a map may be read in a probe that stands before the one that fills it.
/// Only the last pass reports and is kept; those before write their messages nowhere.
/// </remarks>
sealed partial class Binder
{
    /// <summary>Each pass carries a type one use further; scripts need two or three.</summary>
    const int MostPasses = 24;

    readonly Syntax.Script _script;
    readonly ITarget _target;
    readonly BindOptions _options;
    readonly DiagnosticBag _diagnostics;
    readonly TypeResolver _types;
    readonly List<string> _probeNames = [];
    readonly List<ScriptAction> _actions = [];

    /// <summary>Where the pass at hand reports to.</summary>
    DiagnosticBag _bag = new();

    int _pass;
    bool _usesArguments;
    bool _isLast;

    Binder(Syntax.Script script, ITarget target, BindOptions options, DiagnosticBag diagnostics)
    {
        _script = script;
        _target = target;
        _options = options;
        _diagnostics = diagnostics;
        _types = new(script.Definitions, target);
    }

    /// <summary>The script as programs see it; null when there are errors.</summary>
    public static BoundScript? Bind(Syntax.Script script, ITarget target, BindOptions options, DiagnosticBag diagnostics) =>
        new Binder(script, target, options, diagnostics).Bind();

    BoundScript? Bind()
    {
        var programs = ResolveProbes();
        DeclareMaps();
        FindMapsOfMissing(programs);
        if (_diagnostics.HasErrors)
        {
            return null;
        }

        // The first pass tells what the blocks use; those that use nothing of their probe's own can do with fewer programs.
        _bag = new();
        BindAll(programs);
        programs = Merge(programs);
        do
        {
            _bag = new();
            BindAll(programs);
        }
        while (EndPass() && ++_pass < MostPasses);

        _bag = _diagnostics;
        _isLast = true;
        if (_pass == MostPasses)
        {
            Error(_script.Span, "The types of this script's maps and variables depend on each other without end", "Give some of them a type: let $x: int64");
        }

        var probes = BindAll(programs);
        FinishMaps();
        return _diagnostics.HasErrors ? null : new()
        {
            Config = _options.Config,
            Probes = probes,
            Maps = [.. _maps.Values.Select(slot => slot.Map)],
            Actions = _actions,
            ProbeNames = _probeNames,
            TellsFailures = _options.TellsFailures,
            PythonNames = _pythonNames,
            KernelThreads = _looksAtThreads ? _target.KernelThreads : null,
        };
    }

    List<BoundProbe> BindAll(IReadOnlyList<ProbeProgram> programs)
    {
        _actions.Clear();
        var probes = new List<BoundProbe>();
        foreach (var program in programs)
        {
            _program = program;
            _scope = new(null);
            _variableNumber = 0;
            _copies = 0;
            _unrolled = 0;
            _usesArguments = false;
            _types.UsesProgramTypes = false;
            probes.Add(BindProbe(program));
            program.UsesItsOwn |= _usesArguments || _types.UsesProgramTypes;
        }

        SettleMapsOfMissing();
        return probes;
    }

    bool EndPass()
    {
        var changed = false;
        foreach (var slot in _slots.Values)
        {
            changed |= slot.EndPass();
        }

        foreach (var map in _maps.Values)
        {
            changed |= map.Key.EndPass() | map.Value.EndPass();
            map.HasKeys = map.Key.Type is not UnknownType || map.HasKeys == true;
        }

        return changed;
    }

    int AddAction(ScriptAction action)
    {
        _actions.Add(action);
        return _actions.Count - 1;
    }

    void Error(SourceSpan span, string message, string? hint = null) => _bag.Error(span, message, hint);

    void Warn(SourceSpan span, string message, string? hint = null) => _bag.Warning(span, message, hint);

    /// <summary>Reports and gives an expression that nothing more is said of.</summary>
    BoundExpression Fail(SourceSpan span, string message, string? hint = null)
    {
        Error(span, message, hint);
        return Unknown;
    }

    static BoundExpression Unknown { get; } = new BoundConstant(UnknownType.Instance, 0);

    static BoundExpression Nothing { get; } = new BoundConstant(VoidType.Instance, 0);

    static bool IsUnknown(BoundExpression expression) => IsUnknown(expression.Type);

    static bool IsUnknown(DataType type) => type switch
    {
        UnknownType => true,
        TupleType tuple => tuple.Elements.Any(IsUnknown),
        PointerType pointer => pointer.Target is UnknownType,
        _ => false,
    };
}
