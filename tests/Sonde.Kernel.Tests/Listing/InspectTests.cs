using Sonde.Bpf;
using Sonde.Engine;
using Sonde.Engine.Listing;
using Sonde.Kernel.Tests.Targets;
using Sonde.Symbols.Code;
using Xunit;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Kernel.Tests.Listing;

public sealed class InspectTests
{
    // push %rbp; nop; five-byte nop; mov %rax,%rbx; xchg %r8,%rax; ret
    static readonly byte[] _code = [0x55, 0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0x48, 0x89, 0xc3, 0x41, 0x90, 0xc3];

    static readonly byte[] _plugin = MappedFile.Contents(
        _code,
        (MappedFile.Code, 0, "app", "start", ""),
        (MappedFile.Code + 1, MappedFile.Data + 16, "app", "nop", "8@%rdi"),
        (MappedFile.Code + 2, 0, "app", "nop5", "-4@-4(%rsp)"),
        (MappedFile.Code + 7, 0, "app", "mov", ""),
        (MappedFile.Code + 10, 0, "app", "xchg", ""));

    [Theory]
    [InlineData("app:start", UprobeExecution.Emulated, "55")]
    [InlineData("app:nop", UprobeExecution.Emulated, "90")]
    [InlineData("app:mov", UprobeExecution.SingleStepped, "4889c3")]
    [InlineData("uprobe:plugin:work+7", UprobeExecution.SingleStepped, "4889c3")]
    [InlineData("uprobe:plugin:0x1001", UprobeExecution.Emulated, "90")]
    public void A_site_is_shown_before_while_and_after(string probe, UprobeExecution execution, string bytes)
    {
        Requires.Root();
        using MappedFile file = new(_plugin);

        Inspection site = Assert.Single(Inspect(file.Pid, probe));

        Assert.Equal(execution, site.Verdict.Execution);
        Assert.Equal(bytes, Convert.ToHexStringLower(site.Bytes));
        Assert.Null(site.Hazard);
        Assert.Null(site.NotAttached);
        InspectedPlace place = Assert.Single(site.Places);
        Assert.Equal(site.Bytes, place.Before);
        Assert.Equal(0xcc, place.Attached![0]);
        Assert.Equal(site.Bytes.AsSpan(1), place.Attached.AsSpan(1));
        Assert.Equal(site.Bytes, place.After);
        Assert.True(site.Restored);
    }

    [Fact]
    public void The_semaphore_is_raised_while_attached()
    {
        Requires.Root();
        using MappedFile file = new(_plugin);

        InspectedSemaphore semaphore = Assert.Single(Inspect(file.Pid, "app:nop")).Semaphore!.Value;

        Assert.Equal((0, 1, 0), (semaphore.Before!.Value, semaphore.Attached!.Value, semaphore.After!.Value));
    }

