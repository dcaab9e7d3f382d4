using Sonde.Kernel.Tests.Targets;
using Sonde.Python.Values;
using Xunit;

namespace Sonde.Kernel.Tests.Injection;

/// <summary>What looks like a secret is hidden in the same way by what reads values from outside and by the agent inside a process.</summary>
public sealed class SecretTextTests
{
    static string Examples => Path.Combine(Repository.Root, "tests/targets/secret_texts.tsv");

    [Fact]
    public void Secrets_in_texts_are_hidden_from_outside()
    {
        foreach (string line in File.ReadLines(Examples))
        {
            string[] example = line.Split('\t');
            Assert.Equal(example[1], Redaction.Default.Scrub(example[0]));
        }
    }

    [Theory, InlineData("pyenv-3.7"), InlineData("pyenv-3.13")]
    public void And_from_inside(string name)
    {
        string agent = Path.Combine(Repository.Root, "src/Sonde.Engine/Injection/Agent/redaction.py");
        using Target python = Target.Start(Interpreters.Get(name).Path, [Path.Combine(Repository.Root, "tests/targets/scrubs.py"), agent, Examples, .. Redaction.DefaultWords]);
        Assert.True(python.WaitForExit() == 0, python.Errors);
        Assert.Equal("", python.ReadLine() ?? "");
    }

    [Theory]
    [InlineData("password = \"hunter2\"", "password = \"<hidden>\"")]
    [InlineData("password: str = 'hunter2'  # first", "password: str = '<hidden>'  # first")]
    [InlineData("if user.password != 'hunter2':", "if user.password != '<hidden>':")]
    [InlineData("otp = 123456; n = 2", "otp = <hidden>; n = 2")]
    [InlineData("os.environ.setdefault('API_TOKEN', 'x')", "os.environ.setdefault('API_TOKEN', '<hidden>')")]
    [InlineData("raise ValueError(\"wrong password: hunter2\")", "raise ValueError(\"wrong password: <hidden>\")")]
    [InlineData("token = read(self, 'x')", "token = read(self, 'x')")]
    [InlineData("def f(token=None, session: Session = None):", "def f(token=None, session: Session = None):")]
    public void Of_source_only_literals_are_hidden(string line, string shown) => Assert.Equal(shown, Redaction.Default.ScrubSource(line));
}
