using System.Diagnostics;
using Sonde.Cli.Verbs;
using Sonde.Engine;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary>Of a command that could not be followed it is told what becomes of it.</summary>
public sealed class LaunchedPythonTests
{
    [Theory, InlineData(true), InlineData(false)]
    public void That_a_command_goes_on_is_said_of_one_that_does_and_of_no_other(bool hasEnded)
    {
        Requires.Root();
        string directory = Directory.CreateTempSubdirectory("sonde-launched-").FullName;
        try
        {
            string program = Path.Combine(directory, "waits.py");
            File.WriteAllText(program, "import time\ntime.sleep(300)\n");
            using LaunchedPython launched = LaunchedPython.Start([Interpreters.Get("pyenv-3.12").Path, program], "snoop", TestContext.Current.CancellationToken)!;
            using Process python = Process.GetProcessById(launched.Pid);
            try
            {
                List<string> said = [];
                using var stop = new CancellationTokenSource();
                Assert.False(launched.TryFollow(
                    () =>
                    {
                        if (hasEnded)
                        {
                            python.Kill();
                            python.WaitForExit();
                        }

                        throw new UserErrorException("it was refused");
                    },
                    text =>
                    {
                        said.Add(text);
                        stop.Cancel();
                    },
                    stop.Token));
                Assert.Equal([hasEnded ? "it was refused. The command has ended" : "it was refused. The command goes on without being followed"], said);
            }
            finally
            {
                python.Kill();
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
