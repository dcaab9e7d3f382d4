using Sonde.Engine.Injection;
using Sonde.Linux;

namespace Sonde.Engine.Flow.Inside;

/// <summary>Loads agents by injection.</summary>
/// <param name="options">Whether the user allows it, and what takes the agents out should Sonde be killed.</param>
public sealed class InjectingLoader(InjectionOptions options) : IAgentLoader
{
    /// <inheritdoc/>
    public ILoadedAgent Load(int pid, string script, FileDescriptor memory) => new Loaded(InjectedAgent.Inject(pid, script, options with { Handed = memory }));

    sealed class Loaded(InjectedAgent agent) : ILoadedAgent
    {
        public string? Remark => agent.Remark;

        public string? LateRemark => agent.LateRemark;

        public void Look() => agent.LookForInterpretersNowAndThen();

        public string? Leftover => agent.Leftover;

        public void Dispose() => agent.Dispose();
    }
}
