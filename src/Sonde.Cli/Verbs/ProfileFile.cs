using Sonde.Engine;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Linux;

namespace Sonde.Cli.Verbs;

/// <summary>Profiles as the command line names them: by a file, or '-' for the standard input and output.</summary>
static class ProfileFile
{
    const string Standard = "-";

    public static Profile Read(string path)
    {
        if (path != Standard)
        {
            return ProfileFormats.ReadFile(path);
        }

        const int standardInput = 0;
        if (!FileDescriptor.IsInherited(standardInput))
        {
            throw new UserErrorException("cannot read a profile from the standard input: it is closed");
        }

        try
        {
            using var input = Console.OpenStandardInput();
            return ProfileFormats.Read(input);
        }
        catch (FormatException exception)
        {
            throw new UserErrorException($"cannot read a profile from the standard input: {exception.Message}");
        }
    }

    public static void Write(Profile profile, IProfileFormat format, string path)
    {
        if (path != Standard)
        {
            ProfileFormats.WriteFile(profile, format, path);
            return;
        }

        using var output = new StandardStream(1);
        format.Write(profile, output);
    }
}
