using Sonde.Engine;

namespace Sonde.Cli.Scripts;

/// <summary><c>-l</c>: the probes a pattern matches, or those of a script.</summary>
static class ScriptListing
{
    public static int Write(ScriptRequest request) => throw new UserErrorException($"-l {request.Pattern}: not there");
}
