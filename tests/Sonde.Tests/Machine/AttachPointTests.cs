using Sonde.Engine.Scripts.Machine;
using Sonde.Script.Binding;
using Xunit;

namespace Sonde.Tests.Machine;

public sealed class AttachPointTests : IDisposable
{
    readonly MachineTarget _machine = new(new MachineOptions());

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("begin", "begin")]
    [InlineData("END", "end")]
    [InlineData("test:sum", "test:sum")]
    [InlineData("self:signal:SIGUSR1", "self:signal:SIGUSR1")]
    [InlineData("interval:s:1", "interval:s:1")]
    [InlineData("i:hz:99", "interval:hz:99")]
    [InlineData("i:ms:1e1", "interval:ms:10")]
    [InlineData("interval:1h", "interval:us:3600000000")]
    [InlineData("p:1ms", "profile:us:1000")]
    [InlineData("p:us:1_000", "profile:us:1000")]
    [InlineData("s:cs:1", "software:cs:1")]
    [InlineData("software:page-faults", "software:page-faults")]
    [InlineData("h:cycles:1e6", "hardware:cycles:1000000")]
    [InlineData("watchpoint:0x1000:8:rw", "watchpoint:4096:8:rw")]
    public void Names_are_written_out(string written, string name) =>
        Assert.Equal([name], Points.Resolve(_machine, written).Select(probe => probe.Name));

    [Theory]
    [InlineData("foo:bar", "Invalid probe type: foo")]
    [InlineData("Server.handle", "Invalid probe type: Server.handle [functions of Python are probed by pycall:Server.handle]")]
    [InlineData("syscall:open", "Invalid probe type: syscall [system calls are probed by tracepoint:syscalls:sys_enter_NAME and sys_exit_NAME]")]
    [InlineData("uprobe:Server.handle", "uprobe probe type requires 2 or 3 arguments, found 1 [functions of Python are probed by pycall:Server.handle]")]
    [InlineData("uprobe:nosuch.py:handle", "uprobe target file 'nosuch.py' does not exist or is not executable [functions of Python are probed by pycall:nosuch.py:handle]")]
    [InlineData("tracpoint:a:b", "Invalid probe type: tracpoint [did you mean 'tracepoint'?]")]
    [InlineData("begin:a", "begin probe type requires 0 arguments, found 1")]
    [InlineData("interval", "interval probe type requires 1 or 2 arguments, found 0")]
    [InlineData("interval:s:0", "interval frequency should be a positive integer")]
    [InlineData("interval:x:1", "x is not an accepted unit of time [accepted are hz, us, ms and s]")]
    [InlineData("interval:s:abc", "Invalid rate of interval probe: invalid integer: abc")]
    [InlineData("interval:5", "Invalid rate of interval probe. Minimum is 1000 or 1us. Found: 5 nanoseconds [interval:hz:5 is 5 times a second, interval:s:5 every 5 seconds]")]
    [InlineData("profile:s:99999999999999", "Invalid rate of profile probe: 99999999999999s is longer than 292 years")]
    [InlineData("software:fauts:1", "fauts is not a software probe [did you mean 'faults'?]")]
    [InlineData("software:faults:abc", "Invalid count for software probe: invalid integer: abc")]
    [InlineData("watchpoint:0x1000:7:w", "watchpoint length must be one of (1,2,4,8)")]
    [InlineData("watchpoint:0x1000:8:r", "invalid watchpoint mode: r [supported modes: x,w,rw]")]
    [InlineData("watchpoint:0:8:w", "watchpoint must be attached to a non-zero address")]
    [InlineData("watchpoint:0x1001:8:w", "watchpoint address 0x1001 is not a multiple of its length 8")]
    [InlineData("watchpoint:main:8:w", "Invalid function/address argument: invalid integer: main")]
    [InlineData("self:signal:SIGUSR2", "SIGUSR2 is not a supported signal [SIGUSR1 is what there is]")]
    [InlineData("tracepoint:sched", "tracepoint probe type requires 2 arguments, found 1")]
    [InlineData("uprobe:f", "uprobe probe type requires 2 or 3 arguments, found 1 [name the program or library too: uprobe:FILE:FUNCTION]")]
    [InlineData("uprobe:/nonexist:f", "uprobe target file '/nonexist' does not exist or is not executable")]
    [InlineData("usdt:/etc:f", "usdt target file '/etc' does not exist or is not executable [it is a directory; name a program or library in it]")]
    public void Messages_say_what_is_wrong(string written, string message) => Assert.Equal(message, Points.Errors(_machine, written));

    [Fact]
    public void Timers_have_a_period_or_a_frequency()
    {
        var hz = Assert.Single(Points.Resolve(_machine, "profile:hz:99"));
        Assert.Equal((ProbeKind.Profile, 0UL, 99UL), (hz.Kind, hz.Period, hz.Frequency));
        var seconds = Assert.Single(Points.Resolve(_machine, "interval:s:2"));
        Assert.Equal((ProbeKind.Interval, 2_000_000_000UL, 0UL), (seconds.Kind, seconds.Period, seconds.Frequency));
        Assert.Equal(1500UL, Assert.Single(Points.Resolve(_machine, "interval:1500")).Period);
    }

    [Fact]
    public void Events_have_a_default_count_and_a_pattern_gives_each_once()
    {
        var faults = Assert.Single(Points.Resolve(_machine, "s:faults"));
        Assert.Equal((1u, 2UL, 100UL), (faults.PerfType, faults.PerfConfig, faults.Period));
        var all = Points.Resolve(_machine, "software:*");
        Assert.Equal(all.Count, all.Select(probe => probe.PerfConfig).Distinct().Count());
        Assert.Equal(11, all.Count);
    }

    [Fact]
    public void Narrowing_to_a_process_goes_with_what_can_be_narrowed()
    {
        using MachineTarget machine = new(new MachineOptions { ProcessId = 77 });
        Assert.Equal(77, Assert.Single(Points.Resolve(machine, "profile:hz:9")).ProcessId);
        Assert.Equal(77, Assert.Single(Points.Resolve(machine, "watchpoint:0x1000:4:w")).ProcessId);
        Assert.Equal(0, Assert.Single(Points.Resolve(machine, "begin")).ProcessId);
    }

    [Theory]
    [InlineData("10", 10UL)]
    [InlineData("0x1f", 31UL)]
    [InlineData("0755", 493UL)]
    [InlineData("1e3", 1000UL)]
    [InlineData("1_000", 1000UL)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("2m", 120_000_000_000UL)]
    public void Numbers_are_read(string text, ulong value)
    {
        Assert.True(ProbeNumber.TryParse(text, out var read));
        Assert.Equal(value, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1e99")]
    [InlineData("18446744073709551616")]
    [InlineData("999999999999d")]
    [InlineData("1w")]
    [InlineData("09")]
    [InlineData("0xg")]
    public void What_is_no_number_is_refused(string text) => Assert.False(ProbeNumber.TryParse(text, out _));
}
