using System.Globalization;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Expressions; integers are signed, so that their signs never mix.</summary>
sealed partial class ScriptGenerator
{
    static readonly string[] _builtins = ["pid", "tid", "uid", "gid", "cpu", "ncpus", "nsecs", "elapsed", "rand"];

    string? Variable(Kind kind)
    {
        List<string> names = [.. _scopes.SelectMany(s => s).Where(v => v.Kind == kind).Select(v => v.Name)];
        return names.Count == 0 ? null : names[_random.Next(names.Count)];
    }

    string Integer(int depth)
    {
        if (depth <= 0)
        {
            return Leaf();
        }

        switch (_random.Next(13))
        {
            case 0 or 1 or 2:
                return $"({Integer(depth - 1)} {Pick("+", "-", "&", "|", "^")} {Integer(depth - 1)})";
            case 3:
                return $"({Integer(depth - 1)} {Pick("/", "%")} {_random.Next(1, 50)})";
            case 4:
                return $"({Integer(depth - 1)} {Pick("<<", ">>")} {_random.Next(16)})";
            case 5:
                return $"({Boolean(depth - 1)} ? {Integer(depth - 1)} : {Integer(depth - 1)})";
            case 6:
                return $"{Pick("-", "~")}({Integer(depth - 1)})";
            case 7:
                return $"(int64)({Pick("int8", "int16", "int32")}){Integer(depth - 1)}";
            case 8 when _macros.Count > 0:
                (string name, int parameters) = _macros[_random.Next(_macros.Count)];
                return $"{name}({string.Join(", ", Enumerable.Range(0, parameters).Select(_ => Integer(depth - 1)))})";
            case 9:
                return $"(({Integer(depth - 1)}, {String()}).0)";
            case 10:
                return $"({Integer(depth - 1)} * LIMIT)";
            case 11:
                return $"(int64)sizeof({Pick("uint32", "int64", "uint8[5]")})";
            default:
                return Leaf();
        }
    }

    string Leaf()
    {
        switch (_random.Next(8))
        {
            case 0 or 1 when Variable(Kind.Int) is string name:
                return name;
            case 2 when Variable(Kind.IntPair) is string pair:
                return $"{pair}.{_random.Next(2)}";
            case 3 when _mayReadMaps && _maps.Find(m => m.Value == "int") is GeneratedMap map:
                return map.Name + KeyOf(map);
            case 4:
                return $"(int64){_builtins[_random.Next(_builtins.Length)]}";
            case 5 when _probe.Integers.Count > 0 && _loops == 0:
                return $"(int64){_probe.Integers[_random.Next(_probe.Integers.Count)]}";
            case 6:
                return Pick("LIMIT", "0x1f", "0755", "1e3", "1_000", "5us", "2ms");
            default:
                return _random.Next(1000).ToString(CultureInfo.InvariantCulture);
        }
    }

    string Boolean(int depth)
    {
        switch (_random.Next(depth > 0 ? 9 : 4))
        {
            case 0:
                return Variable(Kind.Bool) ?? Pick("true", "false");
            case 1 or 2:
                return $"({Leaf()} {Pick("==", "!=", "<", ">", "<=", ">=")} {Leaf()})";
            case 3:
                return $"(comm {Pick("==", "!=")} \"{Pick("sh", "python3", "x")}\")";
            case 4 or 5:
                return $"({Integer(depth - 1)} {Pick("==", "!=", "<", ">", "<=", ">=")} {Integer(depth - 1)})";
            case 6:
                return $"({Boolean(depth - 1)} {Pick("&&", "||")} {Boolean(depth - 1)})";
            case 7:
                return $"!{Boolean(depth - 1)}";
            default:
                return $"({Integer(depth - 1)} != 0)";
        }
    }

    string String()
    {
        switch (_random.Next(5))
        {
            case 0 when Variable(Kind.String) is string name:
                return name;
            case 1 when _probe.Strings.Count > 0 && _loops == 0:
                return _probe.Strings[_random.Next(_probe.Strings.Count)];
            case 2:
                return Pick("comm", "probe");
            default:
                return Pick("\"\"", "\"text\"", "\"with \\\"quotes\\\" and \\t\"", "\"\\x41\\102\"", "\"longer than the others by far\"");
        }
    }

    // With its brackets, or nothing for a scalar. Keys do not read maps: a map in its own key is legal, and unreadable.
    string KeyOf(GeneratedMap map)
    {
        bool mayReadMaps = _mayReadMaps;
        _mayReadMaps = false;
        string key = map.Key switch
        {
            Key.None => "",
            Key.Int => $"[(int64){Leaf()}]",
            Key.String => "[comm]",
            Key.IntAndInt => $"[(int64){Leaf()}, (int64){Leaf()}]",
            _ => $"[(int64){Leaf()}, comm]",
        };
        _mayReadMaps = mayReadMaps;
        return key;
    }
}
