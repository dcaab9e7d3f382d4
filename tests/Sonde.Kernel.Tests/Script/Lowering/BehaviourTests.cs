using System.Text;
using Sonde.Script;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Tests.Script.Lowering;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Lowering;

/// <summary>What programs compute: each is run in the kernel and its map <c>@r</c> read.</summary>
public class BehaviourTests
{
    [Theory]
    [InlineData("@r = (int64)(1 + 2 * 3 - 4 / 2 % 3)", 5)]
    [InlineData("$x = (int64)-7; @r = $x / 2", -3)]
    [InlineData("$x = (int64)-7; @r = $x % 3", -1)]
    [InlineData("$x = (int64)-8; @r = $x >> 1", -4)]
    [InlineData("$x = (uint8)250; $y = (uint8)10; @r = (int64)(uint8)($x + $y)", 4)]
    [InlineData("$x = (int8)-1; @r = (int64)(uint32)$x", 0xffffffff)]
    [InlineData("$x = (int16)-2; @r = (int64)$x", -2)]
    [InlineData("$x = 5; @r = (int64)(~$x & 0xff)", 250)]
    [InlineData("$x = 3; @r = (int64)($x++ + ++$x)", 8)]
    [InlineData("$x = pid; @r = (int64)($x == pid && comm != \"\" ? 1 : 2)", 1)]
    [InlineData("@a = (int64)5; @a += 3; @a++; @r = @a--", 9)]
    [InlineData("@k[1] = (int64)5; @k[1]++; @k[2]++; @r = @k[1] * 10 + @k[2]", 61)]
    [InlineData("@k[\"a\", 1] = (int64)5; @r = @k[\"a\", 1] + @k[\"a\", 2]", 5)]
    [InlineData("@k[1] = (int64)5; @k[2] = (int64)6; delete(@k, 1); @r = (int64)len(@k)", 1)]
    [InlineData("@k[1] = (int64)5; $a = delete(@k, 1); $b = delete(@k, 1); @r = (int64)$a * 10 + (int64)$b", 10)]
    [InlineData("@k[1] = (int64)5; @r = (int64)has_key(@k, 1) * 10 + (int64)has_key(@k, 2)", 10)]
    [InlineData("@k[1] = (int64)5; if (find(@k, 1, $v)) { @r = $v; } else { @r = -1; }", 5)]
    [InlineData("@k[1] = (int64)5; if (find(@k, 2, $v)) { @r = $v; } else { @r = -1; }", -1)]
    [InlineData("@c = count(); @c = count(); @r = (int64)@c", 2)]
    [InlineData("@c = sum(5); @c = sum(-7); @r = (int64)@c", -2)]
    [InlineData("@c = min(5); @c = min(-7); @c = min(3); @r = (int64)@c", -7)]
    [InlineData("@c = max(-5); @c = max(-7); @r = (int64)@c", -5)]
    [InlineData("@c[1] = avg(4); @c[1] = avg(8); @r = (int64)@c[1]", 6)]
    [InlineData("@r = (int64)strlen(\"hello\")", 5)]
    [InlineData("$s = comm; @r = (int64)strlen($s) - (int64)strlen(comm)", 0)]
    [InlineData("$s = \"hello\"; @r = (int64)($s == \"hello\")", 1)]
    [InlineData("$s = \"hello\"; @r = (int64)($s == \"hell\")", 0)]
    [InlineData("$s = \"hello\"; @r = (int64)($s != \"hello world\")", 1)]
    [InlineData("$s = comm; $t = comm; @r = (int64)($s == $t)", 1)]
    [InlineData("@m[1] = \"one\"; @m[2] = \"three\"; $a = @m[1]; $b = @m[2]; @r = (int64)($a == $b) * 10 + (int64)($a == @m[1])", 1)]
    [InlineData("@m[1] = \"hay needle\"; @r = (int64)strstr(@m[1], \"needle\")", 4)]
    [InlineData("@m[1] = \"hay needle\"; @r = (int64)strcontains(@m[1], \"needles\")", 0)]
    [InlineData("@m[1] = \"abcdef\"; @r = (int64)(strncmp(@m[1], \"abcxyz\", 3) == 0)", 1)]
    [InlineData("@m[1] = \"abcdef\"; @r = (int64)(str_concat(@m[1], \"gh\") == \"abcdefgh\")", 1)]
    [InlineData("@m[1] = \"abcdef\"; $i = (int64)(pid - pid + 2); $s = @m[1]; @r = (int64)$s[$i]", 'c')]
    [InlineData("$t = (1, \"two\", (3, 4)); @t = $t; @r = (int64)@t.2.1 * 10 + (int64)@t.0", 41)]
    [InlineData("$a = (1, \"x\"); $b = (1, \"x\"); @r = (int64)($a == $b)", 1)]
    [InlineData("$t = (a=1, b=\"two\"); @r = (int64)($t.b == \"two\")", 1)]
    [InlineData("$s = (int64)0; for ($i : 0..5) { $s += $i; } @r = $s", 10)]
    [InlineData("$s = (int64)0; for ($i : 0..1000) { if ($i % 2 == 0) { continue; } if ($i > 100) { break; } $s += $i; } @r = $s", 2500)]
    [InlineData("$s = (int64)0; for ($i : 0..20) { for ($j : 0..20) { if ($j == $i) { break; } $s++; } } @r = $s", 190)]
    [InlineData("@r = (int64)1; for ($i : 0..20) { for ($j : 0..20) { if ($i * $j == 99) { @r = 7; return; } } } @r = 2", 7)]
    [InlineData("$i = (int64)0; while ($i < 5000) { $i++; if ($i == 4000) { break; } } @r = $i", 4000)]
    [InlineData("@k[1] = (int64)5; @k[2] = (int64)6; $s = (int64)0; for ($kv : @k) { $s += (int64)$kv.0 * $kv.1; } @r = $s", 17)]
    [InlineData("@k[1] = count(); @k[2] = count(); @k[2] = count(); $s = (int64)0; for ($kv : @k) { $s += (int64)$kv.0 * (int64)$kv.1; } @r = $s", 5)]
    [InlineData("$x = (int64)1; $p = &$x; @r = *$p", 1)]
    [InlineData("@k[1] = (int64)4; $p = &@k[1]; @r = *$p", 4)]
    [InlineData("$a = (uint8[4])(uint32)0x04030201; @r = (int64)$a[2]", 3)]
    [InlineData("$a = (uint8[4])(uint32)0x04030201; $i = pid - pid + 1; @r = (int64)$a[$i]", 2)]
    [InlineData("$a = (uint8[4])(uint32)0x04030201; @r = (int64)(uint32)$a", 0x04030201)]
    [InlineData("@r = (int64)bswap((uint32)(pid - pid + 0x01020304))", 0x04030201)]
    [InlineData("@r = (int64){ let $y = 3; $y * 2 }", 6)]
    [InlineData("$z = tid - tid; @r = (int64)(7 / $z) * 10 + (int64)(7 % $z)", 11)]
    [InlineData("$e = elapsed; @r = (int64)($e > 0 && nsecs > $e)", 1)]
    [InlineData("@h = hist(5); @r = (int64)1", 1)]
    [InlineData("unroll(3) { @n++; } @r = (int64)@n", 3)]
    public void Programs_compute(string body, long expected)
    {
        BoundScript bound = Texts.Bind($"begin {{ {body} }}");
        foreach (TargetKernel kernel in new[] { TargetKernel.Newest with { Processors = Sonde.Bpf.Processors.Possible }, WithoutInstructionSetV4 })
        {
            using LoadedScript script = new(bound, kernel);
            script.Run();
            Assert.Equal(expected, script.Number(script.Compiled.Maps.Single(map => map.Name == "@r")));
            Assert.True(script.ScratchIsFree());
            Assert.Equal(0ul, script.Lost(LossKind.Scratch) + script.Lost(LossKind.MapUpdate) + script.Lost(LossKind.Record));
        }
    }

