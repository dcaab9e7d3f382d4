using System.Text.Json;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Snoop;

/// <summary>A run of <c>sonde snoop --inject</c> on a program, from when it watches.</summary>
sealed class Snooping : IDisposable
{
    readonly Target _tool;

    Snooping(Target tool) => _tool = tool;

    /// <summary>What it has said on its standard error.</summary>
    public string Errors => _tool.Errors;

    public static Snooping Start(Target program, params string[] arguments)
    {
        Target tool = Target.Start(SondeCommand.Path, ["snoop", "--inject", "-p", $"{program.Pid}", .. arguments]);
        Strangers.WaitUntil(() => tool.Errors.Contains("telling ", StringComparison.Ordinal) || !tool.IsAlive, "the program is watched");
        return tool.IsAlive || tool.Errors.Contains("telling ", StringComparison.Ordinal) ? new Snooping(tool) : throw new InvalidOperationException(tool.Errors);
    }

    /// <summary>Ends it as Ctrl-C does, and gives what it has told.</summary>
    public string End()
    {
        _tool.Signal("INT");
        return WaitForEnd();
    }

    public string WaitForEnd()
    {
        string told = _tool.ReadToEnd();
        int code = _tool.WaitForExit();
        return code == 0 ? told : throw new InvalidOperationException($"exit code {code}: {_tool.Errors}");
    }

    public void Kill() => _tool.Signal("KILL");

    public string ReadLine() => _tool.ReadLine() ?? throw new InvalidOperationException($"it told nothing more: {_tool.Errors}");

    public void Dispose() => _tool.Dispose();

    /// <summary>The objects of a story in JSON.</summary>
    public static List<JsonElement> Events(string lines) =>
        [.. lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
