using System.Globalization;

namespace Sonde.Engine.Output;

/// <summary>Says in words why a file could not be opened or written. The runtime's own messages are not compiled into the native binary.</summary>
public static class FileError
{
    /// <summary>True when the reader of a pipe has gone, which is how a pipeline ends and no failure.</summary>
    public static bool IsClosedPipe(IOException error) => error.HResult == 32;

    /// <summary>Whether it is what opening or writing a file fails with: also for names that no file can have.</summary>
    internal static bool IsOne(Exception error) => error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException;

    /// <summary>The reason, without the file's name: "permission denied".</summary>
    public static string Describe(Exception error) => error switch
    {
        // The runtime takes a closed descriptor, too, for a missing permission.
        UnauthorizedAccessException { InnerException: IOException { HResult: 9 } } => "it is closed",
        UnauthorizedAccessException => "permission denied, or it is a directory",
        DirectoryNotFoundException => "the directory does not exist",
        FileNotFoundException => "no such file",
        PathTooLongException => "the name is too long",
        // On Unix the runtime keeps the error number as the result code.
        IOException { HResult: 5 } => "input/output error",
        IOException { HResult: 9 } => "it is closed",
        IOException { HResult: 26 } => "the file is a program that is running",
        IOException { HResult: 28 } => "no space left on the device",
        IOException { HResult: 30 } => "the file system is read-only",
        IOException { HResult: 32 } => "nobody reads it any more",
        IOException { HResult: 122 } => "the disk quota is used up",
        IOException => string.Create(CultureInfo.InvariantCulture, $"error {error.HResult}"),
        _ => error.Message,
    };
}
