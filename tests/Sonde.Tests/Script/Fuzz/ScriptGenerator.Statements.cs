using System.Globalization;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Statements.</summary>
sealed partial class ScriptGenerator
{
    void Statements(int count, int depth)
    {
        _indent++;
        _scopes.Add([]);
        for (int i = 0; i < count; i++)
        {
            Statement(depth);
        }

        _scopes.RemoveAt(_scopes.Count - 1);
        _indent--;
    }

    void Statement(int depth)
    {
        if (_usesAll && Chance(2))
        {
            Rare(depth);
            return;
        }

        switch (_random.Next(depth > 0 ? 16 : 10))
        {
            case 0 or 1:
                NewVariable();
                break;
            case 2:
                ChangeVariable();
                break;
            case 3 or 4 or 5:
                MapStatement();
                break;
            case 6:
                Printf();
                break;
            case 7:
                Line($"print({Pick(Integer(2), String(), $"({Integer(1)}, {String()})", _maps[_random.Next(_maps.Count)].Name)});");
                break;
            case 8:
                MapMaintenance();
                break;
            case 9:
                Line(_loops > 0 && Chance(2) ? $"if ({Boolean(1)}) {{ {Pick("break", "continue")}; }}" : $"_ = {Integer(1)};");
                break;
            case 10 or 11:
                If(depth);
                break;
            case 12 or 13:
                For(depth);
                break;
            case 14:
                Line($"unroll({_random.Next(1, 4)}) {{");
                Statements(_random.Next(1, 3), 0);
                Line("}");
                break;
            default:
                Line("{");
                Statements(_random.Next(1, 3), depth - 1);
                Line("}");
                break;
        }
    }

    void NewVariable()
    {
        string name = NewName();
        Kind kind = (Kind)_random.Next(4);
        string value = kind switch
        {
            Kind.Int => $"(int64)({Integer(2)})",
            Kind.Bool => Boolean(2),
            Kind.String => String(),
            _ => $"((int64){Integer(1)}, (int64){Integer(1)})",
        };
        string type = kind == Kind.Int && Chance(2) ? ": int64" : "";
        Line(Chance(2) || type.Length > 0 ? $"let {name}{type} = {value};" : $"{name} = {value};");
        _scopes[^1].Add((name, kind));
    }

    void ChangeVariable()
    {
        if (Variable(Kind.Int) is string name)
        {
            string statement = _random.Next(4) switch
            {
                0 => $"{name} = {Integer(2)};",
                1 => $"{name} {Pick("+=", "-=", "*=", "&=", "|=", "^=")} {Integer(1)};",
                2 => $"{name} {Pick("<<=", ">>=")} {_random.Next(8)};",
                _ => $"{name}{Pick("++", "--")};",
            };
            Line(statement);
        }
    }

    void MapStatement() => Fill(_maps[_random.Next(_maps.Count)]);

    void Fill(GeneratedMap map)
    {
        string access = map.Name + KeyOf(map);
        string statement = map.Value switch
        {
            "int" => Chance(2) ? $"{access} = (int64)({Integer(2)});" : Chance(2) ? $"{access}{Pick("++", "--")};" : $"{access} {Pick("+=", "-=", "|=")} (int64)({Integer(1)});",
            "string" => $"{access} = comm;",
            "count" => $"{access} = count();",
            "hist" => $"{access} = hist({Integer(2)});",
            "lhist" => $"{access} = lhist({Integer(1)}, 0, 100, 10);",
            _ => $"{access} = {map.Value}({Integer(2)});",
        };
        Line(statement);
    }

    void MapMaintenance()
    {
        GeneratedMap map = _maps[_random.Next(_maps.Count)];
        if (map.Key == Key.None)
        {
            Line($"{Pick("clear", "zero")}({map.Name});");
        }
        else
        {
            string key = KeyOf(map)[1..^1];
            key = key.Contains(',', StringComparison.Ordinal) ? $"({key})" : key;
            Line(_random.Next(3) switch
            {
                0 => $"delete({map.Name}, {key});",
                1 => $"if (has_key({map.Name}, {key})) {{ delete({map.Name}, {key}); }}",
                _ => $"clear({map.Name});",
            });
        }
    }

    void Printf() => Line(_random.Next(4) switch
    {
        0 => $"printf(\"%d %s\\n\", {Integer(2)}, {String()});",
        1 => $"printf(\"%5d|%-10s|%x\\n\", {Integer(1)}, {String()}, {Integer(1)});",
        2 => $"printf(\"%lld %llu\\n\", {Integer(2)}, {Integer(2)});",
        _ => "printf(\"done\\n\");",
    });

    void If(int depth)
    {
        Line($"if {(Chance(2) ? $"({Boolean(2)})" : Boolean(1))} {{");
        Statements(_random.Next(1, 4), depth - 1);
        if (Chance(2))
        {
            Line("} else {");
            Statements(_random.Next(1, 3), depth - 1);
        }
        else if (Chance(3))
        {
            Line($"}} else if ({Boolean(1)}) {{");
            Statements(1, depth - 1);
        }

        Line("}");
    }

    void For(int depth)
    {
        GeneratedMap? map = _maps.Find(m => m.Key != Key.None && m.Value is "int" or "string");
        string name = NewName();
        _loops++;
        if (map is null || map.Key == Key.None || Chance(2))
        {
            string end = Chance(3) ? "ncpus" : _random.Next(10).ToString(CultureInfo.InvariantCulture);
            Line(Chance(2) ? $"for ({name} : 0..{end}) {{" : $"for {name} : 1..{end} {{");
            _scopes.Add([(name, Kind.Int)]);
        }
        else
        {
            Line($"for ({name} : {map.Name}) {{");
            _scopes.Add([]);
            _indent++;
            Line($"print({name}.{_random.Next(2)});");
            _indent--;
        }

        Statements(_random.Next(1, 3), depth - 1);
        _scopes.RemoveAt(_scopes.Count - 1);
        _loops--;
        Line("}");
    }
}
