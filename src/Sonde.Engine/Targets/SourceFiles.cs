using Sonde.Linux;
using Sonde.Python;
using Sonde.Python.Source;

namespace Sonde.Engine.Targets;

/// <summary>The Python source files of a process, for qualified names that old interpreters do not store.</summary>
sealed class SourceFiles(int pid, PythonVersion version)
{
    readonly Dictionary<string, QualifiedNames?> _files = [];

    /// <summary>The qualified name of a code object, or its plain name when the source is gone or does not have it.</summary>
    public string Qualify(string file, int firstLine, string name)
    {
        if (!_files.TryGetValue(file, out var names))
        {
            names = Read(file);
            _files.Add(file, names);
        }

        return names is not null && names.TryFind(firstLine, name, out var qualified) ? qualified : name;
    }

    QualifiedNames? Read(string file)
    {
        if (file.Contains('\0') || file.StartsWith('<'))
        {
            return null;
        }

        // The files of a process that is gone are, unless it had a root of its own, where they were. A relative name is relative to where the program was
        // when it was compiled, as a rule where it still is.
        var owner = Directory.Exists($"/proc/{pid}") ? pid : 0;
        return (owner != 0 || Path.IsPathRooted(file)) && RootedFile.TryRead(owner, file, QualifiedNames.MaximumBytes, out var text) ? QualifiedNames.Read(text, version) : null;
    }
}
