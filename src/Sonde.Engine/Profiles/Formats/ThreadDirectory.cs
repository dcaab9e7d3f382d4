namespace Sonde.Engine.Profiles.Formats;

/// <summary>Finds the processes and threads of a profile that is being read, and adds those that are new.</summary>
sealed class ThreadDirectory(Profile profile)
{
    readonly Dictionary<int, int> _processes = [];
    readonly Dictionary<(int Process, int Tid, string Name), int> _threads = [];

    /// <summary>The number of a process.</summary>
    public int Process(int pid, int parentPid = 0, string commandLine = "")
    {
        if (!_processes.TryGetValue(pid, out int number))
        {
            number = profile.Processes.Count;
            _processes.Add(pid, number);
            profile.Processes.Add(new ProfileProcess(pid, parentPid, commandLine));
        }
        else if (commandLine.Length > 0 && profile.Processes[number].CommandLine.Length == 0)
        {
            profile.Processes[number] = new ProfileProcess(pid, parentPid, commandLine);
        }

        return number;
    }

    /// <summary>The number of a thread. A thread that is renamed is another one.</summary>
    public int Thread(int pid, int tid, string name)
    {
        var key = (Process(pid), tid, name);
        if (!_threads.TryGetValue(key, out int number))
        {
            number = profile.Threads.Count;
            _threads.Add(key, number);
            profile.Threads.Add(new ProfileThread(key.Item1, tid, name));
        }

        return number;
    }
}
