using System.Text.Json;
using Sonde.Linux;

namespace Sonde.Engine.Injection;

/// <summary>How an agent is put into a process.</summary>
public sealed record InjectionOptions
{
    /// <summary>Whether the user has said that code may be put into the process. Without it nothing is.</summary>
    public bool IsAllowed { get; init; }

    /// <summary>Whether it is done also where a seccomp filter or a memory limit may end the process for it.</summary>
    public bool AcceptsRisk { get; init; }

    /// <summary>The option by which the user accepts that risk.</summary>
    public const string RiskOption = "--inject-at-risk";

    /// <summary>What the agent's <c>install</c> is called with; an object.</summary>
    public JsonElement Configuration { get; init; } = JsonDocument.Parse("{}").RootElement;

    /// <summary>A file that the agent gets a descriptor of, with the first message on its channel; null for none. The caller's own.</summary>
    public FileDescriptor? Handed { get; init; }

    /// <summary>How long the process may take to run what it is given.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The command that starts <see cref="InjectionGuard.Run"/> in a process of its own, which takes the agent out again should we be killed. Empty for none: then only the next event that the agent
    /// sees makes it remove itself.
    /// </summary>
    public IReadOnlyList<string> Guard { get; init; } = [];

    /// <summary>The environment variable by which a user allows it once and for all: <c>SONDE_INJECT=1</c>.</summary>
    public const string Variable = "SONDE_INJECT";

    /// <summary>Whether the environment allows it.</summary>
    public static bool IsAllowedByEnvironment => Environment.GetEnvironmentVariable(Variable) == "1";
}
