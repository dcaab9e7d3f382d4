using System.Text;
using Sonde.Bpf;
using Sonde.Script.Ir;
using Sonde.Tests.Script.Lowering;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Lowering;

public class LoadingTests
{
    public static TheoryData<string> Groups => [.. Programs.Groups.Select(group => group.Name)];

    [Theory]
    [MemberData(nameof(Groups))]
    public void The_kernel_takes_the_programs(string group) => LoadAll(Programs.Groups.Single(other => other.Name == group).Texts, allowUnsafe: false);

    [Fact]
    public void The_kernel_takes_unsafe_programs() => LoadAll(Programs.Unsafe, allowUnsafe: true);

    static void LoadAll(IEnumerable<string> programs, bool allowUnsafe)
    {
        StringBuilder failures = new();
        foreach (string program in programs)
        {
            try
            {
                new LoadedScript(Texts.Bind(program, allowUnsafe)).Dispose();
            }
            catch (Exception e) when (e is VerifierException or IrException or InvalidOperationException or Sonde.Linux.LinuxException)
            {
                failures.Append($"# {program}\n{e.GetType().Name}: {e.Message}\n");
                if (e is InvalidOperationException)
                {
                    failures.Append($"{e.StackTrace}\n");
                }
            }
        }

        Assert.True(failures.Length == 0, failures.ToString());
    }
}
