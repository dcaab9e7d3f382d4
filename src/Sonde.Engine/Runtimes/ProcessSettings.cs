using System.Text;
using Sonde.Linux;

namespace Sonde.Engine.Runtimes;

/// <summary>What a process was started with.</summary>
static class ProcessSettings
{
    /// <summary>Whether a word stands in the command line or the environment of a process.</summary>
    public static bool Mentions(int pid, string word)
    {
        var bytes = Encoding.ASCII.GetBytes(word);
        return (ProcFs.TryRead($"/proc/{pid}/cmdline", out var command) && command.AsSpan().IndexOf(bytes) >= 0)
            || (ProcFs.TryRead($"/proc/{pid}/environ", out var environment) && environment.AsSpan().IndexOf(bytes) >= 0);
    }
}
