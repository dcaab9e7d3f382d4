using System.Runtime.InteropServices;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;
using Sonde.Usdt.Image;
using Xunit;
using UsdtArgument = Sonde.Usdt.UsdtArgument;

namespace Sonde.Tests.Usdt;

/// <summary>The shared object of a provider, read back by the readers that read everybody's.</summary>
public sealed class ProviderImageTests
{
    static readonly ProbeShape _everyKind = new(
        "every_kind",
        [
            UsdtArgument.Int8, UsdtArgument.UInt8, UsdtArgument.Int16, UsdtArgument.UInt16, UsdtArgument.Int32, UsdtArgument.UInt32,
            UsdtArgument.Int64, UsdtArgument.UInt64, UsdtArgument.Single, UsdtArgument.Double, UsdtArgument.Text, UsdtArgument.Bytes,
        ],
        []);

    [Fact]
    public void Notes_tell_name_operands_site_and_semaphore_of_each_probe()
    {
        var image = Build(Architecture.X64, _everyKind, new ProbeShape("nothing", [], []));
        var notes = UsdtNotes.Read(ElfFile.Parse(image.Bytes, "shop.so"));
        Assert.Equal(0, notes.Malformed);
        Assert.Equal(["shop:every_kind", "shop:nothing"], notes.Probes.Select(static probe => probe.FullName));
        for (var i = 0; i < 2; i++)
        {
            var location = Assert.Single(notes.Probes[i].Locations);
            Assert.Equal((ulong)image.StubOffset(i), location.Address);
            Assert.Equal((ulong)image.StubOffset(i), location.FileOffset);
            Assert.Equal(new UsdtSemaphore((ulong)image.SemaphoreOffset(i), (ulong)image.SemaphoreOffset(i)), location.Semaphore);
        }

        Assert.Equal(
            "-1@%dil 1@%sil -2@%dx 2@%cx -4@%r8d 4@%r9d -8@8(%rsp) 8@16(%rsp) 4f@24(%rsp) 8f@32(%rsp) 8@40(%rsp) 8@48(%rsp)",
            notes.Probes[0].Locations[0].ArgumentText);
        Assert.Equal(
            ["sbyte", "byte"],
            notes.Probes[0].Locations[0].Arguments.Take(2).Select(static argument => argument.IsSigned ? "sbyte" : "byte"));
        Assert.All(notes.Probes[0].Locations[0].Arguments, static argument => Assert.Null(argument.Unavailable));
        Assert.Empty(notes.Probes[1].Locations[0].Arguments);
    }

    [Fact]
    public void Aarch64_has_its_own_registers_stack_and_instructions()
    {
        var image = Build(Architecture.Arm64, _everyKind);
        var file = ElfFile.Parse(image.Bytes, "shop.so");
        Assert.Equal(ElfMachine.AArch64, file.Machine);
        var location = Assert.Single(UsdtNotes.Read(file).Probes).Locations[0];
        Assert.Equal("-1@x0 1@x1 -2@x2 2@x3 -4@x4 4@x5 -8@x6 8@x7 4f@[sp, 0] 8f@[sp, 8] 8@[sp, 16] 8@[sp, 24]", location.ArgumentText);
        Assert.All(location.Arguments, static argument => Assert.Null(argument.Unavailable));
        // nop; ret
        Assert.Equal("1F2003D5C0035FD6", Convert.ToHexString(image.Bytes.AsSpan(image.StubOffset(0), 8)));
    }

    [Fact]
    public void A_stub_is_a_nop_then_a_nop_of_five_bytes_and_touches_no_stack()
    {
        var image = Build(Architecture.X64, _everyKind);
        Assert.Equal("900F1F440000C3", Convert.ToHexString(image.Bytes.AsSpan(image.StubOffset(0), 7)));
    }

    [Fact]
    public void Symbols_lie_at_the_stubs()
    {
        var image = Build(Architecture.X64, _everyKind, new ProbeShape("nothing", [], []));
        var file = ElfFile.Parse(image.Bytes, "shop.so");
        Assert.True(file.TryFindSymbol("nothing", out var symbol));
        Assert.Equal((ulong)image.StubOffset(1), symbol.Value);
    }

    [Fact]
    public void Code_and_semaphores_are_on_pages_of_their_own()
    {
        var image = Build(Architecture.X64, [.. Enumerable.Range(0, 500).Select(static number => new ProbeShape($"probe{number}", [UsdtArgument.Text], []))]);
        Assert.Equal(0, image.DataOffset % 4096);
        Assert.All(Enumerable.Range(0, 500), number =>
        {
            Assert.True(image.StubOffset(number) + ProbeStub.Stride <= image.DataOffset);
            Assert.InRange(image.SemaphoreOffset(number), image.DataOffset, image.MappedEnd - 2);
        });
        Assert.Equal(500, UsdtNotes.Read(ElfFile.Parse(image.Bytes, "shop.so")).Probes.Count);
    }

    [Fact]
    public void Names_of_arguments_stand_in_a_note_beside()
    {
        var image = Build(Architecture.X64, new ProbeShape("order_placed", [UsdtArgument.Int64, UsdtArgument.Text], ["id", "sku"]), new ProbeShape("nameless", [UsdtArgument.Int64], []));
        var file = ElfFile.Parse(image.Bytes, "shop.so");
        Assert.True(file.TryGetSection(".note.sonde", out var section));
        var probes = UsdtNotes.Read(file).Probes;
        Assert.Equal(["id", "sku"], probes[0].Locations[0].Arguments.Select(static argument => argument.Name));
        Assert.Equal([""], probes[1].Locations[0].Arguments.Select(static argument => argument.Name));
        Assert.Equal("shop\0order_placed\0id\0sku\0", System.Text.Encoding.UTF8.GetString(file.SectionBytes(section))[20..].TrimEnd('\0') + "\0");
    }

    static ProviderImage Build(Architecture architecture, params IReadOnlyList<ProbeShape> probes) => ProviderImage.Build("shop", probes, ProbeStub.For(architecture), 4096);
}
