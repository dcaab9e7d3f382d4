using System.Text;
using Sonde.Engine.Profiles;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>The text formats as files, to be read by people, and what they are read as.</summary>
public sealed class FormatGoldenTests
{
    static Profile Small(bool timeline)
    {
        var profile = new Profile(timeline)
        {
            Info = new ProfileInfo
            {
                Title = "sonde record -p 4711 <&>\"",
                Start = new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero),
                DurationNs = 60_000_000,
                IntervalNs = 10_000_000,
            },
        };
        profile.Processes.Add(new ProfileProcess(4711, 1, "python3 app.py"));
        profile.Processes.Add(new ProfileProcess(4720, 4711, "python3 worker.py"));
        profile.Threads.Add(new ProfileThread(0, 4711, "MainThread"));
        profile.Threads.Add(new ProfileThread(1, 4721, "worker \"1\""));
        int main = Stack(StackTable.Empty, new Frame(FrameKind.Python, "<module>", "/srv/app.py", 88, 80));
        int handle = Stack(main, new Frame(FrameKind.Python, "Server.handle", "/srv/app.py", 12, 10));
        int copy = Stack(handle, new Frame(FrameKind.Native, "memcpy;\n", "/usr/lib/libc.so.6", 0));
        int kernel = Stack(copy, new Frame(FrameKind.Kernel, "do_syscall_64", "", 0));
        Add(0, 0, main, ThreadState.Running, gil: true);
        Add(10, 0, handle, ThreadState.Running, gil: true);
        Add(10, 1, kernel, ThreadState.WaitingForIo, gil: false);
        Add(21, 0, handle, ThreadState.WaitingForGil, gil: false);
        Add(50, 0, copy, ThreadState.Unknown, gil: false);
        profile.Losses.Add("the stack changed while it was read", "Server.handle", 2);
        return profile;

        int Stack(int caller, Frame frame) => profile.Stacks.Intern(caller, profile.Frames.Intern(frame));

        void Add(int atMs, int thread, int stack, ThreadState state, bool gil)
        {
            if (timeline)
            {
                profile.Add(new Sample(atMs * 1_000_000L, thread, stack, 10_000_000, state, gil));
            }
            else
            {
                profile.Add(new ProfileEntry(thread, stack, state, gil, 1, 10_000_000));
            }
        }
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("jsonl")]
    [InlineData("speedscope")]
    [InlineData("chrome")]
    [InlineData("gecko")]
    public void A_file_looks_as_it_did(string format) => Golden.Check(
        $"profile-{format}.txt",
        $"{Encoding.UTF8.GetString(RoundTripTests.Write(Small(timeline: true), format))}\n--- sums\n{Encoding.UTF8.GetString(RoundTripTests.Write(Small(timeline: false), format))}");
}
