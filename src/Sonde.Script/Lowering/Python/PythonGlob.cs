namespace Sonde.Script.Lowering.Python;

/// <summary>A glob as the program in the kernel reads it: one number for each step.</summary>
/// <remarks>
/// Characters stand for themselves. A pattern of a file without a slash is for the name behind the last one: it becomes "anything up to a slash, then
/// this, without a slash", or this alone where the file has no slash; both are tried.
/// </remarks>
static class PythonGlob
{
    /// <summary>Any number of characters.</summary>
    public const uint Star = 0x8000_0001;

    /// <summary>Any number of characters but slashes.</summary>
    public const uint StarWithoutSlash = 0x8000_0002;

    /// <summary>Any character.</summary>
    public const uint Question = 0x8000_0003;

    /// <summary>The forms of a function's glob; up to 3.10 only the plain name is there to be matched.</summary>
    public static IReadOnlyList<uint[]> ForFunction(string glob, bool namesAreQualified)
    {
        var meant = namesAreQualified ? glob : glob[(glob.LastIndexOf('.') + 1)..];
        return meant is "*" or "" ? [] : [Encode(meant, Star)];
    }

    /// <summary>The forms of a file's glob, of which one is to match.</summary>
    public static IReadOnlyList<uint[]> ForFile(string glob) => glob switch
    {
        "" or "*" => [],
        _ when glob.Contains('/', StringComparison.Ordinal) => [Encode(glob, Star)],
        _ => [[Star, '/', .. Encode(glob, StarWithoutSlash)], Encode(glob, StarWithoutSlash)],
    };

    static uint[] Encode(string glob, uint star)
    {
        var steps = new List<uint>();
        foreach (var rune in glob.EnumerateRunes())
        {
            steps.Add(rune.Value switch { '*' => star, '?' => Question, var character => (uint)character });
        }

        return [.. steps];
    }
}
