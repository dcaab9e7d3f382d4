using System.Text.RegularExpressions;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Listing;

/// <summary>A terminal is as it was after a command.</summary>
public class TerminalTests
{
    [Theory, InlineData("doctor"), InlineData("list"), InlineData("flow --help"), InlineData("flow -p 1"), InlineData("nosuch")]
    public void Nothing_but_colours_is_asked_of_a_terminal(string words)
    {
        using Target terminal = Target.Start("script", "-qec", $"{SondeCommand.Path} {words}", "/dev/null");
        string output = terminal.ReadToEnd();
        terminal.WaitForExit();
        Assert.NotEqual("", output);
        Assert.DoesNotContain('\e', Regex.Replace(output, "\e\\[[0-9;]*m", ""));
    }
}
