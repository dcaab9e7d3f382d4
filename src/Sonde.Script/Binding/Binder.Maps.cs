using System.Globalization;
using Sonde.Bpf;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Script.Binding;

sealed partial class Binder
{
    /// <summary>A hash has a power of two buckets, of which 32 bits hold no more (htab_map_alloc in kernel/bpf/hashtab.c).</summary>
    const ulong MostEntries = int.MaxValue;

    static readonly Dictionary<string, MapType> _mapKinds = new()
    {
        ["hash"] = MapType.Hash,
        ["lruhash"] = MapType.LruHash,
        ["percpuhash"] = MapType.PerCpuHash,
        ["percpulruhash"] = MapType.LruPerCpuHash,
    };

    /// <summary>The maps in the order in which the script first names them, declared ones first.</summary>
    readonly OrderedDictionary<string, MapSlot> _maps = [];
    IReadOnlyDictionary<string, bool> _mapsOfMissing = new Dictionary<string, bool>();

    void DeclareMaps()
    {
        foreach (var declaration in _script.MapDeclarations)
        {
            if (!_mapKinds.TryGetValue(declaration.Kind, out var kind))
            {
                _diagnostics.Error(declaration.Span, $"Invalid bpf map type: {declaration.Kind}", "Valid map types: percpulruhash, percpuhash, lruhash, hash");
            }
            else if (declaration.MaxEntries > MostEntries)
            {
                _diagnostics.Error(declaration.Span, string.Create(CultureInfo.InvariantCulture, $"{declaration.Name} is declared with {declaration.MaxEntries} entries; a map holds at most {MostEntries}"),
                    "All entries of a hash take up memory from the start");
            }
            else if (_maps.TryGetValue(declaration.Name, out _))
            {
                _diagnostics.Error(declaration.Span, $"Map {declaration.Name} was already declared.");
            }
            else
            {
                _maps.Add(declaration.Name, new(declaration.Name)
                {
                    Declaration = declaration,
                    Map = new() { Name = declaration.Name, Id = _maps.Count, DeclaredType = kind, MaxEntries = (int)declaration.MaxEntries },
                });
            }
        }
    }

    /// <summary>Finds the maps of probes that have no places: a script that only prints or clears one then is right.</summary>
    void FindMapsOfMissing(List<ProbeProgram> programs)
    {
        var search = new MapSearch(_diagnostics);
        foreach (var probe in _script.Probes.Where(probe => !programs.Exists(program => program.Syntax == probe)))
        {
            _ = search.Rewrite(probe.Body);
        }

        _mapsOfMissing = search.Found;
    }

    /// <summary>What nothing is stored in may be of any type.</summary>
    void SettleMapsOfMissing()
    {
        foreach (var (name, hasKeys) in _mapsOfMissing)
        {
            if (_maps.TryGetValue(name, out var map) && map.Value is { Gathered: UnknownType, IsBroken: false })
            {
                map.Value.Add(IntegerType.Int64);
                if (hasKeys && map is { HasKeys: not false, Key.Gathered: UnknownType })
                {
                    map.Key.Add(IntegerType.Int64);
                }
            }
        }
    }

    MapSlot UseMap(string name, SourceSpan span)
    {
        if (!_maps.TryGetValue(name, out var map))
        {
            map = new(name) { Map = new() { Name = name, Id = _maps.Count } };
            _maps.Add(name, map);
        }

        if (map.Declaration is { } declaration && _isLast)
        {
            CheckDeclaration(map, declaration, span);
        }

        return map;
    }

    /// <summary>Aggregates live in maps with a value for each processor, all others in maps with one.</summary>
    void CheckDeclaration(MapSlot map, MapDeclaration declaration, SourceSpan span)
    {
        if (map.HasKeys == false || map.Value.Type is UnknownType)
        {
            return;
        }

        var isPerCpu = declaration.Kind.StartsWith("percpu", StringComparison.Ordinal);
        if (isPerCpu && map.Value.Type is not AggregateType)
        {
            Error(span, $"Incompatible map types. Type from declaration: {declaration.Kind}. Type from value/key type: hash");
        }
        else if (!isPerCpu && map.Value.Type is AggregateType)
        {
            Error(span, $"Incompatible map types. Type from declaration: {declaration.Kind}. Type from value/key type: percpuhash");
        }
    }

    void FinishMaps()
    {
        foreach (var slot in _maps.Values)
        {
            slot.Map.Key = slot.Key.Type is UnknownType ? null : slot.Key.Type;
            slot.Map.Value = slot.Value.Type is UnknownType ? null : slot.Value.Type;
        }
    }

    /// <summary>A use of a map at a key, or of a map without keys; null key expression for the latter. False after an error.</summary>
    bool TryAccess(MapAccess syntax, out MapSlot map, out BoundExpression? key)
    {
        var keys = syntax.Keys.Select(BindExpression).ToArray();
        map = UseMap(syntax.Name, syntax.Span);
        key = null;
        if (keys.Length == 0)
        {
            if (map.HasKeys == true)
            {
                Error(syntax.Span, $"{map.Name} used as a map without an explicit key (scalar map), previously used with an explicit key (non-scalar map)");
                return false;
            }

            map.HasKeys = false;
            return true;
        }

        return TryKey(map, keys.Length == 1 ? keys[0] : TupleOf(keys), syntax.Span, out key);
    }

