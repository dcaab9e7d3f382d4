using Sonde.Engine.Output;
using Xunit;

namespace Sonde.Tests.Output;

public sealed class GlobTests
{
    [Theory]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("*", "", true)]
    [InlineData("a*c", "abbc", true)]
    [InlineData("a*c", "abbcd", false)]
    [InlineData("a**c", "ac", true)]
    [InlineData("*ab*ab*", "xabyabz", true)]
    [InlineData("*aab", "aaaab", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("A", "a", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[!a-c]x", "dx", true)]
    [InlineData("[]x]", "]", true)]
    [InlineData("[!]x]", "]", false)]
    [InlineData("[a-]", "-", true)]
    [InlineData("[*]", "*", true)]
    [InlineData("[*]", "a", false)]
    [InlineData("[ab", "[ab", true)]
    [InlineData("*[0-9]", "page12", true)]
    [InlineData("a\\*", "a\\bc", true)]
    public void Matches_like_a_shell(string pattern, string text, bool matches) => Assert.Equal(matches, new Glob(pattern).Matches(text));

    [Theory]
    [InlineData("handle", "handle", true)]
    [InlineData("handle", "Server.handle", true)]
    [InlineData("handle", "Server.handle_one", false)]
    [InlineData("handle", "handle.<locals>.inner", false)]
    [InlineData("Server.handle", "app.Server.handle", true)]
    [InlineData("Server.*", "Server.handle", true)]
    [InlineData("Server.*", "Outer.Server.handle", true)]
    [InlineData("Server.*", "MyServer.handle", false)]
    [InlineData("handle*", "Server.handle_one", true)]
    [InlineData("<lambda>", "f.<locals>.<lambda>", true)]
    [InlineData("f", "g.<locals>.f", true)]
    public void Functions_match_by_name_or_by_its_dotted_ends(string pattern, string name, bool matches) =>
        Assert.Equal(matches, new Glob(pattern).MatchesFunction(name));

    [Theory]
    [InlineData("/srv/app.py", "/srv/app.py", true)]
    [InlineData("app.py", "/srv/app.py", true)]
    [InlineData("app", "/srv/app.py", true)]
    [InlineData("srv/app", "/srv/app.py", true)]
    [InlineData("app", "/app/main.py", false)]
    [InlineData("app/*", "/srv/app/main.py", true)]
    [InlineData("*/lib/*.py", "/usr/lib/python3/x.py", true)]
    [InlineData("json.decoder", "/usr/lib/python3/json/decoder.py", true)]
    [InlineData("json", "/usr/lib/python3/json/__init__.py", true)]
    [InlineData("json.*", "/usr/lib/python3/json/decoder.py", true)]
    [InlineData("son.decoder", "/usr/lib/python3/json/decoder.py", false)]
    [InlineData("<frozen*>", "<frozen importlib._bootstrap>", true)]
    public void Files_match_by_path_end_or_module(string pattern, string path, bool matches) =>
        Assert.Equal(matches, new Glob(pattern).MatchesFile(path));

    [Fact]
    public void A_hostile_pattern_and_name_take_bounded_steps() =>
        Assert.False(new Glob(string.Concat(Enumerable.Repeat("a*", 200)) + "b").MatchesFunction(string.Concat(Enumerable.Repeat("a", 5_000))));
}
