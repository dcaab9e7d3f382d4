// In an expression for the kernel texts are compared byte by byte, whatever the culture.
#pragma warning disable CA1310
using Sonde.Tracing;
using Sonde.Usdt;

namespace Sonde.Kernel.Tests.Library;

/// <summary>The samples of docs/library.md, word for word (<see cref="DocumentationTests"/>), each a method that writes to <see cref="Console"/> as its own.</summary>
static class Samples
{
    /// <summary>What the samples write.</summary>
    public static TextWriter Console { get; set; } = TextWriter.Null;

    public static async Task Transfers(int pid)
    {
        await using var session = Session.Attach(pid);
        await foreach (var e in session
            .Usdt("simplehttp:file_transfer", p => new { Client = p.String(0), Path = p.String(1), Size = p.UInt32(2) })
            .Where(x => x.Size > 1_000_000))
        {
            Console.WriteLine($"{e.Client} got {e.Path}, {e.Size} bytes");
        }
    }

    public static async Task Loss(int pid)
    {
        await using var session = Session.Attach(pid, new SessionOptions { BufferedEvents = 1000 });
        var stream = session.PythonCalls("*", c => c.Function);
        await foreach (var name in stream)
        {
            if (name == "Server.handle")
            {
                break;
            }
        }

        Console.WriteLine($"{stream.Losses.Total} lost, {stream.Losses.Unread} of them since nobody read");
    }

    public static async Task OwnProbes()
    {
        using var provider = new UsdtProvider("shop");
        var placed = provider.AddProbe<long, string>("order_placed", "id", "sku");
        provider.Load();
        await using var session = Session.Attach(Environment.ProcessId);
        await using var orders = session.Usdt("shop:order_placed", p => new { Id = p.Int64("id"), Sku = p.String("sku") }).Open();
        placed.Fire(7, "chair");
        await foreach (var order in orders)
        {
            Console.WriteLine($"{order.Id}: {order.Sku}");
            break;
        }
    }

    public static async Task Latency(int pid)
    {
        await using var session = Session.Attach(pid);
        await using var latency = session.Calls("libc:read").HistogramBy(c => c.Comm, c => c.Duration);
        await Task.Delay(TimeSpan.FromSeconds(1));
        foreach (var (thread, times) in latency.Snapshot())
        {
            Console.WriteLine($"{thread}: {times.Count} reads, half of them within {times.Percentile(0.5)} ns");
        }
    }

    public static async Task Stacks(int pid)
    {
        await using var session = Session.Attach(pid);
        await using var stacks = session.Samples(99, s => s.PythonStack(100)).CountBy(stack => stack);
        await Task.Delay(TimeSpan.FromSeconds(1));
        foreach (var (stack, count) in stacks.Snapshot().OrderByDescending(entry => entry.Value))
        {
            Console.WriteLine($"{stack} {count}");
        }
    }

    public static async Task Opens()
    {
        await using var session = Session.OfMachine();
        await foreach (var e in session.Tracepoint("syscalls:sys_enter_openat", p => new { p.Pid, p.Comm, File = p.UserString("filename") }).Where(e => e.File.StartsWith("/tmp/")))
        {
            Console.WriteLine($"{e.Comm} ({e.Pid}) opens {e.File}");
            break;
        }
    }

    public static async Task SlowCalls(int pid)
    {
        await using var session = Session.Attach(pid);
        await foreach (var call in session
            .PythonCalls("*handle", c => new { c.Function, User = c.Int64("user_id"), c.Duration, c.Exception })
            .Where(c => c.Duration > TimeSpan.FromMilliseconds(20)))
        {
            Console.WriteLine($"{call.Function} took {call.Duration.TotalMilliseconds:0} ms for user {call.User} {call.Exception}");
            break;
        }
    }

    public static async Task Writes(int pid)
    {
        await using var session = Session.Attach(pid);
        await foreach (var write in session.Calls("libc:write", c => new { File = c.Int32(0), Asked = c.UInt64(2), Written = c.Result.Int64 }).Where(c => c.File == 1 && c.Asked > 0))
        {
            Console.WriteLine($"{write.Written} of {write.Asked} bytes to file {write.File}");
            break;
        }
    }

    public static async Task Stuck(int pid)
    {
        await using var session = Session.Attach(pid);
        foreach (var thread in session.Dump())
        {
            Console.WriteLine($"{thread.Name}: {thread.State} {thread.Waiting}");
            foreach (var frame in thread.Stack.Frames)
            {
                Console.WriteLine($"    {frame}");
            }
        }
    }
}
