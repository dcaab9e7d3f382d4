using System.Globalization;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.FlameGraph;
using Sonde.Engine.Profiles.Formats;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Kernel.Tests.Browsing;

/// <summary>Flame graphs in the hands of a real browser.</summary>
public sealed class FlameGraphPageTests(FlameGraphPageTests.OneBrowser one) : IClassFixture<FlameGraphPageTests.OneBrowser>
{
    /// <summary>One browser for all tests here, started by the first.</summary>
    public sealed class OneBrowser : IDisposable
    {
        readonly Lazy<Browser> _browser = new(Browser.Start, LazyThreadSafetyMode.PublicationOnly);

        internal Browser Browser => _browser.Value;

        public void Dispose()
        {
            if (_browser.IsValueCreated)
            {
                _browser.Value.Dispose();
            }
        }
    }

    /// <summary>The height of a row, as in drawing.js.</summary>
    const int Row = 18;

    const string Painted = "230,0,230";

    readonly Browser _browser = one.Browser;

    public static TheoryData<string> Formats => ["html", "flamegraph"];

    [Theory, MemberData(nameof(Formats))]
    public void Says_what_it_shows_searches_and_zooms(string format)
    {
        using BrowserPage page = Open(Format(format), Small());
        Assert.Equal("record -p 42", page.Text("h1"));
        Assert.Equal("wall time · 2026-11-21 10:00:00 UTC · 1.00 s long · 100 samples a second · 100 samples · 1.00 s · 4 distinct stacks · nothing lost", page.Text(".facts"));

        page.Type("/Slow");
        Assert.Equal("Matched: 0 % (0 ns)", page.Text(".matched"));
        page.Press("Escape");
        page.Type("/server\\.sl");
        Assert.Equal("Matched: 70.0 % (700 ms)", page.Text(".matched"));
        Assert.Equal(Painted, Colour(page, 0.6, 2));
        Assert.NotEqual(Painted, Colour(page, 0.1, 2));

        ClickBox(page, 0.6, 2);
        Assert.Equal("Server.slow · /srv/app/app.py:30 · total 700 ms, 70.0 % · self 500 ms, 50.0 % · 70 samples", page.Text(".status"));
        Assert.Equal(Painted, Colour(page, 0.01, 2));
        AssertSound(page);
    }

    [Fact]
    public void A_broken_expression_is_told_and_changes_nothing()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        page.Type("/slow(");
        Assert.Contains("Unterminated group", page.Text(".matched"), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_link_restores_the_view(string format)
    {
        using BrowserPage page = Open(Format(format), Small());
        page.Type("/memcpy");
        page.Press("Enter");
        ClickBox(page, 0.6, 2);
        page.Click(".theme");
        string link = page.Evaluate("location.href")!.GetValue<string>();

        using BrowserPage again = _browser.Open(link);
        Assert.Equal("memcpy", again.Evaluate("document.querySelector('.search').value")!.GetValue<string>());
        Assert.Equal("Matched: 20.0 % (200 ms)", again.Text(".matched"));
        Assert.StartsWith("Server.slow · ", again.Text(".status"), StringComparison.Ordinal);
        Assert.Equal(Painted, Colour(again, 0.01, 3));
        Assert.Equal("dark", again.Evaluate("document.querySelector('.sonde').dataset.theme")!.GetValue<string>());

        again.Evaluate("new Promise(done => { addEventListener('popstate', done, { once: true }); location.hash = '#v=callers'; })");
        Assert.StartsWith("all · ", again.Text(".status"), StringComparison.Ordinal);
        AssertSound(again);
    }

    [Fact]
    public void Going_back_undoes_a_zoom()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        ClickBox(page, 0.6, 2);
        page.MoveMouse(1, 1);
        page.Evaluate("new Promise(done => { addEventListener('popstate', done, { once: true }); history.back(); })");
        Assert.StartsWith("all · ", page.Text(".status"), StringComparison.Ordinal);
        Assert.True(page.Evaluate("document.querySelector('.reset').disabled")!.GetValue<bool>());
    }

