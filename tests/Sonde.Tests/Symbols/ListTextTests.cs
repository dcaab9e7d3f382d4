using Sonde.Engine.Listing;
using Sonde.Engine.Output;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class ListTextTests
{
    static readonly UsdtProbe _probe = new("app", "query__done",
    [
        new()
        {
            Address = 0x401136,
            FileOffset = 0x1136,
            Semaphore = new(0x404038, 0x3038),
            Arguments = UsdtArgument.Parse("8@%rdi -4@16(%rsp)", ElfMachine.X8664),
            ArgumentText = "8@%rdi -4@16(%rsp)",
            NoteOffset = 0x5000,
        },
        new()
        {
            Address = 0x401200,
            FileOffset = null,
            Semaphore = null,
            Arguments = UsdtArgument.Parse("8@%rsi -4@%xmm0", ElfMachine.X8664),
            ArgumentText = "8@%rsi -4@%xmm0",
            NoteOffset = 0x5040,
        },
    ]);

    [Fact]
    public void A_line_a_probe_as_tplist_has_it() =>
        Assert.Equal("/usr/bin/app app:query__done\n", Text(details: false));

    [Fact]
    public void Details_tell_places_semaphores_and_arguments() => Assert.Equal(
        """
        /usr/bin/app app:query__done
          location 1: address 0x401136, file offset 0x1136, semaphore 0x404038 (file offset 0x3038)
            argument 1: 8@%rdi               8 unsigned bytes in rdi
            argument 2: -4@16(%rsp)          4 signed bytes at [rsp+16]
          location 2: address 0x401200, nowhere in the file
            argument 1: 8@%rsi               8 unsigned bytes in rsi
            argument 2: -4@%xmm0             unavailable: vector register xmm0

        """,
        Text(details: true));

    [Fact]
    public void Names_of_arguments_stand_behind_the_probe_and_in_details_before_what_each_is()
    {
        using var text = new StringWriter { NewLine = "\n" };
        var location = _probe.Locations[0] with { Arguments = [.. _probe.Locations[0].Arguments.Zip(["id", "s\u001bku"], static (argument, name) => argument with { Name = name })] };
        new ListText(text, details: true).Write(new ListedProbe.Usdt(new("/usr/bin/app", false), _probe with { Locations = [location] }));
        var lines = text.ToString().Split('\n');
        Assert.Equal("/usr/bin/app app:query__done (id, s\\x1bku)", lines[0]);
        Assert.Equal("    argument 1: 8@%rdi               id: 8 unsigned bytes in rdi", lines[2]);
    }

    [Theory]
    [InlineData("query__done", true)]
    [InlineData("app:query__done", true)]
    [InlineData("app:*", true)]
    [InlineData("query-done", true)]
    [InlineData("app:query-*", true)]
    [InlineData("*", true)]
    [InlineData("query", false)]
    [InlineData("other:*", false)]
    public void Is_called_by_name_with_or_without_its_provider(string pattern, bool called) =>
        Assert.Equal(called, ProbeKinds.IsCalled(_probe, new Glob(pattern)));

    static string Text(bool details)
    {
        var text = new StringWriter { NewLine = "\n" };
        new ListText(text, details).Write(new ListedProbe.Usdt(new("/usr/bin/app", false), _probe));
        return text.ToString();
    }
}
