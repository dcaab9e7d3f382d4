using System.Text;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Spoils programs: pieces go, come twice, change places, and what the language knows turns up where it should not.</summary>
sealed class ScriptMutator(int seed)
{
    static readonly string[] _pieces =
    [
        "{", "}", "(", ")", "[", "]", ";", ",", ":", "/", "//", "/*", "*/", "\"", "'", "\\", "\\x", "\n", "\n#", "#if 1\n", "\n#else\n", "\n#endif\n", "\n#define x x x\n", "\n#define f(a, ...) a ## a #a __VA_ARGS__\n", "f(f(1)",
        "\n#include \"a.h\"\n", "\n#include <linux/sched.h>\n", "import \"a.bt\";", "import \"loop.bt\";", "macro m(x) { m(x) }", "macro n($v, @m) { $v; @m }", "m(", "n($x, @y)", "struct s {", "enum e { A = ", "typedef ", "union", ": 3",
        "__attribute__((packed", "sizeof(", "offsetof(", "typeof(", "typeinfo(", "comptime", "if ", "else", "for ($i : ", "..", "while", "unroll(", "let ", "config = {", "fn f($a: int8): int8 {", "begin", "uprobe:$1:\"", "$1", "$#", "$", "@", "@x[",
        "0x", "1e", "1e99", "99999999999999999999", "08", "5q", "1_", "--", "++", "->", "?", "?:", "_ =", "name=", "getopt(\"a\", 1)", "\0", "\u0001", "é", "\ud83d\ude00", "\ud800", "\r\n", "\t", "*", "&", "<<=", "(uint8[])", "(struct s *)",
    ];

    readonly Random _random = new(seed);

    public string Spoil(string program, string other)
    {
        StringBuilder text = new(program);
        int changes = _random.Next(1, 9);
        for (int i = 0; i < changes; i++)
        {
            int at = _random.Next(text.Length + 1);
            int length = Math.Min(_random.Next(1, 40), text.Length - at);
            switch (_random.Next(8))
            {
                case 0:
                    text.Remove(at, length);
                    break;
                case 1:
                    text.Insert(_random.Next(text.Length + 1), text.ToString(at, length));
                    break;
                case 2:
                    text.Length = Math.Max(1, at);
                    break;
                case 3 when length > 0:
                    text[at] = (char)_random.Next(1, 256);
                    break;
                case 4:
                    int from = _random.Next(other.Length);
                    text.Insert(at, other.AsSpan(from, Math.Min(_random.Next(60), other.Length - from)));
                    break;
                case 5:
                    text.Insert(at, new StringBuilder().Insert(0, _pieces[_random.Next(_pieces.Length)], _random.Next(1, 300)));
                    break;
                default:
                    text.Insert(at, _pieces[_random.Next(_pieces.Length)]);
                    break;
            }
        }

        return text.ToString();
    }
}
