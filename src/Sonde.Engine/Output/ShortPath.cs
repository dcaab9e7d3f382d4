namespace Sonde.Engine.Output;

/// <summary>Paths for lines that have little room.</summary>
public static class ShortPath
{
    /// <summary>The file with its directory only: "json/decoder.py".</summary>
    public static string Of(string path)
    {
        int name = path.LastIndexOf('/');
        int directory = name > 0 ? path.LastIndexOf('/', name - 1) : -1;
        return path[(directory + 1)..];
    }
}
