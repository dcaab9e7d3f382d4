namespace Sonde.Engine.Profiles.Formats;

/// <summary>A file format for profiles.</summary>
public interface IProfileFormat
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>The file name extensions that ask for it, with the dot, the most telling first; empty when none does.</summary>
    IReadOnlyList<string> Extensions { get; }

    /// <summary>Whether it shows when samples were taken, so that the profile must keep its timeline.</summary>
    bool NeedsTimeline { get; }

    /// <summary>Writes a profile.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    void Write(Profile profile, Stream output);

    /// <summary>Reads a profile that this or another program wrote; null for a format that is only written.</summary>
    /// <exception cref="FormatException">The file is not of this format, or damaged; the message says where and how.</exception>
    Profile? Read(Stream input);
}