    [Fact]
    public void Filters_threads_states_and_the_gil()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        page.Click(".filters summary");
        page.Click("[data-thread='1']");
        Assert.StartsWith("all · total 750 ms, 100 %", page.Text(".status"), StringComparison.Ordinal);
        Assert.Equal("Filters (1)", page.Text(".filters summary"));
        page.Click("[data-thread='1']");
        Assert.StartsWith("all · total 1.00 s, 100 %", page.Text(".status"), StringComparison.Ordinal);
        page.Click($"[data-state='{(int)ThreadState.Running}']");
        Assert.StartsWith("all · total 250 ms, 100 %", page.Text(".status"), StringComparison.Ordinal);
        page.Click($"[data-state='{(int)ThreadState.Running}']");
        page.Click(".filters fieldset:first-child label:last-child");
        Assert.StartsWith("all · total 550 ms, 100 %", page.Text(".status"), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Fact]
    public void Shows_callers_threads_and_functions()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        page.Press("Home");
        page.Type("c");
        // The first row is what stacks end in: Server.fast, Server.slow, main, memcpy.
        ClickBox(page, 0.9, 1);
        Assert.StartsWith("memcpy · /usr/lib/libc.so.6 · native · total 200 ms, 20.0 %", page.Text(".status"), StringComparison.Ordinal);
        ClickBox(page, 0.5, 3);
        Assert.StartsWith("main · ", page.Text(".status"), StringComparison.Ordinal);

        page.Type("ct");
        ClickBox(page, 0.9, 1);
        Assert.StartsWith("thread (43): worker · marker · total 250 ms, 25.0 %", page.Text(".status"), StringComparison.Ordinal);

