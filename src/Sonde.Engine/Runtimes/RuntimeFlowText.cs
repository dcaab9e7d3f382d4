using System.Globalization;
using System.Text;

namespace Sonde.Engine.Runtimes;

/// <summary>The program of <c>flow</c> for a runtime, in the language: a tuple for each begin and end of a call.</summary>
static class RuntimeFlowText
{
    /// <summary>Where the parts of the function's name begin in a tuple: behind whether it ends, thread, processor and time.</summary>
    public const int FirstName = 4;

    /// <summary>Longer parts of a name are cut.</summary>
    public const int LongestText = 128;

    /// <summary>Writes it.</summary>
    public static string Write(RunningRuntime runtime)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"config = {{ max_strlen = {LongestText} }}\n"));
        foreach (var call in runtime.Runtime.Calls.Where(call => runtime.Probes.Contains(call.Entry) && runtime.Probes.Contains(call.Return)))
        {
            var names = string.Join(", ", call.Names);
            foreach (var (probe, ends) in new[] { (call.Entry, 0), (call.Return, 1) })
            {
                text.Append(CultureInfo.InvariantCulture, $"usdt:{ProgramText.Quoted(runtime.Path)}:{runtime.Runtime.Provider}:{probe} {{ print(((uint64){ends}, (uint64)tid, (uint64)cpu, nsecs(monotonic), {names})); }}\n");
            }
        }

        return text.ToString();
    }
}
