namespace Sonde.Python.Values;

/// <summary>What of a program's values is nobody's business: found by the name that a value has, by the name of its type, and by what a text looks like. The same for all that shows values.</summary>
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

    /// <summary>The longest name that is looked for in a text.</summary>
    internal const int LongestName = 64;

    readonly string[] _words;
    readonly Func<string, bool>? _also;

    /// <param name="words">The words that hide names and types; without any, nothing is hidden by what it looks like either.</param>
    /// <param name="also">Further names that hide their value; null for none.</param>
    public Redaction(IEnumerable<string> words, Func<string, bool>? also = null)
    {
        _words = [.. words.Select(Plain).Where(static word => word.Length > 0).Distinct()];
        _also = also;
    }

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

    /// <summary>Whether the value of a variable, field or key of that name must not be shown.</summary>
    public bool HidesName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Length > 0 && (HidesName(name.AsSpan()) || _also?.Invoke(name) == true);
    }

    /// <summary>Whether values of a type must not be shown.</summary>
    /// <param name="name">The type's name, with its module or without.</param>
    public bool HidesType(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return HidesName(name.AsSpan(name.LastIndexOf('.') + 1));
    }

    /// <summary>
    /// A text without what looks like a secret (numbers of payment cards, private keys, tokens, passwords in URLs) and without what stands behind a name that hides its value
    /// (<c>password=…</c>, <c>Cookie: …</c>, <c>('Authorization', …)</c>).
    /// </summary>
    public string Scrub(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _words.Length == 0 ? text : new SecretText(text, this, isSource: false).Scrub();
    }

    /// <summary>A line of a program without the literals that are secrets.</summary>
    public string ScrubSource(string line)
    {
        ArgumentNullException.ThrowIfNull(line);
        return _words.Length == 0 ? line : new SecretText(line, this, isSource: true).Scrub();
    }

    internal bool HidesName(ReadOnlySpan<char> name)
    {
        Span<char> plain = stackalloc char[LongestName];
        var length = 0;
        foreach (var character in name)
        {
            if (char.IsLetterOrDigit(character))
            {
                plain = length == plain.Length ? Grown(plain) : plain;
                plain[length++] = char.ToLowerInvariant(character);
            }
        }

        foreach (var word in _words)
        {
            if (word.Length <= LongestPart ? HasPart(name, word) : plain[..length].IndexOf(word) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    static char[] Grown(ReadOnlySpan<char> text) => [.. text, .. new char[text.Length]];

    static string Plain(string name) => string.Concat(name.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant));

    /// <summary>Whether a word is one of a name's parts, which end at anything but a letter and begin at a capital: db_pwd, userPwd2, PWD.</summary>
    static bool HasPart(ReadOnlySpan<char> name, string word)
    {
        for (var at = 0; at + word.Length <= name.Length; at++)
        {
            var end = at + word.Length;
            if (name.Slice(at, word.Length).Equals(word, StringComparison.OrdinalIgnoreCase)
                && (at == 0 || !char.IsLetter(name[at - 1]) || (char.IsLower(name[at - 1]) && char.IsUpper(name[at])))
                && (end == name.Length || !char.IsLetter(name[end]) || (char.IsLower(name[end - 1]) && char.IsUpper(name[end]))))
            {
                return true;
            }
        }

        return false;
    }
}
