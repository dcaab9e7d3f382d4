using System.Text;

namespace Sonde.Python.Values;

/// <summary>What of a program's values is nobody's business: found by the name that a value has, by the name of its type, and by what a text looks like.</summary>
/// <remarks>
/// A name is hidden when one of the words occurs in it, whatever the case and whether or not its parts are joined by '_' or '-': <c>token</c> hides <c>API_Token</c> and <c>refreshToken2</c>.
/// It is a net with holes, meant for mistakes and not for opponents: a password in a variable called <c>x</c> is shown.
/// <para>The agent inside a process does the same by the same words (Injection/Agent/redaction.py in Sonde.Engine).</para>
/// </remarks>
public sealed class Redaction
{
    /// <summary>What stands for a value that is not shown.</summary>
    public const string Mark = "<hidden>";

    /// <summary>The words that hide names unless others are given.</summary>
    public static IReadOnlyList<string> DefaultWords { get; } =
    [
        "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "authorization", "credential", "cookie", "session",
        "csrf", "xsrf", "otp", "cvv", "cardnumber", "creditcard", "pincode", "ssn", "socialsecurity", "iban",
    ];

    /// <summary>The words of <see cref="DefaultWords"/> that are so short that they must be a whole part of a name: <c>pwd</c> hides <c>db_pwd</c>, and <c>otp</c> does not hide <c>hotpath</c>.</summary>
    const int LongestPart = 4;

    readonly string[] _words;

    /// <param name="words">The words that hide names and types.</param>
    public Redaction(IEnumerable<string> words) => _words = [.. words.Select(Plain).Where(static word => word.Length > 0).Distinct()];

    /// <summary>By the default words.</summary>
    public static Redaction Default { get; } = new(DefaultWords);

    /// <summary>The words, in the form in which names are compared with them.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>Reads more words: one a line, of which what follows a '#' and empty ones do not count.</summary>
    public static IEnumerable<string> ParseWords(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.Split('\n').Select(static line => line.Split('#')[0].Trim()).Where(static line => line.Length > 0);
    }

    /// <summary>Whether the value of a variable, field or key of that name must not be shown. The same goes for a type's name.</summary>
    public bool HidesName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        string? plain = null;
        foreach (var word in _words)
        {
            if (word.Length <= LongestPart ? HasPart(name, word) : (plain ??= Plain(name)).Contains(word, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A text with the parts of it hidden that look like the number of a payment card, a private key, or what proves who somebody is (JSON web tokens, bearer tokens).</summary>
    public static string Scrub(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SecretText.Scrub(text);
    }

    static string Plain(string name)
    {
        var plain = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            if (char.IsLetterOrDigit(character))
            {
                plain.Append(char.ToLowerInvariant(character));
            }
        }

        return plain.ToString();
    }

    /// <summary>Whether a word is one of a name's parts, which end at anything but a letter and begin at a capital: db_pwd, userPwd2, PWD.</summary>
    static bool HasPart(string name, string word)
    {
        for (var at = 0; at + word.Length <= name.Length; at++)
        {
            var end = at + word.Length;
            if (name.AsSpan(at, word.Length).Equals(word, StringComparison.OrdinalIgnoreCase)
                && (at == 0 || !char.IsLetter(name[at - 1]) || (char.IsLower(name[at - 1]) && char.IsUpper(name[at])))
                && (end == name.Length || !char.IsLetter(name[end]) || (char.IsLower(name[end - 1]) && char.IsUpper(name[end]))))
            {
                return true;
            }
        }

        return false;
    }
}
