using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    /// <summary>Types of variables by the program and the place that brought them forth; they outlive a pass.</summary>
    readonly Dictionary<(int Program, Node Place, int Copy), TypeSlot> _slots = [];

    Scope _scope = new(null);

    /// <summary>Tells apart variables the binder makes itself.</summary>
    int _variableNumber;

    TypeSlot SlotOf(Node place)
    {
        var key = (_program.Number, place, _inlined?.Copy ?? 0);
        if (!_slots.TryGetValue(key, out var slot))
        {
            slot = new();
            _slots.Add(key, slot);
        }

        return slot;
    }

    void EnterScope() => _scope = new(_scope);

    void LeaveScope()
    {
        foreach (var variable in _scope.Variables)
        {
            if (variable is { IsAssigned: false, Declared: null } && variable.Origin.EndsWith("declaration.", StringComparison.Ordinal))
            {
                Warn(variable.Declaration, $"Variable {Shown(variable.Variable.Name)} was never assigned to.");
            }
        }

        _scope = _scope.Outer!;
    }

    VisibleVariable Declare(string name, TypeSlot slot, SourceSpan span, string origin, DataType? declared = null)
    {
        var variable = new VisibleVariable(new() { Name = name, Type = declared ?? slot.Type }, slot, span, origin) { Declared = declared };
        _scope.Add(variable);
        return variable;
    }

    BoundVariable DeclareLoopVariable(Variable syntax, TypeSlot slot)
    {
        var variable = Declare(syntax.Name, slot, syntax.Span, "This is the loop variable.");
        variable.IsAssigned = true;
        return variable.Variable;
    }

    bool MayDeclareLoopVariable(Variable syntax)
    {
        if (_scope.Find(syntax.Name) is not { } other)
        {
            return true;
        }

        ErrorWithPlace(syntax.Span, $"Loop declaration shadows existing variable: {syntax.DisplayName}", other);
        return false;
    }

    void ErrorWithPlace(SourceSpan span, string message, VisibleVariable other) =>
        _bag.Add(new(Severity.Error, span, message) { Notes = [(other.Declaration, other.Origin)] });

    /// <summary>A variable that no script can name.</summary>
    BoundVariable Temporary(DataType type) => new() { Name = $"${_variableNumber++}", Type = type };

    /// <summary><c>let $x</c> without what follows.</summary>
    static SourceSpan NamePart(Let syntax) => syntax.Span with { End = Math.Max(syntax.Span.Start, syntax.Variable.Span.End) };

    BoundStatement BindLet(Let syntax)
    {
        var name = syntax.Variable.Name;
        if (_scope.Find(name) is { } other)
        {
            ErrorWithPlace(NamePart(syntax), $"Variable {syntax.Variable.DisplayName} was already declared. Variable shadowing is not allowed.", other);
            return new BoundBlock([]);
        }

        var declared = syntax.Type is null ? null : ResolveType(syntax.Type);
        if (declared is VoidType or AggregateType)
        {
            Error(syntax.Type!.Span, $"Invalid variable declaration type: {declared}");
            declared = UnknownType.Instance;
        }

        if (syntax.Value is not null)
        {
            // The value cannot see the variable it gives its value to.
            var value = BindExpression(syntax.Value);
            var variable = Declare(name, SlotOf(syntax), NamePart(syntax), "This is the initial declaration.", declared);
            return Store(variable, value, syntax.Span);
        }

        var empty = Declare(name, SlotOf(syntax), NamePart(syntax), "This is the initial declaration.", declared).Variable;
        return IsUnknown(empty.Type) ? new BoundBlock([]) : new BoundSetVariable(empty, null);
    }

    /// <summary>Sets a variable that is in sight, or declares it here: a first assignment is a declaration.</summary>
    BoundStatement AssignVariable(Variable syntax, BoundExpression value, Node place)
    {
        var variable = _scope.Find(syntax.Name) ?? Declare(syntax.Name, SlotOf(place), place.Span, "This is the initial assignment.");
        return Store(variable, value, place.Span);
    }

    BoundStatement Store(VisibleVariable variable, BoundExpression value, SourceSpan span)
    {
        variable.IsAssigned = true;
        if (IsUnknown(value))
        {
            variable.Slot.IsBroken = true;
            return AsStatement(value is BoundBlockExpression ? value : Unknown);
        }

        if (value.Type is AggregateType or VoidType)
        {
            variable.Slot.IsBroken = true;
            Error(span, value.Type is VoidType ? "Invalid expression for assignment" : $"Value '{value.Type}' cannot be assigned to a scratch variable.");
            return new BoundBlock([]);
        }

        var shape = TypeJoin.Of(value);
        if (variable.Declared is { } declared)
        {
            if (declared is not UnknownType && !FitsDeclared(declared, shape))
            {
                ReportMismatch(span, variable.Variable.Name, value.Type, "variable", declared);
                return new BoundBlock([]);
            }
        }
        else if (!variable.Slot.Add(shape))
        {
            ReportMismatch(span, variable.Variable.Name, value.Type, "variable", variable.Slot.Gathered);
            return new BoundBlock([]);
        }

        return new BoundSetVariable(variable.Variable, ConvertStored(value, variable.Variable.Type));
    }

    static bool FitsDeclared(DataType declared, DataType shape) => TypeJoin.Join(declared, shape) is { } joined && (joined == declared
        || (declared is PointerType && joined is PointerType));

    /// <summary>A name as it is written: a macro's own variables carry a mark.</summary>
    static string Shown(string name) => name.IndexOf(Variable.HygieneMark, StringComparison.Ordinal) is > 0 and var mark ? name[..mark] : name;

    void ReportMismatch(SourceSpan span, string name, DataType type, string what, DataType known) =>
        Error(span, $"Type mismatch for {Shown(name)}: trying to assign value of type '{type}' when {what} already has a type '{known}'");

    BoundExpression BindVariable(Variable syntax)
    {
        if (_scope.Find(syntax.Name) is not { } variable)
        {
            return Fail(syntax.Span, $"Undefined or undeclared variable: {syntax.DisplayName}");
        }

        if (!variable.IsAssigned && variable.Declared is null)
        {
            Warn(syntax.Span, $"Variable used before it was assigned: {syntax.DisplayName}");
        }

        if (variable.Variable.Type is UnknownType && _isLast && !variable.Slot.IsBroken && variable.Declared is null)
        {
            return Fail(syntax.Span, "Could not resolve the type of this variable");
        }

        return new BoundVariableRead(variable.Variable);
    }
}
