using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Config variables.</summary>
public sealed class ConfigTests
{
    static (ScriptConfig Config, string Messages) Read(string block, params (string Key, string Value)[] environment)
    {
        (Sonde.Script.Syntax.Script script, DiagnosticBag diagnostics) = Reading.Read($"config = {{ {block} }} begin {{ }}");
        ScriptConfig config = ConfigReader.Read(script.Config, environment.Select(e => KeyValuePair.Create(e.Key, e.Value)), diagnostics);
        return (config, diagnostics.Render());
    }

    [Fact]
    public void Defaults() => Golden.Check("script-config-defaults.txt", string.Join('\n', new ScriptConfig().Values.Select(v => $"{v.Name} = {v.Value}")) + "\n");

    [Fact]
    public void Every_variable_can_be_set()
    {
        (ScriptConfig config, string messages) = Read(
            "cache_user_symbols=NONE; cpp_demangle=false; lazy_symbolication=true; license=\"GPL v2\"; log_size=1; max_bpf_progs=2; max_cat_bytes=3; max_map_keys=4; max_probes=5; max_strlen=6; "
            + "missing_probes=warn; on_stack_limit=7; perf_rb_pages=8; print_maps_on_exit=0; show_debug_info=1; stack_mode=build_id; str_trunc_trailer=\"~\"; unstable_dw_ustack=enable; unstable_tseries=error; unstable_typeinfo=warn; use_blazesym=yes");
        Assert.Empty(messages);
        Golden.Check("script-config-set.txt", string.Join('\n', config.Values.Select(v => $"{v.Name} = {v.Value}")) + "\n");
    }

    [Theory]
    [InlineData("max_strlen=64")]
    [InlineData("MAX_STRLEN=64")]
    [InlineData("BPFTRACE_MAX_STRLEN=64")]
    [InlineData("strlen=64")]
    [InlineData("BPFTRACE_STRLEN=\"64\"")]
    public void Three_spellings_and_the_old_name(string entry) => Assert.Equal(64, Read(entry).Config.MaxStringLength);

    [Fact]
    public void The_environment_wins()
    {
        (ScriptConfig config, string messages) = Read("stack_mode=perf; max_map_keys=1", ("BPFTRACE_STACK_MODE", "raw"), ("PATH", "/bin"), ("BPFTRACE_COLOR", "never"));
        Assert.Empty(messages);
        Assert.Equal(StackMode.Raw, config.StackMode);
        Assert.Equal(1, config.MaxMapKeys);
    }

    [Fact]
    public void The_negated_old_name_is_turned_round() => Assert.False(Read("no_cpp_demangle=true").Config.DemangleCpp);

    static readonly string[] _mistakes =
    [
        "foo=1", "max_strln=5", "max_strlen=abc", "max_strlen=-5", "max_strlen=99999999999", "stack_mode=foo", "missing_probes=5", "cache_user_symbols=sometimes",
        "print_maps_on_exit=perhaps", "license=mine", "unstable_tseries=maybe", "unstable_addr=1",
    ];

    [Fact]
    public void Mistakes_are_explained() => Golden.Check("script-config-errors.txt",
        string.Concat(_mistakes.Select(entry => Read(entry).Messages)) + Read("", ("BPFTRACE_MAX_STRLEN", "x"), ("BPFTRACE_MAX_STRLN", "5")).Messages);
}
