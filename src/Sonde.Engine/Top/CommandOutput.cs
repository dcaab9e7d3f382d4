using System.Globalization;
using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Top;

/// <summary>The file that a command's output goes to while the terminal is taken, and what is said of it afterwards.</summary>
public sealed class CommandOutput : IDisposable
{
    const int MostLines = 10, MostBytes = 4096;

    readonly bool _isOurs;
    bool _isWanted;

    CommandOutput(string path, bool isOurs)
    {
        Path = path;
        _isOurs = isOurs;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Makes sure that there is a file.</summary>
    /// <param name="path">The file to use; null for a new one in the directory for temporary files, which only its user may read.</param>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    public static CommandOutput Open(string? path)
    {
        try
        {
            if (path is null)
            {
                return new CommandOutput(System.IO.Path.GetTempFileName(), isOurs: true);
            }

            using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.Write);
            return new CommandOutput(path, isOurs: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"the command's output cannot be written to '{path ?? System.IO.Path.GetTempPath()}': {FileError.Describe(exception)}");
        }
    }

    /// <summary>Shows the last lines of the output, and says where all of it is; nothing when there was none.</summary>
    /// <param name="output">Where to say it.</param>
    /// <param name="goesOn">Whether the command does, so that more will come.</param>
    public void Tell(TextWriter output, bool goesOn)
    {
        ArgumentNullException.ThrowIfNull(output);
        var end = ReadEnd(out var length);
        _isWanted = length > 0 || goesOn;
        if (length == 0)
        {
            return;
        }

        var lines = end.TrimEnd('\n').Split('\n');
        var shown = lines.Length > MostLines ? lines[^MostLines..] : lines;
        foreach (var line in shown)
        {
            output.WriteLine(Escape.Text(line.TrimEnd('\r')));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"sonde: the command's output so far, {length:N0} bytes, is in {Escape.Text(Path)}{(Encoding.UTF8.GetByteCount(end) < length || shown.Length < lines.Length ? "; this is its end" : "")}"));
    }

    /// <summary>Removes a file of ours that nobody needs.</summary>
    public void Dispose()
    {
        if (_isOurs && !_isWanted)
        {
            File.Delete(Path);
        }
    }

    string ReadEnd(out long length)
    {
        length = 0;
        try
        {
            using var file = new FileStream(Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (!file.CanSeek)
            {
                return "";
            }

            length = file.Length;
            file.Position = Math.Max(0, length - MostBytes);
            var bytes = new byte[MostBytes];
            return Encoding.UTF8.GetString(bytes, 0, file.ReadAtLeast(bytes, MostBytes, throwOnEndOfStream: false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
