namespace Sonde.Script.Syntax;

/// <summary>The files a script may include and import; tests have their own.</summary>
interface IScriptFiles
{
    /// <summary>Reads a text file; null when there is none or it cannot be read.</summary>
    string? Read(string path);

    /// <summary>The names of the files of a folder, sorted; null when there is no such folder.</summary>
    IReadOnlyList<string>? List(string folder);

    /// <summary>The same name for the same file: absolute, links followed.</summary>
    string Canonical(string path);

    /// <summary>Whether anyone may write to the file or folder, so that its content cannot be trusted.</summary>
    bool IsWorldWritable(string path);
}
