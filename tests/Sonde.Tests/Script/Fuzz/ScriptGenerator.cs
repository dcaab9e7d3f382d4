using System.Globalization;
using System.Text;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>
/// Writes random programs in the tracing language from a seed: always well formed, and typed so that nearly all of them compile,
/// here and with bpftrace itself. Integers are kept signed and 64 bits wide; strings are assigned once; a map has one kind of key and value.
/// </summary>
sealed partial class ScriptGenerator
{
    readonly Random _random;
    readonly StringBuilder _text = new();
    readonly List<GeneratedMap> _maps = [];
    readonly List<List<(string Name, Kind Kind)>> _scopes = [];
    readonly List<(string Name, int Parameters)> _macros = [];
    readonly bool _usesAll;
    IReadOnlyList<GeneratedProbe> _probes = GeneratedProbe.All;
    GeneratedProbe _probe = GeneratedProbe.All[0];
    int _names;
    int _indent;
    int _loops;
    bool _mayReadMaps = true;

    enum Kind
    {
        Int,
        Bool,
        String,
        IntPair,
    }

    enum Key
    {
        None,
        Int,
        String,
        IntAndInt,
        IntAndString,
    }

    sealed record GeneratedMap(string Name, Key Key, string Value);

    /// <param name="seed">Decides the program.</param>
    /// <param name="usesAll">Whether to use what is rare too; else only what everyday programs are made of.</param>
    public ScriptGenerator(int seed, bool usesAll = false)
    {
        _random = new Random(seed);
        _usesAll = usesAll;
    }

    /// <summary>One program; only with the probes given, when they are.</summary>
    public string Program(IReadOnlyList<GeneratedProbe>? probes = null)
    {
        _probes = probes ?? GeneratedProbe.All;
        Line($"#define LIMIT {_random.Next(1, 50)}");
        Line(Structures);
        if (Chance(3))
        {
            Line($"config = {{ max_strlen = {Pick("64", "32", "200", "1024", "4096")}; print_maps_on_exit = true }}");
        }

        NewMaps();
        foreach (GeneratedMap map in _maps)
        {
            if (map.Key != Key.None && map.Value is "int" or "string" && Chance(8))
            {
                Line($"let {map.Name} = {Pick("hash", "lruhash")}({_random.Next(1, 1000)});");
            }
        }

        int macros = _random.Next(3);
        for (int i = 0; i < macros; i++)
        {
            NewMacro();
        }

        int count = _random.Next(1, 4);
        for (int i = 0; i < count; i++)
        {
            NewProbe(isFirst: i == 0);
        }

        return _text.ToString();
    }

    void NewMaps()
    {
        string[] values = ["int", "int", "string", "count", "sum", "min", "max", "avg", "stats", "hist", "lhist"];
        int count = _random.Next(2, 6);
        for (int i = 0; i < count; i++)
        {
            _maps.Add(new GeneratedMap("@m" + i.ToString(CultureInfo.InvariantCulture), (Key)_random.Next(5), values[_random.Next(values.Length)]));
        }
    }

    void NewMacro()
    {
        int parameters = _random.Next(3);
        string name = "macro" + _macros.Count.ToString(CultureInfo.InvariantCulture);
        string[] names = ["p", "q"];
        _scopes.Add([]);
        _mayReadMaps = false;
        string own = "$own";
        string value = parameters == 0 ? _random.Next(100).ToString(CultureInfo.InvariantCulture) : names[_random.Next(parameters)];
        Line($"macro {name}({string.Join(", ", names[..parameters])}) {{ {own} = (int64)({value}); {own} {Pick("+", "-", "*", "|")} {_random.Next(9)} }}");
        _mayReadMaps = true;
        _scopes.RemoveAt(0);
        _macros.Add((name, parameters));
    }

    // The first probe gives every map a value: a map that nobody fills has no type.
    void NewProbe(bool isFirst)
    {
        _probe = _probes[_random.Next(_probes.Count)];
        _scopes.Clear();
        _scopes.Add([]);
        string predicate = Chance(3) ? $" /{Boolean(2)}/" : "";
        Line($"{_probe.AttachPoint}{predicate} {{");
        if (isFirst)
        {
            _indent++;
            _mayReadMaps = false;
            _maps.ForEach(Fill);
            _mayReadMaps = true;
            _indent--;
        }

        Statements(_random.Next(1, 7), 3);
        Line("}");
    }

    void Line(string text)
    {
        _text.Append(' ', _indent * 2).Append(text).Append('\n');
    }

    bool Chance(int oneIn) => _random.Next(oneIn) == 0;

    string Pick(params string[] choices) => choices[_random.Next(choices.Length)];

    string NewName() => "$v" + (_names++).ToString(CultureInfo.InvariantCulture);
}
