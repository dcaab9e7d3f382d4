using System.Net;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Guests;
using Sonde.Kernel.Tests.Script.Specs;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Session;

/// <summary>What <c>skboutput</c> writes: packets of a program that sends some to its own machine, read back.</summary>
public sealed class PacketFileTests
{
    const int EthernetHeader = 14, Discard = 9;

    [Fact]
    public void Packets_of_a_raw_tracepoint_are_in_the_file_as_they_were_sent()
    {
        Requires.Root();
        DateTimeOffset before = DateTimeOffset.UtcNow.AddMilliseconds(-1);
        IReadOnlyList<CapturedPacket> packets = Capture("args.skb.len", "packets 5");
        DateTimeOffset after = DateTimeOffset.UtcNow.AddMilliseconds(1);

        CapturedPacket[] sent = [.. packets.Where(packet => packet.IsDatagram(Discard))];
        Assert.Equal(["packet 0", "packet 1", "packet 2", "packet 3", "packet 4"], sent.Select(packet => packet.Text));
        Assert.All(sent, packet => Assert.Equal((IPAddress.Loopback.ToString(), 60, 60, 60), (packet.Destination.ToString(), packet.Bytes.Length, packet.Length, packet.InternetLength)));
        Assert.All(sent, packet => Assert.InRange(packet.Time, before, after));
        Assert.Equal(sent.OrderBy(packet => packet.Time), sent);
    }

    [Fact]
    public void Of_a_long_packet_there_is_as_much_as_is_wanted()
    {
        Requires.Root();
        CapturedPacket cut = Assert.Single(Capture("36", "packets 1 50000"), packet => packet.IsDatagram(Discard));
        Assert.Equal((36, 50028, "packet 0"), (cut.Bytes.Length, cut.Length, cut.Text));

        CapturedPacket whole = Assert.Single(Capture("1 << 40", "packets 1 50000"), packet => packet.IsDatagram(Discard));
        Assert.Equal((50028, 50028, "packet 0"), (whole.Bytes.Length, whole.Length, whole.Text));
    }

    [Fact]
    public void A_script_that_cannot_be_attached_leaves_what_the_file_had()
    {
        Requires.Root();
        using SpecTarget target = SpecTarget.Take();
        string folder = Directory.CreateTempSubdirectory("sonde-packets-").FullName;
        try
        {
            string earlier = Path.Combine(folder, "earlier.pcap"), made = Path.Combine(folder, "made.pcap");
            File.WriteAllText(earlier, "an earlier capture");
            // A processor watches four places at most.
            string watchpoints = string.Concat(Enumerable.Range(0, 5).Select(i => $" watchpoint:0x{0x10000000 + (64 * i):x}:8:w {{ }}"));
            CommandResult result = Run($"rawtracepoint:net_dev_queue {{ $r = skboutput(\"{earlier}\", args.skb, 1, 0); $s = skboutput(\"{made}\", args.skb, 1, 0); }}{watchpoints}", $"{target.Path} watch 1");
            Assert.NotEqual(0, result.ExitCode);
            Assert.Contains("watchpoint", result.Errors, StringComparison.Ordinal);
            Assert.Equal("an earlier capture", File.ReadAllText(earlier));
            Assert.False(File.Exists(made));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory, MemberData(nameof(Guest.Names), MemberType = typeof(Guest))]
    public void Functions_with_a_packet_as_argument_write_it_on_every_kernel(string kernel)
    {
        Guest guest = Guest.Get(kernel);
        var files = new Initramfs();
        files.AddProgram(NativeSonde.Path, "/bin/bpftrace");
        using (SpecTarget target = SpecTarget.Take())
        {
            files.AddProgram(target.Path, "/bin/spectarget");
        }

        CommandResult result = guest.Run(files,
        [
            $$"""
            cd /tmp
            bpftrace -q -e 'fentry:__dev_queue_xmit /pid == cpid/ { $r = skboutput("out.pcap", args.skb, args.skb.len, {{EthernetHeader}}); @[$r] = count(); }' -c 'spectarget packets 4' >&2 || exit
            base64 out.pcap
            """,
        ])[0];
        Assert.True(result.ExitCode == 0, result.Errors);
        IReadOnlyList<CapturedPacket> packets = CapturedPacket.ReadAll(Convert.FromBase64String(result.Output));
        Assert.Equal(["packet 0", "packet 1", "packet 2", "packet 3"], packets.Where(packet => packet.IsDatagram(Discard)).Select(packet => packet.Text));
        Assert.All(packets, packet => Assert.Equal((packet.Length, packet.InternetLength), (packet.Bytes.Length, packet.Length)));
    }

    static IReadOnlyList<CapturedPacket> Capture(string length, string mode)
    {
        using SpecTarget target = SpecTarget.Take();
        string folder = Directory.CreateTempSubdirectory("sonde-packets-").FullName;
        try
        {
            string file = Path.Combine(folder, "out.pcap");
            CommandResult result = Run($"rawtracepoint:net_dev_queue /pid == cpid/ {{ $r = skboutput(\"{file}\", args.skb, {length}, {EthernetHeader}); }}", $"{target.Path} {mode}");
            Assert.True(result.ExitCode == 0, result.Errors);
            return CapturedPacket.ReadAll(File.ReadAllBytes(file));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static CommandResult Run(string program, string command)
    {
        using Target bpftrace = Target.Start(SondeCommand.AsBpftrace, "-e", program, "-c", command);
        string output = bpftrace.ReadToEnd();
        return new CommandResult(bpftrace.WaitForExit(), output, bpftrace.Errors);
    }
}
