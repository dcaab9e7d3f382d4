using Sonde.Engine;
using Sonde.Engine.Listing;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class ListRequestTests
{
    [Theory]
    [InlineData(null, null, "", null, null, null)]
    [InlineData(null, null, "/bin/ls", null, "/bin/ls", null)]
    [InlineData(null, null, "libc", null, "libc", null)]
    [InlineData(null, null, "libc setjmp*", null, "libc", "setjmp*")]
    [InlineData(null, null, "/bin/ls uprobe:main*", ProbeKind.Function, "/bin/ls", "main*")]
    [InlineData(7, null, "gc__*", null, null, "gc__*")]
    [InlineData(7, null, "python:gc__*", null, null, "python:gc__*")]
    [InlineData(7, null, "python", ProbeKind.Python, null, null)]
    [InlineData(7, "c", "setjmp", null, "c", "setjmp")]
    [InlineData(7, null, "uprobe:libc:malloc*", ProbeKind.Function, "libc", "malloc*")]
    [InlineData(7, null, "uprobe:malloc*", ProbeKind.Function, null, "malloc*")]
    [InlineData(7, null, "uprobe:libx:ns::f*", ProbeKind.Function, "libx", "ns::f*")]
    [InlineData(7, null, "uprobe:ns::f*", ProbeKind.Function, null, "ns::f*")]
    [InlineData(null, "c", "uprobe:*:malloc", ProbeKind.Function, "c", "malloc")]
    [InlineData(null, null, "uprobe:/bin/ls:main", ProbeKind.Function, "/bin/ls", "main")]
    [InlineData(null, null, "u:bash:readline", ProbeKind.Function, "bash", "readline")]
    [InlineData(null, null, "usdt:/bin/ls:app:*", ProbeKind.Usdt, "/bin/ls", "app:*")]
    [InlineData(null, null, "usdt:/bin/ls:*", ProbeKind.Usdt, "/bin/ls", "*")]
    [InlineData(7, null, "usdt:app:*", ProbeKind.Usdt, null, "app:*")]
    [InlineData(null, null, "tracepoint:sched:*", ProbeKind.Tracepoint, null, "sched:*")]
    [InlineData(null, null, "t:sched:*", ProbeKind.Tracepoint, null, "sched:*")]
    [InlineData(null, null, "sched:*", ProbeKind.Tracepoint, null, "sched:*")]
    [InlineData(7, null, "tracepoint:sched:*", ProbeKind.Tracepoint, null, "sched:*")]
    public void Is_understood(int? pid, string? library, string words, ProbeKind? kind, string? target, string? pattern)
    {
        var request = ListRequest.Parse(pid, library, words.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(pid, request.Pid);
        Assert.Equal(kind, request.Kind);
        Assert.Equal(target, request.Target);
        Assert.Equal(pattern, request.Pattern?.ToString());
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(-1, "")]
    [InlineData(7, "a b")]
    [InlineData(null, "a b c")]
    [InlineData(null, "uprobe:main")]
    [InlineData(null, "usdt:main")]
    public void Nonsense_is_a_usage_error(int? pid, string words) =>
        Assert.Throws<UsageException>(() => ListRequest.Parse(pid, null, words.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Theory]
    [InlineData("/lib/x/libc.so.6", "libc", true)]
    [InlineData("/lib/x/libc.so.6", "c", true)]
    [InlineData("/lib/x/libc.so.6", "libc.so.6", true)]
    [InlineData("/lib/x/libc-2.31.so", "libc", true)]
    [InlineData("/lib/x/libcrypt.so.1", "c", false)]
    [InlineData("/lib/x/libcrypt.so.1", "libc", false)]
    [InlineData("/lib/x/libc.so.6", "/lib/x/libc.so.6", true)]
    [InlineData("/lib/x/libc.so.6", "/x/libc.so.6", false)]
    [InlineData("/usr/bin/python3.11", "python3.11", true)]
    [InlineData("/memfd:plugin", "memfd:plugin", true)]
    public void Files_go_by_the_names_people_use(string path, string name, bool called) => Assert.Equal(called, FileSearch.IsCalled(path, name));

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        Assert.Contains("/no/such/file", Assert.Throws<UserErrorException>(() => FileSearch.Find("/no/such/file")).Message, StringComparison.Ordinal);
        Assert.Contains("'no-such-library'", Assert.Throws<UserErrorException>(() => FileSearch.Find("no-such-library")).Message, StringComparison.Ordinal);
        Assert.EndsWith(".so.6", FileSearch.Find("c"), StringComparison.Ordinal);
    }
}
