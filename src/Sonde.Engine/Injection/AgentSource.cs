using System.Reflection;

namespace Sonde.Engine.Injection;

/// <summary>The Python text that is put into a process: what all agents share, and a part that watches.</summary>
/// <remarks>It runs in a dictionary of its own, where <c>install(settings)</c> begins and <c>remove(reason)</c> takes everything out again (Agent/agent.py).</remarks>
public static class AgentSource
{
    /// <summary>The agent that tells the story of a function's calls, line by line.</summary>
    public static string Snoop => Join("agent.py", "redaction.py", "values.py", "find.py", "tracing.py", "prologue.py", "snoop.py", "snoop_monitoring.py", "snoop_tracing.py");

    /// <summary>The agent that tells something whenever a line runs.</summary>
    public static string Point => Join("agent.py", "redaction.py", "values.py", "find.py", "tracing.py", "prologue.py", "expressions.py", "point.py", "point_monitoring.py", "point_tracing.py");

    /// <summary>Files of the folder Agent, one after the other: what all share first, then what watches.</summary>
    public static string Join(params ReadOnlySpan<string> files)
    {
        var text = new System.Text.StringBuilder();
        foreach (var file in files)
        {
            using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("agent/" + file)
                ?? throw new InvalidOperationException($"the agent has no part {file}");
            using var reader = new StreamReader(stream);
            text.Append(reader.ReadToEnd()).Append('\n');
        }

        return text.ToString();
    }
}
