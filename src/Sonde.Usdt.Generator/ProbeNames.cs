using System.Text;

namespace Sonde.Usdt.Generator;

/// <summary>How probes, providers and arguments may be called, as <c>UsdtProvider</c> checks it when a program runs.</summary>
static class ProbeNames
{
    const int Longest = 128;

    /// <summary>Whether tools can be told the name on a command line.</summary>
    public static bool IsForTools(string name) =>
        name.Length is > 0 and <= Longest && !name.Any(static character => character is ':' or '/' || char.IsControl(character) || char.IsWhiteSpace(character));

    /// <summary>Whether scripts can ask for an argument by the name.</summary>
    public static bool IsForArguments(string name) =>
        name.Length is > 0 and <= Longest && !char.IsDigit(name[0]) && name.All(static character => character == '_' || char.IsLetterOrDigit(character));

    /// <summary>A C# name as probes are commonly called: <c>OrderPlaced</c> as <c>order_placed</c>, <c>Shop.HttpApi</c> as <c>shop_http_api</c>.</summary>
    public static string Snake(string name)
    {
        var snake = new StringBuilder();
        for (var i = 0; i < name.Length; i++)
        {
            var character = name[i];
            var begins = char.IsUpper(character) && i > 0 && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (begins && snake[snake.Length - 1] != '_')
            {
                snake.Append('_');
            }

            snake.Append(char.IsLetterOrDigit(character) ? char.ToLowerInvariant(character) : '_');
        }

        return snake.ToString();
    }
}
