using System.Text;
using System.Text.Json;
using Sonde.Engine;
using Sonde.Engine.Listing;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Listing;

public sealed class ListTests
{
    static readonly byte[] _plugin = MappedFile.Contents(
        [0x90, 0xc3, 0x90, 0xc3],
        (MappedFile.Code, MappedFile.Data, "app", "step", "8@%rdi -4@16(%rsp)"),
        (MappedFile.Code + 2, 0, "app", "stop", ""));

    [Theory]
    [InlineData("plain", false)]
    [InlineData("deleted", true)]
    [InlineData("replaced", true)]
    [InlineData("memfd", true)]
    public void Mapped_files_are_read_even_when_their_name_is_gone(string how, bool gone)
    {
        Requires.Root();
        using MappedFile file = new(_plugin, how);

        var found = Find(ListRequest.Parse(file.Pid, null, ["app:*"])).Cast<ListedProbe.Usdt>().ToList();

        Assert.Equal(["app:step", "app:stop"], found.Select(p => p.Probe.FullName));
        Assert.All(found, p => Assert.Equal(gone, p.File.IsDeleted));
        Assert.All(found, p => Assert.EndsWith("plugin" + (how == "memfd" ? "" : ".so"), p.File.Path, StringComparison.Ordinal));
        Assert.Equal(2, found[0].Probe.Locations[0].Arguments.Count);
        Assert.NotNull(found[0].Probe.Semaphores[0].FileOffset);
    }

    [Fact]
    public void A_library_of_a_process_can_be_named_alone()
    {
        Requires.Root();
        using MappedFile file = new(_plugin);

        Assert.Equal(2, Find(ListRequest.Parse(file.Pid, "plugin", [])).Count);
        Assert.Equal(["stop"], Find(ListRequest.Parse(file.Pid, "plugin.so", ["st?p"])).Cast<ListedProbe.Usdt>().Select(p => p.Probe.Name).Where(n => n == "stop"));
        Assert.Equal(["work"], Find(ListRequest.Parse(file.Pid, null, ["uprobe:plugin:w*"])).Cast<ListedProbe.NativeFunction>().Select(f => f.Name));
        Assert.Contains("'nothing'", Assert.Throws<UserErrorException>(() => Find(ListRequest.Parse(file.Pid, "nothing", []))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_from_a_target_reaches_the_terminal_unescaped()
    {
        Requires.Root();
        byte[] hostile = MappedFile.Contents([0x90], (MappedFile.Code, 0, "e\u001b[2Jvil", "li\nne\u202e", "8@\u001b]0;x\u0007"));
        using MappedFile file = new(hostile, name: "plu\u001b[31mgin.so");
        var lister = new ProbeLister(ListRequest.Parse(file.Pid, null, ["usdt:*:*li*"]) with { Details = true });
        var text = new StringWriter();
        var json = new MemoryStream();
        var textWriter = new ListText(text, details: true);
        var jsonWriter = new ListJson(json);
        foreach (ListedProbe probe in lister.Find())
        {
            textWriter.Write(probe);
            jsonWriter.Write(probe);
        }

        string written = text + Encoding.UTF8.GetString(json.ToArray());
        Assert.Contains("plu", written, StringComparison.Ordinal);
        Assert.All(written, c => Assert.True(c is '\n' or (>= ' ' and <= '~'), $"U+{(int)c:x4} came through"));
        Assert.Equal("li\nne\u202e", JsonDocument.Parse(json.ToArray()).RootElement.GetProperty("name").GetString());
    }

    [Theory, MemberData(nameof(Interpreters.Names), MemberType = typeof(Interpreters))]
    public void A_Python_process_shows_its_interpreter_and_how_it_is_traced(string name)
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Get(name);
        using Target target = Target.StartReady(interpreter, "known_calls.py");

        var python = Assert.Single(Find(ListRequest.Parse(target.Pid, null, ["python"])).OfType<ListedProbe.Python>());

        Assert.Null(python.Refusal);
        Assert.Equal(interpreter.Version.Minor, python.Version!.Value.Minor);
        Assert.NotEmpty(python.Sites);
        Assert.Equal([target.Pid], python.Pids);
        var text = new StringWriter();
        new ListText(text, details: false).Write(python);
        Assert.Contains($"CPython {python.Version}", text.ToString(), StringComparison.Ordinal);
        Assert.Contains($"traced by stock probes at {python.Sites.Count} places", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Running_interpreters_are_found_on_the_whole_machine()
    {
        Requires.Root();
        Interpreter interpreter = Interpreters.Any();
        using Target one = Target.StartReady(interpreter, "known_calls.py");
        using Target two = Target.StartReady(interpreter, "known_calls.py");

        var python = Assert.Single(Find(ListRequest.Parse(null, null, [])).Cast<ListedProbe.Python>(), p => p.Pids.Contains(one.Pid));

        Assert.Contains(two.Pid, python.Pids);
    }

    [Fact]
    public void Tracepoints_are_listed_with_their_fields()
    {
        Requires.Root();
        var found = Find(ListRequest.Parse(null, null, ["tracepoint:sched:sched_swi*"]) with { Details = true });

        var tracepoint = Assert.Single(found.Cast<ListedProbe.Tracepoint>());
        Assert.Equal("sched_switch", tracepoint.Name);
        Assert.Contains("pid_t prev_pid", tracepoint.Fields);
        Assert.DoesNotContain(tracepoint.Fields, field => field.Contains("common_", StringComparison.Ordinal));
    }

    [Fact]
    public void Functions_are_listed_by_pattern()
    {
        var found = Find(ListRequest.Parse(null, null, ["uprobe:c:getenv"]));

        var function = Assert.Single(found.Cast<ListedProbe.NativeFunction>());
        Assert.Equal("getenv", function.Name);
        Assert.NotNull(function.FileOffset);
    }

    [Fact]
    public void What_cannot_be_listed_is_one_clear_error()
    {
        Assert.Contains("does not exist", Fails(Strangers.NobodysPid()), StringComparison.Ordinal);
        using Target parent = Strangers.ParentOfZombie(out int zombie);
        Assert.Contains("has exited", Fails(zombie), StringComparison.Ordinal);
        if (Strangers.TryFindKernelThread(out int thread))
        {
            Assert.Contains("kernel thread", Fails(thread), StringComparison.Ordinal);
        }

        static string Fails(int pid) => Assert.Throws<UserErrorException>(() => Find(ListRequest.Parse(pid, null, []))).Message;
    }

    [Fact]
    public void A_32_bit_process_is_passed_over_with_a_word()
    {
        Requires.Root();
        using Target target = Strangers.ThirtyTwoBit();
        var lister = new ProbeLister(ListRequest.Parse(target.Pid, null, []));

        Assert.Empty(lister.Find());
        Assert.Contains("32-bit", Assert.Single(lister.Problems), StringComparison.Ordinal);
    }

    static List<ListedProbe> Find(ListRequest request) => [.. new ProbeLister(request).Find()];
}
