using System.Runtime.CompilerServices;
using System.Text;
using Xunit;

namespace Sonde.Tests;

/// <summary>Compares text with a file under Goldens/; with SONDE_ACCEPT=1 in the environment the file is written anew instead.</summary>
static class Golden
{
    static readonly bool _accept = Environment.GetEnvironmentVariable("SONDE_ACCEPT") == "1";

    /// <summary>Fails when the text differs from the golden of that name (such as "flow.txt").</summary>
    public static void Check(string name, string text)
    {
        string path = Path.Combine(Folder(), name);
        if (_accept)
        {
            Directory.CreateDirectory(Folder());
            File.WriteAllText(path, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            return;
        }

        if (!File.Exists(path))
        {
            Assert.Fail($"There is no golden {name} yet. Run with SONDE_ACCEPT=1 and read the new file before committing it. The text is:\n{text}");
        }

        string expected = File.ReadAllText(path);
        if (expected != text)
        {
            Assert.Fail($"{name} differs {FirstDifference(expected, text)}\nSONDE_ACCEPT=1 takes the new text over. The text is:\n{text}");
        }
    }

    /// <summary>Whether there is a golden of that name, or one will be written.</summary>
    public static bool Has(string name) => _accept || File.Exists(Path.Combine(Folder(), name));

    static string FirstDifference(string expected, string actual)
    {
        string[] before = expected.Split('\n');
        string[] after = actual.Split('\n');
        int line = 0;
        while (line < before.Length && line < after.Length && before[line] == after[line])
        {
            line++;
        }

        return $"in line {line + 1}:\n- {before.ElementAtOrDefault(line)}\n+ {after.ElementAtOrDefault(line)}";
    }

    static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Goldens");
}