    /// <summary>Takes a key into account and makes it the map's key type.</summary>
    bool TryKey(MapSlot map, BoundExpression written, SourceSpan span, out BoundExpression? key)
    {
        key = null;
        if (map.HasKeys == false)
        {
            Error(span, $"{map.Name} used as a map with an explicit key (non-scalar map), previously used without an explicit key (scalar map)");
            return false;
        }

        map.HasKeys = true;
        written = AsNumber(written);
        if (IsUnknown(written))
        {
            return false;
        }

        if (written.Type is AggregateType or VoidType or FloatType || (written.Type is PointerType && written is BoundContext))
        {
            Error(span, written is BoundContext ? "context cannot be part of a map key" : $"Value '{written.Type}' cannot be used as a map key.");
            return false;
        }

        if (!map.Key.Add(TypeJoin.Of(written)))
        {
            Error(span, $"Argument mismatch for {map.Name}: trying to access with arguments: '{written.Type}' when map expects arguments: '{map.Key.Gathered}'");
            return false;
        }

        key = ConvertStored(written, map.Key.Type);
        return true;
    }

    BoundExpression BindMapAccess(MapAccess syntax)
    {
        if (!TryAccess(syntax, out var map, out var key))
        {
            return Unknown;
        }

        return IsDefined(map, syntax.Span) ? new BoundMapRead(map.Map, key, map.Value.Type) : Unknown;
    }

    BoundStatement BindAssign(Assign syntax)
    {
        if (syntax.Operator is { } operation)
        {
            return BindCompound(syntax, operation);
        }

        if (syntax.Target is Variable variable)
        {
            return AssignVariable(variable, BindExpression(syntax.Value), syntax);
        }

        var access = (MapAccess)syntax.Target;
        if (syntax.Value is Call { Name: var name } call && Aggregations.TryGetValue(name, out var aggregation))
        {
            return BindAggregate(access, call, aggregation, syntax.Span);
        }

        var value = BindExpression(syntax.Value);
        return TryAccess(access, out var map, out var key) ? Store(map, key, value, syntax.Span) : new BoundBlock([]);
    }

    BoundStatement Store(MapSlot map, BoundExpression? key, BoundExpression value, SourceSpan span)
    {
        if (IsUnknown(value))
        {
            map.Value.IsBroken = true;
            return new BoundBlock([]);
        }

        if (value is BoundMapRead { Type: AggregateType aggregate } && map.Value.Gathered is UnknownType or AggregateType)
        {
            Error(span, $"Map value '{aggregate}' cannot be assigned from one map to another. The function that returns this type must be called directly e.g. `{map.Name} = {CallOf(aggregate)};`.",
                aggregate.IsNumber ? $"Add a cast to integer if you want the value of the aggregate, e.g. `{map.Name} = (int64){value.Span?.Text};`." : null);
            return new BoundBlock([]);
        }

        value = AsNumber(value);
        if (value.Type is VoidType or AggregateType)
        {
            Error(span, value.Type is VoidType ? "Invalid expression for assignment" : $"Value '{value.Type}' cannot be assigned to a map.");
            return new BoundBlock([]);
        }

        if (!TryAddValue(map, TypeJoin.Of(value), value.Type, span))
        {
            return new BoundBlock([]);
        }

        return map.HasKeys == true && key is null ? new BoundBlock([]) : new BoundSetMap(map.Map, key, ConvertStored(value, map.Value.Type));
    }

    bool TryAddValue(MapSlot map, DataType shape, DataType shown, SourceSpan span)
    {
        if (map.Value.Add(shape))
        {
            return true;
        }

        ReportMismatch(span, map.Name, shown, "map", map.Value.Gathered);
        return false;
    }

    static string CallOf(AggregateType aggregate) => aggregate.Kind switch
    {
        AggregateKind.Count => "count()",
        AggregateKind.Sum => "sum(retval)",
        AggregateKind.Min => "min(retval)",
        AggregateKind.Max => "max(retval)",
        AggregateKind.Average => "avg(retval)",
        AggregateKind.Stats => "stats(arg2)",
        AggregateKind.Histogram => "hist(retval)",
        AggregateKind.LinearHistogram => "lhist(rand %10, 0, 10, 1)",
        _ => "tseries(rand %10, 10s, 1)",
    };

    /// <summary><c>target op= value</c>: for maps the key is evaluated once.</summary>
    BoundStatement BindCompound(Assign syntax, BinaryOperator operation)
    {
        var value = BindExpression(syntax.Value);
        if (syntax.Target is Variable variable)
        {
            var current = BindVariable(variable);
            return AssignVariable(variable, BindBinary(operation, current, value, syntax, syntax.Target.Span, syntax.Value.Span), syntax);
        }

        var access = (MapAccess)syntax.Target;
        if (!TryAccess(access, out var map, out var key))
        {
            return new BoundBlock([]);
        }

        // A map that is only ever added to starts as a number.
        var (setUp, reused) = Once(key);
        var type = map.Value.Type is UnknownType ? IntegerType.Int64 : map.Value.Type;
        BoundExpression before = new BoundMapRead(map.Map, reused, type) { Span = access.Span };
        var store = Store(map, reused, BindBinary(operation, before, value, syntax, syntax.Target.Span, syntax.Value.Span), syntax.Span);
        return setUp is null ? store : new BoundBlock([setUp, store]);
    }

    /// <summary>An expression to be used more than once: put into a variable unless it costs nothing to say it again.</summary>
    (BoundStatement? SetUp, BoundExpression? Value) Once(BoundExpression? value)
    {
        if (value is null or BoundConstant or BoundText or BoundVariableRead || IsUnknown(value))
        {
            return (null, value);
        }

        var variable = Temporary(value.Type);
        return (new BoundSetVariable(variable, value), new BoundVariableRead(variable));
    }
}