        page.Type("tl0");
        ClickBox(page, 0.6, 2);
        Assert.StartsWith("Server.slow · /srv/app/app.py · total 700 ms", page.Text(".status"), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_function_is_put_between_its_callers_and_callees(string format)
    {
        using BrowserPage page = Open(Format(format), Small());
        ClickBox(page, 0.6, 2);
        page.Type("s");
        Assert.StartsWith("One function, from all places where it is called: above it its callers", page.Text(".what"), StringComparison.Ordinal);
        Assert.StartsWith("main · /srv/app/app.py:10 · total 700 ms, 70.0 % · ", Hover(page, 0.9, 0), StringComparison.Ordinal);
        Assert.StartsWith("Server.slow · /srv/app/app.py:30 · total 700 ms, 70.0 % · self 500 ms, 50.0 %", Hover(page, 0.9, 1), StringComparison.Ordinal);
        Assert.StartsWith("memcpy · /usr/lib/libc.so.6 · native · total 200 ms, 20.0 %", Hover(page, 0.2, 2), StringComparison.Ordinal);

        ClickBox(page, 0.2, 2);
        Assert.StartsWith("main", Hover(page, 0.5, 0), StringComparison.Ordinal);
        Assert.StartsWith("Server.slow", Hover(page, 0.5, 1), StringComparison.Ordinal);
        Assert.StartsWith("memcpy", Hover(page, 0.5, 2), StringComparison.Ordinal);
        page.MoveMouse(1, 1);
        page.Press("ArrowUp");
        page.Press("ArrowUp");
        Assert.StartsWith("main · ", page.Text(".status"), StringComparison.Ordinal);
        page.Press("ArrowDown");
        page.Press("ArrowDown");
        Assert.StartsWith("memcpy · ", page.Text(".status"), StringComparison.Ordinal);

        using BrowserPage again = _browser.Open(page.Evaluate("location.href")!.GetValue<string>());
        Assert.StartsWith("memcpy", Hover(again, 0.5, 2), StringComparison.Ordinal);
        again.Type("s");
        Assert.StartsWith("Each box is a function", again.Text(".what"), StringComparison.Ordinal);
        AssertSound(again);
        AssertSound(page);
    }

    [Fact]
    public void A_function_that_calls_itself_counts_once_between_its_callers_and_callees()
    {
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Title = "recursion", IntervalNs = 10_000_000 } };
        profile.Processes.Add(new ProfileProcess(1, 0, "python"));
        profile.Threads.Add(new ProfileThread(0, 1, ""));
        int main = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "main", "/a.py", 1)));
        int walk = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Python, "walk", "/a.py", 5, 4)));
        int deeper = profile.Stacks.Intern(walk, profile.Frames.Intern(new Frame(FrameKind.Python, "walk", "/a.py", 6, 4)));
        profile.Add(new ProfileEntry(0, main, ThreadState.Running, false, 10, 100_000_000));
        profile.Add(new ProfileEntry(0, walk, ThreadState.Running, false, 10, 100_000_000));
        profile.Add(new ProfileEntry(0, deeper, ThreadState.Running, false, 80, 800_000_000));
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), profile);

        page.Click("[data-toggle=w]");

        // What took the most itself is looked at, and all of its lines are it.
        Assert.StartsWith("main · /a.py:1 · total 900 ms, 90.0 %", Hover(page, 0.5, 0), StringComparison.Ordinal);
        Assert.StartsWith("walk · /a.py:6 · total 900 ms, 90.0 % · self 100 ms, 10.0 %", Hover(page, 0.5, 1), StringComparison.Ordinal);
        Assert.StartsWith("walk · /a.py:6 · total 800 ms, 80.0 %", Hover(page, 0.5, 2), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Theory, MemberData(nameof(Formats))]
    public void Samples_with_times_are_shown_in_the_order_of_time(string format)
    {
        Profile small = Small();
        var profile = new Profile(keepsTimeline: true) { Info = small.Info };
        profile.Processes.AddRange(small.Processes);
        profile.Threads.AddRange(small.Threads);
        foreach (int stack in Enumerable.Range(1, small.Stacks.Count - 1))
        {
            Assert.Equal(stack, profile.Stacks.Intern(small.Stacks.Caller(stack), profile.Frames.Intern(small.Frames[small.Stacks.Innermost(stack)])));
        }

        // Stacks: 1 main, 2 main;fast, 3 main;slow, 4 main;slow;memcpy. The main thread: slow, slow with memcpy, a gap, slow again. The worker: fast at last.
        const long step = 10_000_000;
        foreach ((int thread, int stack, int from, int to) in ((int, int, int, int)[])[(0, 3, 0, 20), (0, 4, 20, 40), (0, 3, 60, 100), (1, 2, 50, 100)])
        {
            for (int i = from; i < to; i++)
            {
                profile.Add(new Sample(i * step, thread, stack, step, ThreadState.Running, false));
            }
        }

        using BrowserPage page = Open(Format(format), profile);
        page.Type("h");
        Assert.StartsWith("Time goes from left to right", page.Text(".what"), StringComparison.Ordinal);
        Assert.StartsWith("thread (42): MainThread", Hover(page, 0.5, 1), StringComparison.Ordinal);
        Assert.StartsWith("main · /srv/app/app.py:10 · from 0 ns to 400 ms · total 400 ms", Hover(page, 0.1, 2), StringComparison.Ordinal);
        Assert.StartsWith("Server.slow · /srv/app/app.py:30 · from 0 ns to 400 ms · total 400 ms", Hover(page, 0.1, 3), StringComparison.Ordinal);
        Assert.StartsWith("memcpy · /usr/lib/libc.so.6 · native · from 200 ms to 400 ms · total 200 ms", Hover(page, 0.3, 4), StringComparison.Ordinal);
        Assert.StartsWith("all · ", Hover(page, 0.5, 2), StringComparison.Ordinal);
        Assert.StartsWith("Server.slow · /srv/app/app.py:30 · from 600 ms to 1.00 s", Hover(page, 0.8, 3), StringComparison.Ordinal);
        // The second thread begins a row below the deepest of the first.
        Assert.StartsWith("thread (43): worker", Hover(page, 0.1, 6), StringComparison.Ordinal);
        Assert.StartsWith("Server.fast · /srv/app/app.py:20 · from 500 ms to 1.00 s", Hover(page, 0.8, 8), StringComparison.Ordinal);

        ClickBox(page, 0.3, 4);
        Assert.StartsWith("memcpy", Hover(page, 0.05, 4), StringComparison.Ordinal);
        Assert.StartsWith("thread (43): worker", Hover(page, 0.5, 6), StringComparison.Ordinal);
        page.Press("Home");
        Assert.StartsWith("memcpy", Hover(page, 0.3, 4), StringComparison.Ordinal);
        page.Type("h");
        Assert.StartsWith("Each box is a function", page.Text(".what"), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Fact]
    public void Is_walked_through_with_the_keyboard()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        page.Press("ArrowDown");
        page.Press("ArrowDown");
        Assert.StartsWith("Server.slow · ", page.Text(".status"), StringComparison.Ordinal);
        page.Press("ArrowLeft");
        Assert.StartsWith("Server.fast · ", page.Text(".status"), StringComparison.Ordinal);
        page.Press("Enter");
        Assert.False(page.Evaluate("document.querySelector('.reset').disabled")!.GetValue<bool>());
        page.Press("ArrowUp");
        Assert.StartsWith("main · ", page.Text(".status"), StringComparison.Ordinal);
        page.Press("Escape");
        page.Press("Escape");
        Assert.True(page.Evaluate("document.querySelector('.reset').disabled")!.GetValue<bool>());
        page.Type("/app.py");
        page.Press("Enter");
        page.Type("nnN");
        Assert.StartsWith("main · ", page.Text(".status"), StringComparison.Ordinal);
        page.Type("?");
        Assert.False(page.Evaluate("document.querySelector('.help').hidden")!.GetValue<bool>());
        page.Press("Escape");
        Assert.True(page.Evaluate("document.querySelector('.help').hidden")!.GetValue<bool>());
    }

    [Fact]
    public void The_mouse_is_told_time_and_share()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        ClickBox(page, 0.6, 2);
        (double x, double y) = At(page, 0.1, 3);
        page.MoveMouse(x, y);
        Assert.Equal(
            "memcpy|/usr/lib/libc.so.6|native|total 200 ms, 20.0 %|self 200 ms, 20.0 %|20 samples|28.6 % of Server.slow",
            page.Evaluate("[...document.querySelector('.tooltip').children].map(child => child.textContent).join('|')")!.GetValue<string>());
        Assert.False(page.Evaluate("document.querySelector('.tooltip').hidden")!.GetValue<bool>());
    }

    [Fact]
    public void Follows_what_the_system_prefers_until_told_otherwise()
    {
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), Small());
        page.Prefer("dark");
        page.Until("document.querySelector('.sonde').dataset.theme === 'dark'");
        page.Click(".theme");
        Assert.Equal("light", page.Evaluate("document.querySelector('.sonde').dataset.theme")!.GetValue<string>());
    }

    [Fact]
    public void Losses_are_told_with_cause_and_function()
    {
        Profile profile = Small();
        profile.Losses.Add("the stack changed while it was read", "Server.slow", 25);
        using BrowserPage page = Open(new FlameGraphHtmlFormat(), profile);
        Assert.Equal("25 samples lost, 20.0 % of all: why and where", page.Text(".losses summary"));
        Assert.Contains("25the stack changed while it was read", page.Text(".losses"), StringComparison.Ordinal);
        Assert.Contains("25Server.slow", page.Text(".losses"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Formats))]
    public void Hostile_names_stay_names(string format)
    {
        string[] names =
        [
            "</script><script>hacked = 1</script>", "]]></script><script>hacked = 1</script>", "<!-- <script>", "\"><img src=x onerror='hacked = 1'>",
            "${hacked = 1}`", "a\u2028b\u2029c\0d\u001b[2J", "\u202egnp.exe", "\ud800", "&lt;b&gt;", "%3Cscript%3E", "__proto__", "constructor",
        ];
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Title = names[0] } };
        profile.Processes.Add(new ProfileProcess(1, 0, names[1]));
        profile.Processes.Add(new ProfileProcess(2, 1, names[2]));
        foreach (string name in names)
        {
            profile.Threads.Add(new ProfileThread(profile.Threads.Count % 2, profile.Threads.Count, name));
            int stack = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, name, name, 1)));
            profile.Add(new ProfileEntry(profile.Threads.Count - 1, stack, ThreadState.Running, false, 1, 100));
            profile.Losses.Add(name, name);
        }

        using BrowserPage page = Open(Format(format), profile, "#s=%3Cscript%3E&z=zz.-1.%00&t=1&q=x.%3C&d=%22");
        Assert.Equal("undefined", page.Evaluate("typeof hacked")!.GetValue<string>());
        Assert.Equal(names[0], page.Text("h1"));
        Assert.Equal("Matched: 100 % (1.20 µs)", page.Text(".matched"));
        Assert.Contains("\\u202egnp.exe", page.Text(".filters"), StringComparison.Ordinal);
        Assert.Equal(0, page.Number("document.querySelectorAll('img').length"));
        AssertSound(page);
    }

    [Theory, InlineData("diff.html"), InlineData("diff.svg")]
    public void A_difference_is_painted_red_and_blue_and_told(string file)
    {
        Profile after = Small();
        after.Add(new ProfileEntry(1, 2, ThreadState.Running, false, 100, 1_000_000_000));
        var diff = new ProfileDiff(Small(), after);
        using BrowserPage page = _browser.Open(_browser.Put(file, stream => diff.WriteFlameGraph(stream, html: file.EndsWith("html", StringComparison.Ordinal))));
        Assert.Contains("before 1.00 s, now 2.00 s", page.Text(".facts"), StringComparison.Ordinal);
        // Server.fast went from 25 % to 62.5 % and is as wide; what is right of it shrank.
        int[] grown = Channels(Colour(page, 0.6, 2)), shrunk = Channels(Colour(page, 0.9, 2));
        Assert.True(grown[0] > grown[2] && shrunk[2] > shrunk[0], $"{string.Join(' ', grown)}; {string.Join(' ', shrunk)}");
        ClickBox(page, 0.6, 2);
        Assert.Equal("Server.fast · /srv/app/app.py:20 · total 1.25 s, 62.5 % · self 1.25 s, 62.5 % · before 250 ms, 25.0 % · +37.50 points", page.Text(".status"));
        page.Type("0");
        page.Click("[data-toggle=b]");
        ClickBox(page, 0.2, 2);
        Assert.StartsWith("Server.fast", page.Text(".status"), StringComparison.Ordinal);
        ClickBox(page, 0.6, 1);
        ClickBox(page, 0.6, 2);
        Assert.StartsWith("Server.slow", page.Text(".status"), StringComparison.Ordinal);
        AssertSound(page);
    }

    [Fact]
    public void The_picture_shows_without_its_script()
    {
        string picture = _browser.Put("picture.svg", stream => new FlameGraphSvgFormat().Write(Small(), stream));
        string frame = _browser.Put("frame.html", stream => stream.Write(System.Text.Encoding.UTF8.GetBytes($"<!DOCTYPE html><img id=\"i\" src=\"{picture}\">")));
        using BrowserPage page = _browser.Open(frame);
        Assert.Equal(1200, page.Number("document.getElementById('i').naturalWidth"));
        Assert.Empty(page.Problems);
    }

    [Theory, MemberData(nameof(Formats))]
    public void A_hundred_thousand_stacks_are_shown_and_answer(string format)
    {
        using BrowserPage page = Open(Format(format), Large(100_000));
        Assert.Contains("100,000 distinct stacks", page.Text(".facts"), StringComparison.Ordinal);
        Assert.StartsWith("all · total 1000 s, 100 %", page.Text(".status"), StringComparison.Ordinal);
        page.Type("/function_7$|function_77 ");
        Assert.Matches(@"^Matched: \d+\.\d %", page.Text(".matched"));
        page.Press("Enter");
        ClickBox(page, 0.5, 2);
        Assert.DoesNotMatch("^all", page.Text(".status"));
        page.Type("0ct");
        Assert.StartsWith("all · total 1000 s, 100 %", page.Text(".status"), StringComparison.Ordinal);
        ClickBox(page, 0.5, 1);
        Assert.DoesNotMatch("^all", page.Text(".status"));
        AssertSound(page);
    }

    /// <summary>main calls fast (25 %, in thread worker, waiting for the GIL), slow (70 %, of it 20 % in its callee leaf) and is itself running for 5 %.</summary>
    static Profile Small()
    {
        var profile = new Profile(keepsTimeline: false)
        {
            Info = new ProfileInfo { Title = "record -p 42", IntervalNs = 10_000_000, DurationNs = 1_000_000_000, Start = new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero) },
        };
        profile.Processes.Add(new ProfileProcess(42, 1, "python app.py"));
        profile.Threads.Add(new ProfileThread(0, 42, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 43, "worker"));
        int main = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "main", "/srv/app/app.py", 10)));
        int fast = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Python, "Server.fast", "/srv/app/app.py", 20)));
        int slow = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Python, "Server.slow", "/srv/app/app.py", 30)));
        int leaf = profile.Stacks.Intern(slow, profile.Frames.Intern(new Frame(FrameKind.Native, "memcpy", "/usr/lib/libc.so.6", 0)));
        profile.Add(new ProfileEntry(0, main, ThreadState.Running, true, 5, 50_000_000));
        profile.Add(new ProfileEntry(1, fast, ThreadState.WaitingForGil, false, 25, 250_000_000));
        profile.Add(new ProfileEntry(0, slow, ThreadState.Running, true, 50, 500_000_000));
        profile.Add(new ProfileEntry(0, leaf, ThreadState.Running, false, 20, 200_000_000));
        return profile;
    }

    /// <summary>So many different stacks, up to 40 deep, of 2000 functions in 8 threads; they add up to 1000 s.</summary>
    static Profile Large(int stacks)
    {
        var random = new Random(1);
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Title = "large", IntervalNs = 10_000_000 } };
        profile.Processes.Add(new ProfileProcess(1, 0, "python"));
        for (int i = 0; i < 8; i++)
        {
            profile.Threads.Add(new ProfileThread(0, i + 1, ""));
        }

        while (profile.Stacks.Count <= stacks)
        {
            int caller = random.Next(Math.Max(0, profile.Stacks.Count - 20_000), profile.Stacks.Count);
            caller = profile.Stacks.Depth(caller) < 40 ? caller : StackTable.Empty;
            int function = random.Next(2000);
            int before = profile.Stacks.Count;
            int stack = profile.Stacks.Intern(caller, profile.Frames.Intern(new Frame(FrameKind.Python, $"function_{function}", $"/srv/app/module_{function % 50}.py", function)));
            if (profile.Stacks.Count > before)
            {
                profile.Add(new ProfileEntry(random.Next(8), stack, ThreadState.Running, false, 1, 1_000_000_000_000 / stacks));
            }
        }

        return profile;
    }

    static IProfileFormat Format(string name) => name == "html" ? new FlameGraphHtmlFormat() : new FlameGraphSvgFormat();

    BrowserPage Open(IProfileFormat format, Profile profile, string fragment = "") =>
        _browser.Open(_browser.Put("profile" + format.Extensions[0], stream => format.Write(profile, stream)) + fragment);

    /// <summary>No error, nothing refused by its policy, and nothing loaded but the file itself.</summary>
    static void AssertSound(BrowserPage page)
    {
        Assert.Empty(page.Problems);
        Assert.Single(page.Requested);
    }

    static (double X, double Y) At(BrowserPage page, double share, int row)
    {
        double Canvas(string what) => page.Number($"document.querySelector('canvas').getBoundingClientRect().{what}");
        return (Canvas("left") + share * Canvas("width"), Canvas("top") + row * Row + 4);
    }

    static void ClickBox(BrowserPage page, double share, int row)
    {
        (double x, double y) = At(page, share, row);
        page.Click(x, y);
    }

    /// <summary>What is said of the box under the mouse.</summary>
    static string Hover(BrowserPage page, double share, int row)
    {
        (double x, double y) = At(page, share, row);
        page.MoveMouse(x, y);
        return page.Text(".status");
    }

    static int[] Channels(string colour) => [.. colour.Split(',').Select(channel => int.Parse(channel, CultureInfo.InvariantCulture))];

    /// <summary>The colour at a place in a row, as "230,0,230".</summary>
    static string Colour(BrowserPage page, double share, int row) => page.Evaluate(string.Create(CultureInfo.InvariantCulture, $$"""
        (() => {
            const canvas = document.querySelector('canvas');
            return [...canvas.getContext('2d').getImageData(Math.floor({{share}} * canvas.width), {{row * Row + 2}}, 1, 1).data].slice(0, 3).join();
        })()
        """))!.GetValue<string>();
}
