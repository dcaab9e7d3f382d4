namespace Sonde.Script.Syntax;

/// <summary>C's own types, and what their words mean in the language's names.</summary>
static class CTypes
{
    /// <summary>Whether a word is part of an arithmetic type's name or void.</summary>
    public static bool IsTypeWord(string word) => word is "void" or "char" or "short" or "int" or "long" or "signed" or "unsigned" or "float" or "double"
        or "_Bool" or "bool" or "__signed__" or "__int128" or "__signed" or "_Complex" or "__uint128_t" or "__int128_t";

    /// <summary>Words that say nothing about a type's layout.</summary>
    public static bool IsQualifier(string word) => word is "const" or "volatile" or "restrict" or "__restrict" or "__restrict__" or "register" or "static" or "extern"
        or "inline" or "__inline" or "__inline__" or "__extension__" or "_Noreturn" or "__volatile__" or "__const" or "_Thread_local" or "__thread" or "auto" or "_Atomic";

    /// <summary>The language's name for C's words (such as <c>unsigned long int</c>), which must be known ones.</summary>
    public static string NameOf(IReadOnlyCollection<string> words)
    {
        bool unsigned = words.Contains("unsigned");
        string sign = unsigned ? "u" : "";
        if (words.Contains("__int128") || words.Contains("__uint128_t") || words.Contains("__int128_t"))
        {
            return unsigned || words.Contains("__uint128_t") ? "unsigned __int128" : "__int128";
        }

        return words.Contains("void") ? "void"
            : words.Contains("bool") || words.Contains("_Bool") ? "bool"
            : words.Contains("double") ? "double"
            : words.Contains("float") ? "float"
            : words.Contains("char") ? sign + "int8"
            : words.Contains("short") ? sign + "int16"
            : words.Contains("long") ? sign + "int64"
            : sign + "int32";
    }

    /// <summary>Moves over a type name (no typedefs) as it stands in a cast; false, and nothing is moved, when there is none.</summary>
    public static bool Skip(IReadOnlyList<Token> tokens, ref int next)
    {
        int start = next;
        return Size(tokens, ref next) is not null || next > start;
    }

    /// <summary>The size in bytes of a type name (no typedefs); null when it is none, or not known, in which case it is moved over.</summary>
    public static long? Size(IReadOnlyList<Token> tokens, ref int next)
    {
        List<string> words = [];
        bool isTagged = false;
        while (next < tokens.Count && tokens[next].Kind == TokenKind.Identifier)
        {
            string word = tokens[next].Text;
            if (word is "struct" or "union" or "enum")
            {
                isTagged = true;
                next += 2;
                break;
            }

            if (!IsTypeWord(word) && !IsQualifier(word))
            {
                break;
            }

            words.Add(word);
            next++;
        }

        next = Math.Min(next, tokens.Count);
        if (!isTagged && !words.Any(IsTypeWord))
        {
            return null;
        }

        bool isPointer = false;
        while (next < tokens.Count && tokens[next].Kind == TokenKind.Star)
        {
            isPointer = true;
            next++;
        }

        return isPointer ? 8 : isTagged ? null : SizeOf(NameOf(words));
    }

    static long? SizeOf(string name) => name switch
    {
        "bool" or "int8" or "uint8" or "void" => 1,
        "int16" or "uint16" => 2,
        "int32" or "uint32" or "float" => 4,
        "int64" or "uint64" or "double" => 8,
        "__int128" or "unsigned __int128" => 16,
        _ => null,
    };
}
