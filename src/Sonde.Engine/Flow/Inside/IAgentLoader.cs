using Sonde.Linux;

namespace Sonde.Engine.Flow.Inside;

/// <summary>Puts Python code into a running process.</summary>
public interface IAgentLoader
{
    /// <summary>Executes a script in a process and calls its <c>install({})</c>.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="script">Python source.</param>
    /// <param name="memory">A file that the script is handed as the first message on its channel.</param>
    /// <exception cref="UserErrorException">It cannot be done, or the script raised an exception; nothing is left in the process.</exception>
    ILoadedAgent Load(int pid, string script, FileDescriptor memory);
}

/// <summary>A script that runs in a process; disposing has its <c>remove()</c> called, and waits for that.</summary>
public interface ILoadedAgent : IDisposable
{
    /// <summary>What it cannot see of the process, as one sentence; null when it sees all.</summary>
    string? Remark { get; }

    /// <summary>After disposing: what it could not see that came meanwhile, as one sentence; null when nothing is known of.</summary>
    string? LateRemark { get; }

    /// <summary>Called while it is in use, now and then.</summary>
    void Look();

    /// <summary>After disposing: why it may still be there, as one sentence; null when it is gone.</summary>
    string? Leftover { get; }
}