    [Fact]
    public void Where_a_probe_would_damage_the_process_none_is_attached_unless_told_to()
    {
        Requires.Root();
        Requires.Kernel(6, 18);
        using MappedFile file = new(_plugin);

        Inspection site = Assert.Single(Inspect(file.Pid, "app:nop5"));

        Assert.Equal(UprobeExecution.Optimized, site.Verdict.Execution);
        Assert.Contains("red zone", site.Hazard, StringComparison.Ordinal);
        Assert.Contains("an argument of this probe", site.Hazard, StringComparison.Ordinal);
        Assert.Contains("--unsafe", site.NotAttached, StringComparison.Ordinal);
        Assert.Null(site.Places[0].Attached);

        Inspection attached = Assert.Single(Inspect(file.Pid, "app:nop5", isUnsafe: true));
        Assert.NotEqual(attached.Bytes, attached.Places[0].Attached);
        Assert.True(attached.Restored);

        // The one-byte nop in front of it is safe, and worth a remark.
        Assert.Contains("five-byte nop", Assert.Single(Inspect(file.Pid, "app:nop")).Remark, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_kernel_runs_wrongly_is_never_attached_to()
    {
        Requires.Root();
        using MappedFile file = new(_plugin);

        Inspection site = Assert.Single(Inspect(file.Pid, "app:xchg", isUnsafe: true));

        Assert.Equal(UprobeExecution.Refused, site.Verdict.Execution);
        Assert.Contains("the kernel takes no probe there", site.NotAttached, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("uprobe:plugin:work+8", "an instruction before it reaches over that address")]
    [InlineData("uprobe:plugin:0x1040", "--unsafe")]
    public void Never_in_the_middle_of_an_instruction(string probe, string reason)
    {
        Requires.Root();
        using MappedFile file = new(_plugin);

        Inspection site = Assert.Single(Inspect(file.Pid, probe));

        Assert.Contains(reason, site.NotAttached, StringComparison.Ordinal);
        Assert.NotNull(site.Hazard);
        Assert.Null(site.Places[0].Attached);
    }

    [Fact]
    public void A_breakpoint_of_another_tool_is_left_alone()
    {
        Requires.Root();
        using MappedFile file = new(_plugin);
        using Program program = Program.Load(new ProgramSpec { Name = "other", Type = ProgramType.Kprobe, Instructions = [Mov(R0, 0), Exit()] });
        Inspection before = Assert.Single(Inspect(file.Pid, "app:start"));
        using Link link = program.AttachUprobePerf(new UprobeSpec { Path = file.Path, Offset = before.FileOffset, Pid = file.Pid });

        Inspection site = Assert.Single(Inspect(file.Pid, "app:start"));

        Assert.Equal([0xcc], site.Places[0].Before!);
        Assert.Contains("another tool has a breakpoint", site.NotAttached, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_site_of_a_Python_is_as_it_was_afterwards()
    {
        Requires.Root();
        using Target target = Target.StartReady(Interpreters.Any(), "known_calls.py");

        var sites = Inspect(target.Pid, "python");

        Assert.NotEmpty(sites);
        Assert.All(sites, site => Assert.Null(site.NotAttached));
        Assert.All(sites, site => Assert.True(site.Restored));
        Assert.All(sites, site => Assert.Equal(0xcc, site.Places[0].Attached![0]));
    }

    [Fact]
    public void Text_and_JSON_say_the_same()
    {
        Requires.Root();
        using MappedFile file = new(_plugin, "deleted");
        var text = new StringWriter();
        var json = new MemoryStream();
        Inspection site = Assert.Single(Inspect(file.Pid, "app:nop"));
        new InspectText(text).Write(site);
        new InspectJson(json).Write(site);

        Assert.Contains("plugin.so (deleted)", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("while attached  cc", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("0, while attached 1, after 0", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("restored        yes", text.ToString(), StringComparison.Ordinal);
        var root = System.Text.Json.JsonDocument.Parse(json.ToArray()).RootElement;
        Assert.Equal("cc", root.GetProperty("places")[0].GetProperty("attached").GetString());
        Assert.Equal(1, root.GetProperty("semaphore").GetProperty("attached").GetInt32());
        Assert.True(root.GetProperty("restored").GetBoolean());
    }

    [Fact]
    public void Only_looking_attaches_nothing()
    {
        Requires.Root();
        using MappedFile file = new(_plugin);
        using Inspector inspector = new(new InspectRequest { Pid = file.Pid, Probe = "app:*", Attach = false });

        var sites = inspector.Inspect();

        Assert.Equal(5, sites.Count);
        Assert.All(sites, site => Assert.Null(site.Places[0].Attached));
    }

    [Theory]
    [InlineData("app:none", "has no USDT probe 'app:none'")]
    [InlineData("uprobe:plugin:none", "has no function 'none' in plugin")]
    [InlineData("uprobe:plugin:0x900000", "is not in")]
    [InlineData("tracepoint:sched:sched_switch", "stands in the kernel")]
    [InlineData("uprobe:work", "write uprobe:PATH:function")]
    [InlineData("usdt:", "names no probe")]
    [InlineData("python", "runs no CPython that can be traced")]
    public void What_is_not_there_is_one_clear_error(string probe, string message)
    {
        Requires.Root();
        using MappedFile file = new(_plugin);
        using Target stranger = Strangers.NotPython();

        Exception error = Assert.ThrowsAny<UserErrorException>(() => Inspect(probe == "python" ? stranger.Pid : file.Pid, probe));

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    static IReadOnlyList<Inspection> Inspect(int pid, string probe, bool isUnsafe = false)
    {
        using Inspector inspector = new(new InspectRequest { Pid = pid, Probe = probe, Unsafe = isUnsafe });
        return inspector.Inspect();
    }
}