    [Fact]
    public void A_full_map_is_counted()
    {
        using LoadedScript script = new(Texts.Bind("let @a = hash(2); let @b = percpuhash(2); begin { for ($i : 0..10) { @a[$i] = 1; } for ($i : 0..10) { @b[$i] = count(); } }"));
        script.Run();
        Assert.Equal(16ul, script.Lost(LossKind.MapUpdate));
    }

    [Fact]
    public void After_exit_nothing_runs()
    {
        using LoadedScript script = new(Texts.Bind("begin { @a = count(); exit(); @a = count(); } end { @b = count(); }"));
        script.Run();
        script.Run();
        script.Run(1);
        Assert.Equal(1, script.Number(script.Compiled.Maps[0]));
        Assert.Equal(1, script.Number(script.Compiled.Maps[1]));
        byte[] record = Assert.Single(script.Records());
        Assert.Equal(ActionKind.Exit, script.Compiled.Actions[BitConverter.ToInt32(record)].Kind);
    }

    [Fact]
    public void A_division_by_zero_is_told()
    {
        using LoadedScript script = new(Texts.Bind("begin { @a = 5 / (pid - pid); }"));
        script.Run();
        byte[] record = Assert.Single(script.Records());
        Assert.Equal(ActionKind.RuntimeError, script.Compiled.Actions[BitConverter.ToInt32(record)].Kind);
    }

    [Fact]
    public void Records_that_have_no_room_are_counted()
    {
        using LoadedScript script = new(Texts.Bind("begin { for ($i : 0..1000) { printf(\"%d %s\\n\", $i, comm); } }", config: new() { RingPages = 1 }));
        script.Run();
        Assert.Equal(1000ul, script.Lost(LossKind.Record) + (ulong)script.Records().Count);
        Assert.NotEqual(0ul, script.Lost(LossKind.Record));
    }

    [Fact]
    public void Programs_for_older_kernels_load_too()
    {
        StringBuilder failures = new();
        TargetKernel old = TargetKernel.Newest with
        {
            Processors = Sonde.Bpf.Processors.Possible,
            HasLoop = false,
            HasForEachMapElement = false,
            HasRingBuffer = false,
            HasFetchingAtomics = false,
            HasCookies = false,
            HasUprobeMulti = false,
            HasSleepableUprobes = false,
            HasPerCpuLookup = false,
            HasInstructionSetV4 = false,
            HasBootTime = false,
            HasTaiTime = false,
            HasMapAllocator = false,
        };
        int refused = 0;
        foreach (string program in Programs.Groups.SelectMany(group => group.Texts))
        {
            try
            {
                new LoadedScript(Texts.Bind(program), old).Dispose();
            }
            catch (IrException)
            {
                refused++;
            }
            catch (Sonde.Bpf.VerifierException e)
            {
                failures.Append($"# {program}\n{e.Message}\n");
            }
        }

        Assert.True(failures.Length == 0, failures.ToString());
        Assert.InRange(refused, 1, 12);
    }

    static TargetKernel WithoutInstructionSetV4 => TargetKernel.Newest with { Processors = Sonde.Bpf.Processors.Possible, HasInstructionSetV4 = false };
}
