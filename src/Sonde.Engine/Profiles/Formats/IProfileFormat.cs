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

    /// <summary>Up to how many samples it shows that as well, without needing it; 0 for none.</summary>
    int MostTimed => 0;

    /// <summary>Whether a profile can be had from it again; not where it is made to be looked at.</summary>
    bool IsReadable => true;

    /// <summary>Writes a profile.</summary>
    /// <param name="profile">What is written; a profile of sums, without times, can be written too.</param>
    /// <param name="output">Needs no buffer of its own, and stays open.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    void Write(Profile profile, Stream output);

    /// <summary>Reads a profile that this or another program wrote; null for a format that is only written.</summary>
    /// <param name="input">Can be set back to where it stands (<see cref="Stream.CanSeek"/>), and stays open.</param>
    /// <exception cref="FormatException">The file is not of this format, or damaged; the message says where and how.</exception>
    /// <exception cref="OverflowException">The numbers in it cannot be summed.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    Profile? Read(Stream input);
}
