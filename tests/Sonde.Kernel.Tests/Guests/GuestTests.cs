using Sonde.Kernel.Tests.Flow;
using Xunit;

namespace Sonde.Kernel.Tests.Guests;

public class GuestTests
{
    [Theory, MemberData(nameof(Guest.Names), MemberType = typeof(Guest))]
    public void Sonde_runs_on_other_kernels(string name)
    {
        Guest guest = Guest.Get(name);
        var files = new Initramfs();
        files.AddProgram(NativeSonde.Path, "/bin/sonde");
        IReadOnlyList<CommandResult> results = guest.Run(files, ["uname -r", "sonde --version", "sonde doctor", "echo wrong >&2; exit 3"]);
        Assert.Equal(guest.Version, results[0].Output.Trim());
        Assert.Equal(new CommandResult(0, SondeCommand.Run("--version").Output, ""), results[1]);
        Assert.Contains(guest.Version, results[2].Output, StringComparison.Ordinal);
        Assert.Equal(new CommandResult(3, "", "wrong\n"), results[3]);
    }
}
