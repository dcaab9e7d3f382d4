using System.Globalization;
using System.Text;
using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Of which processes it is known what they had mapped, when they have ended.</summary>
public sealed class ProcessMappingsTests
{
    const string StartsChild = "echo ready; read line; sh -c 'echo pid $$; exec cat /proc/self/maps'; echo done";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Children_of_followed_processes_are_followed_when_asked_for(bool withChildren)
    {
        Requires.Root();
        using Target followed = Target.Start("sh", "-c", StartsChild);
        using Target other = Target.Start("sh", "-c", StartsChild);
        followed.WaitFor("ready");
        other.WaitFor("ready");
        using var mappings = new ProcessMappings(new CodeFiles());
        mappings.Start([followed.Pid], withChildren);
        var (child, had) = RunChild(followed);
        var (stranger, strangers) = RunChild(other);
        mappings.Refresh();
        Assert.All(had, each => Assert.Equal(withChildren, mappings.TryFind(child, each.Start, out var found) && found.Path == each.Path));
        Assert.All(strangers, each => Assert.False(mappings.TryFind(stranger, each.Start, out _)));
        Assert.Empty(mappings.Problems());
    }

    [Fact]
    public void All_are_followed_when_none_is_named()
    {
        Requires.Root();
        using Target other = Target.Start("sh", "-c", StartsChild);
        other.WaitFor("ready");
        using var mappings = new ProcessMappings(new CodeFiles());
        mappings.Start([]);
        var (child, had) = RunChild(other);
        Assert.All(had, each => Assert.True(mappings.TryFind(child, each.Start, out var found) && found.Path == each.Path));
    }

    /// <summary>Lets a child come and go; gives the files that it had mapped to run.</summary>
    static (int Pid, List<ProcMapping> Mappings) RunChild(Target target)
    {
        target.Send();
        int pid = int.Parse(target.WaitFor("pid"), CultureInfo.InvariantCulture);
        var text = new StringBuilder();
        while (target.ReadLine() is { } line && line != "done")
        {
            text.Append(line).Append('\n');
        }

        var mappings = ProcMapping.Parse(Encoding.UTF8.GetBytes(text.ToString())).FindAll(static mapping => mapping is { IsExecutable: true, IsFile: true });
        Assert.NotEmpty(mappings);
        return (pid, mappings);
    }
}
