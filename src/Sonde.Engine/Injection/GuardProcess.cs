using System.Diagnostics;
using System.Globalization;

namespace Sonde.Engine.Injection;

/// <summary>A process of ours that takes an agent out again when we end without having done so.</summary>
/// <remarks>It learns of our end by that of a pipe, whichever way we come to it; see <see cref="InjectionGuard"/>.</remarks>
sealed class GuardProcess : IDisposable
{
    readonly Process _process;

    GuardProcess(Process process) => _process = process;

    /// <summary>Starts it and waits until it watches, a process's files included, which can only be reached while that lives; null when there is no command for it.</summary>
    /// <exception cref="UserErrorException">It cannot be started.</exception>
    public static GuardProcess? Start(IReadOnlyList<string> command, InjectionTarget target, string name)
    {
        if (command.Count == 0)
        {
            return null;
        }

        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
            process.StandardInput.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{target.Pid} {target.StartTime} {name}"));
            process.StandardInput.Flush();
            if (process.StandardOutput.ReadLine() != InjectionGuard.Watching)
            {
                var complaint = process.StandardError.ReadToEnd().Trim();
                process.Dispose();
                throw new UserErrorException($"the process that would take the agent out again should sonde be killed, '{command[0]}', ended at once: {Output.Escape.Text(complaint, 300)}");
            }
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException)
        {
            throw new UserErrorException($"the process that would take the agent out again should sonde be killed, '{command[0]}', cannot be started: {exception.Message}");
        }

        return new GuardProcess(process);
    }

    /// <summary>Tells it that there is nothing left to do.</summary>
    public void Release()
    {
        try
        {
            _process.StandardInput.WriteLine(InjectionGuard.Released);
        }
        catch (IOException)
        {
            // It was killed; there is nothing left to do for it either.
        }
    }

    /// <summary>Lets go of it: unless released, it now does its work.</summary>
    public void Dispose()
    {
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It was killed.
        }

        _process.Dispose();
    }
}
