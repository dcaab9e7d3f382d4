namespace Sonde.Cli;

/// <summary>What the terminal, if there is one, can show.</summary>
static class Terminal
{
    /// <summary>Colour for people, none for pipes, files and those who set NO_COLOR (no-color.org).</summary>
    public static bool UsesColour(bool standardError) =>
        !(standardError ? Console.IsErrorRedirected : Console.IsOutputRedirected)
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
}
