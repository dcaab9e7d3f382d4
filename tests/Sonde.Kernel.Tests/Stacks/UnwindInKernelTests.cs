using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Stacks by unwind tables, walked by programs in the kernel.</summary>
public sealed class UnwindInKernelTests
{
    public UnwindInKernelTests()
    {
        Requires.Root();
        Requires.Kernel(5, 17);
    }

    [Theory]
    [InlineData("-O2 -fomit-frame-pointer")]
    [InlineData("-O2 -fno-omit-frame-pointer")]
    [InlineData("-O0 -g")]
    [InlineData("-O2 -static")]
    public void A_busy_program_is_where_it_knows_it_is(string options)
    {
        using var target = Start(options, "spin");

        var functions = Functions(target, $$"""profile:hz:99 /pid == {{target.Pid}}/ { print(dw_ustack); exit(); }""");

        Assert.Equal([.. NativeProgram.Chain, "main"], functions.Where(name => name is "main" || NativeProgram.Chain.Contains(name)));
        Assert.Equal("_start", functions[^1]);
    }

    [Fact]
    public void A_system_call_in_a_signal_handler_stands_on_what_was_interrupted()
    {
        using var target = Start("-O2 -fomit-frame-pointer", "signal");
        // Each line is read in the handler, again and again until the script has seen one.
        using var feed = new Timer(_ => target.Send(), null, 0, 20);

        var functions = Functions(target, $$"""tracepoint:syscalls:sys_exit_read /pid == {{target.Pid}}/ { print(dw_ustack); exit(); }""");

        Assert.Equal(["innermost", "on_signal", .. NativeProgram.Chain.Skip(1), "main"], functions.Where(name => name is "main" or "on_signal" || NativeProgram.Chain.Contains(name)));
        Assert.Equal("_start", functions[^1]);
    }

    [Fact]
    public void A_process_that_was_not_named_has_its_tables_loaded_when_it_is_met()
    {
        using var target = Start("-O2 -fomit-frame-pointer", "spin");

        // The first hits find no table; what is counted is the longest stack.
        using var sonde = Target.Start(SondeCommand.Path, "run", "-q", "-e", $$"""config = { unstable_dw_ustack = enable } profile:hz:99 /comm == "{{Path.GetFileName(NativeProgram.Compile("-O2 -fomit-frame-pointer"))[..15]}}"/ { if (len(dw_ustack) > 8) { printf("whole\n"); exit(); } } interval:s:40 { exit(); }""");

        Assert.Equal("whole", sonde.ReadLine());
    }

    [Fact]
    public void A_command_that_was_started_has_the_tables_of_its_libraries()
    {
        using var sonde = Target.Start(SondeCommand.Path, "run", "-q", "-c", $"{NativeProgram.Compile("-O2 -fomit-frame-pointer")} spin", "-e",
            "config = { unstable_dw_ustack = enable } profile:hz:99 /pid == cpid && elapsed > 1000000000/ { print(dw_ustack); exit(); }");

        Assert.Contains("_start+", sonde.ReadToEnd(), StringComparison.Ordinal);
    }

    static Target Start(string options, string mode)
    {
        var target = Target.Start(NativeProgram.Compile(options), mode);
        target.WaitFor("ready");
        return target;
    }

    /// <summary>The functions of the stack a script prints, innermost first.</summary>
    static List<string> Functions(Target target, string script)
    {
        using var sonde = Target.Start(SondeCommand.Path, "run", "-q", "-p", $"{target.Pid}", "-e", "config = { unstable_dw_ustack = enable } " + script);
        var output = sonde.ReadToEnd();
        Assert.True(sonde.WaitForExit() == 0, sonde.Errors);
        return [.. output.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0).Select(line => line.Split('+')[0].Split('.')[0])];
    }
}
