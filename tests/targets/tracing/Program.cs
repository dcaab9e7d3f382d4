// A program that uses the library as a package (tests/setup/library-package), and compiled ahead of time (eng/usdt-native tracing).
using Sonde.Tracing;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

var prefix = "/etc/";
await using var session = Session.Attach(Environment.ProcessId);
await using var opened = session.Tracepoint("syscalls:sys_enter_openat", p => new Opened(p.UserString("filename"), p.Int32("flags"), p.Pid, p.Time)).Where(e => e.File.StartsWith(prefix)).Open();
await using var counts = session.Tracepoint("syscalls:sys_enter_openat").Where(p => p.UserString("filename") == "/etc/hostname").CountBy(p => new Key(p.Pid, p.Comm.StartsWith("x")));
await using var sizes = session.Tracepoint("syscalls:sys_enter_openat").HistogramBy(p => p.Pid, p => p.Int32("dfd") + 200);
await using var tuples = session.Tracepoint("syscalls:sys_enter_openat", p => ValueTuple.Create(p.Int32("dfd"), p.Pid)).Where(e => e.Item2 > 1).Open();
File.ReadAllBytes("/etc/hostname");
await opened.DisposeAsync();
await foreach (var e in opened)
{
    if (e.File == "/etc/hostname")
    {
        Console.WriteLine($"{e.File} by {e.Pid == Environment.ProcessId}, {Math.Abs((Session.ToDateTime(e.Time) - DateTimeOffset.UtcNow).TotalMinutes) < 1}");
        break;
    }
}

await foreach (var e in tuples)
{
    Console.WriteLine($"{e.Item1} {e.Item2 == Environment.ProcessId}");
    break;
}

Console.WriteLine($"{counts.Snapshot()[new Key(Environment.ProcessId, false)]} {session.Losses.Total} {sizes.Snapshot().Values.Single().Buckets[0].Minimum} {session.Warnings.Count}");

record Key(int Pid, bool IsX);
record Opened(string File, int Flags, int Pid, TimeSpan Time);
