using System.Text.RegularExpressions;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Sonde.Engine.Profiles.Report;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

public sealed class ProfileViewTests
{
    static readonly Frame _main = new(FrameKind.Python, "main", "/a.py", 10, 1);
    static readonly Frame _mainLater = new(FrameKind.Python, "main", "/a.py", 11, 1);
    static readonly Frame _work = new(FrameKind.Python, "work", "/a.py", 30, 20);

    /// <summary>Two processes, one the other's child, and every way to be idle or not.</summary>
    static Profile Sample()
    {
        var profile = new Profile(keepsTimeline: true) { Info = new ProfileInfo { IntervalNs = 10 } };
        profile.Processes.Add(new ProfileProcess(1, 0, "sh"));
        profile.Processes.Add(new ProfileProcess(2, 1, "python a.py"));
        profile.Threads.Add(new ProfileThread(1, 2, "MainThread"));
        profile.Threads.Add(new ProfileThread(1, 3, ""));
        Add(0, ThreadState.Running, gil: true, _main, _work);
        Add(0, ThreadState.Sleeping, gil: false, _mainLater, _work);
        Add(1, ThreadState.WaitingForGil, gil: false, _main);
        Add(1, ThreadState.Unknown, gil: false, _mainLater);
        profile.Losses.Add("torn", count: 2);
        return profile;

        void Add(int thread, ThreadState state, bool gil, params Frame[] frames)
        {
            int stack = frames.Aggregate(StackTable.Empty, (caller, frame) => profile.Stacks.Intern(caller, profile.Frames.Intern(frame)));
            profile.Add(new Sample(profile.SampleCount * 10, thread, stack, 10, state, gil));
        }
    }

    static List<string> Raw(ProfileView view)
    {
        using var file = new MemoryStream();
        new RawFormat().Write(view.Apply(Sample()), file);
        return [.. System.Text.Encoding.UTF8.GetString(file.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
    }

    [Fact]
    public void Lines_become_functions_or_nothing()
    {
        Assert.Equal(["main (/a.py:1) 2", "main (/a.py:1);work (/a.py:20) 2"], Raw(new ProfileView { ByFunction = true }));
        Assert.Equal(["main (/a.py) 2", "main (/a.py);work (/a.py) 2"], Raw(new ProfileView { NoLines = true }));
    }

    [Fact]
    public void Threads_and_processes_become_frames() => Assert.Equal(
        [
            "process 1:\"sh\";process 2:\"python a.py\";thread (2): MainThread;main (/a.py);work (/a.py) 2",
            "process 1:\"sh\";process 2:\"python a.py\";thread (3);main (/a.py) 2",
        ],
        Raw(new ProfileView { NoLines = true, ThreadsAsFrames = true, ProcessesAsFrames = true }));

    [Fact]
    public void Samples_are_chosen_by_state_lock_and_function()
    {
        Assert.Equal(["main (/a.py:10);work (/a.py:30) 1"], Raw(new ProfileView { GilOnly = true }));
        Assert.Equal(["main (/a.py:10);work (/a.py:30) 1", "main (/a.py:11) 1"], Raw(new ProfileView { WithoutIdle = true }));
        Assert.Equal(["main (/a.py:10) 1"], Raw(new ProfileView { States = [ThreadState.WaitingForGil] }));
        Assert.Equal(["main (/a.py:11);work (/a.py:30) 1"], Raw(new ProfileView { Function = new Regex("py:11"), States = [ThreadState.Sleeping] }));
    }

    [Fact]
    public void Inverted_the_innermost_frame_is_the_root() =>
        Assert.Equal(["main (/a.py) 2", "work (/a.py);main (/a.py) 2"], Raw(new ProfileView { NoLines = true, Inverted = true }));

    [Fact]
    public void Times_and_losses_stay_and_a_view_of_everything_is_the_profile_itself()
    {
        var profile = Sample();
        Assert.Same(profile, new ProfileView().Apply(profile));
        var view = new ProfileView { NoLines = true, WithoutIdle = true }.Apply(profile);
        Assert.Equal([0L, 30], view.Timeline.Select(sample => sample.TimeNs));
        Assert.Equal(2, view.Losses.Total);
    }

    [Fact]
    public void Sums_count_recursion_once()
    {
        var profile = new Profile(keepsTimeline: false);
        profile.Processes.Add(new ProfileProcess(1, 0, ""));
        profile.Threads.Add(new ProfileThread(0, 1, ""));
        int main = profile.Stacks.Intern(0, profile.Frames.Intern(_main));
        int once = profile.Stacks.Intern(main, profile.Frames.Intern(_work));
        int twice = profile.Stacks.Intern(once, profile.Frames.Intern(_work));
        profile.Add(new ProfileEntry(0, once, ThreadState.Unknown, false, 1, 3));
        profile.Add(new ProfileEntry(0, twice, ThreadState.Unknown, false, 1, 5));
        var sums = new ProfileSums(profile);
        Assert.Equal([new FrameSum(1, 8, 8), new FrameSum(0, 0, 8)], sums.Frames());
        var (callers, callees) = sums.Neighbours(frame => frame == _work, out var all);
        Assert.Equal(new FrameSum(-1, 8, 8), all);
        Assert.Equal([new Neighbour(0, 8)], callers);
        Assert.Equal([new Neighbour(-1, 8)], callees);
    }
}
