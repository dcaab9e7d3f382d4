using Sonde.Engine.Scripts.Machine;
using Sonde.Script.Binding;
using Xunit;

namespace Sonde.Tests.Machine;

public class PythonNamesTests
{
    [Theory]
    [InlineData("libc", "Server.handle", "functions of Python are probed by pycall:Server.handle")]
    [InlineData("python3", "main.<locals>.step", "functions of Python are probed by pycall:main.<locals>.step")]
    [InlineData("app.py", "handle", "functions of Python are probed by pycall:app.py:handle")]
    [InlineData("*", "Server.*", "functions of Python are probed by pycall:Server.*")]
    [InlineData("libc", "malloc", null)]
    [InlineData("libc", "free.part.0", null)]
    [InlineData("app", "main.cold", null)]
    [InlineData("app", "copy.constprop.0.isra.0", null)]
    [InlineData("app", "0x1234", null)]
    [InlineData("app", "main+4", null)]
    public void Functions_of_Python_have_probes_of_their_own(string file, string function, string? hint) =>
        Assert.Equal(hint, PythonNames.Hint(ProbeKind.Uprobe, [file, function]));

    [Fact]
    public void The_probe_is_of_the_same_end()
    {
        Assert.Equal("functions of Python are probed by pyreturn:Server.handle", PythonNames.Hint(ProbeKind.Kretprobe, ["Server.handle"]));
        Assert.Null(PythonNames.Hint(ProbeKind.Tracepoint, ["Server.handle"]));
        Assert.Null(PythonNames.Hint(ProbeKind.Kprobe, []));
    }
}
