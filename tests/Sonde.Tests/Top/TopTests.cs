using System.Text;
using Sonde.Engine.Profiles;
using Sonde.Engine.Top;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Top;

/// <summary>What <c>sonde top</c> shows, and what its keys do, without a terminal.</summary>
public sealed class TopTests
{
    const long Second = 1_000_000_000;

    static readonly string[] _source = [.. Enumerable.Range(1, 60).Select(line => line % 10 == 0 ? $"def function_{line}():" : $"    step({line})\t# ünï")];

    /// <summary>What was sampled after so many seconds: handle calls work, which calls itself; a worker waits for a file. Something is lost from the second second on.</summary>
    static TopSnapshot After(int seconds)
    {
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { DurationNs = seconds * Second, IntervalNs = Second / 100 } };
        profile.Processes.Add(new ProfileProcess(42, 1, "python app.py"));
        profile.Threads.Add(new ProfileThread(0, 42, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 43, "wörker"));
        int handle = profile.Stacks.Intern(StackTable.Empty, Frame("Server.handle", "/srv/app/server.py", 12, 10));
        int work = profile.Stacks.Intern(handle, Frame("work", "/srv/app/work.py", 25, 20));
        int again = profile.Stacks.Intern(work, Frame("work", "/srv/app/work.py", 27, 20));
        int copy = profile.Stacks.Intern(again, profile.Frames.Intern(new Frame(FrameKind.Native, "memcpy", "/usr/lib/libc.so.6", 0)));
        int read = profile.Stacks.Intern(StackTable.Empty, Frame("読む", "/srv/app/\u202eio.py", 5, 3));
        profile.Add(new ProfileEntry(0, handle, ThreadState.Running, true, 10 * seconds, seconds * Second / 10));
        profile.Add(new ProfileEntry(0, work, ThreadState.Running, true, 20 * seconds, seconds * Second / 5));
        profile.Add(new ProfileEntry(0, again, ThreadState.Running, false, 60, 6 * Second / 10));
        profile.Add(new ProfileEntry(0, copy, ThreadState.Running, false, seconds, Second / 200 * seconds));
        profile.Add(new ProfileEntry(1, read, ThreadState.WaitingForIo, false, 100 * seconds, seconds * Second));
        if (seconds > 1)
        {
            profile.Losses.Add("the stack changed while it was read", "work", 7);
        }

        return new TopSnapshot(profile);

        int Frame(string function, string file, int line, int first) => profile.Frames.Intern(new Frame(FrameKind.Python, function, file, line, first));
    }

    static TopState Start() => new TopState { Title = "'python app.py'", Columns = 84, Rows = 18 }.With(After(1)).With(After(2));

    static TopState Press(TopState state, params IEnumerable<object> keys) =>
        keys.Aggregate(state, (state, key) => key switch
        {
            string text => text.EnumerateRunes().Aggregate(state, (state, rune) => TopKeys.Press(state, new Key(KeyKind.Character, rune))),
            KeyKind kind => TopKeys.Press(state, new Key(kind)),
            _ => throw new ArgumentException($"{key} is no key", nameof(keys)),
        });

    static void Shows(string name, TopState state) => Golden.Check($"top-{name}.txt", TopScreen.Draw(state).ToString());

    [Fact]
    public void The_table_has_shares_of_now_and_times_of_ever() => Shows("table", Start());

    [Fact]
    public void Nothing_is_there_before_the_first_sample() => Shows("empty", new TopState { Title = "'python app.py'", Columns = 60, Rows = 8 });

    [Fact]
    public void Threads_that_wait_count_when_asked() => Shows("idle", Press(Start(), "i"));

    [Fact]
    public void Lines_are_shown_apart() => Shows("lines", Press(Start(), "l2"));

    [Fact]
    public void A_filter_is_typed_and_stays() => Shows("filter", Press(Start(), "/worX", KeyKind.Backspace, "k", KeyKind.Enter, "p"));

    [Fact]
    public void One_thread_is_picked() => Shows("thread", Press(Start(), "it", KeyKind.Right));

    [Fact]
    public void The_tree_shows_who_calls_whom() => Shows("tree", Press(Start(), "v", KeyKind.Down, KeyKind.Down));

    [Fact]
    public void A_node_of_the_tree_is_closed() => Shows("tree-closed", Press(Start(), "v", KeyKind.Down, KeyKind.Down, KeyKind.Enter));

    [Fact]
    public void The_filter_of_the_tree_keeps_callers() => Shows("tree-filter", Press(Start(), "v/memcpy", KeyKind.Enter));

    [Fact]
    public void The_source_is_shown_where_it_is_hot()
    {
        TopState state = Press(Start(), "4", KeyKind.Down, KeyKind.Down, KeyKind.Enter);
        Assert.Equal(TopView.Source, state.View);
        Assert.Equal("/srv/app/work.py", state.Function.File);
        Shows("source", state with { Source = new SourceText(_source, null) });
    }

    [Fact]
    public void Without_its_source_the_lines_are_shown_all_the_same() =>
        Shows("source-gone", Press(Start(), "4", KeyKind.Down, KeyKind.Down, KeyKind.Enter) with { Source = new SourceText([], "'/srv/app/work.py' is not there") });

    [Fact]
    public void The_keys_are_listed() => Shows("help", Press(Start() with { Rows = 26 }, "?"));

    [Theory]
    [InlineData(20, 3)]
    [InlineData(1, 1)]
    [InlineData(200, 6)]
    public void A_terminal_of_any_size_is_filled_and_not_more(int columns, int rows)
    {
        foreach (string keys in (string[])["", "v", "?", "l", "s", "/x"])
        {
            Screen screen = TopScreen.Draw(Press(Start() with { Columns = columns, Rows = rows }, keys));
            Assert.Equal((columns, rows), (screen.Columns, screen.Rows));
        }
    }

    [Fact]
    public void Pausing_holds_the_numbers()
    {
        TopState paused = Press(Start(), "p");
        Assert.Same(paused, paused.With(After(3)));
        Assert.Equal(3 * Second, Press(paused, "p").With(After(3)).Current!.DurationNs);
    }

    [Fact]
    public void The_selected_function_stays_selected_wherever_it_goes()
    {
        TopState state = Press(Start(), "3", KeyKind.Down);
        string first = Selected(state);
        Assert.Equal(first, Selected(Press(state, "1")));
        Assert.NotEqual(first, Selected(Press(state, KeyKind.End)));
        Assert.Equal(first, Selected(Press(state, KeyKind.End, KeyKind.Home)));

        static string Selected(TopState state)
        {
            Screen screen = TopScreen.Draw(state);
            int row = Enumerable.Range(5, state.Rows - 5).Single(row => screen[row, 40].Style == Style.Selected);
            return string.Concat(Enumerable.Range(37, 30).Select(column => screen[row, column].Text));
        }
    }

    [Fact]
    public void Selecting_scrolls_into_view()
    {
        TopState small = Start() with { Rows = 8 };
        Assert.Contains("memcpy", TopScreen.Draw(Press(small, KeyKind.End)).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("memcpy", TopScreen.Draw(small).ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("memcpy", TopScreen.Draw(Press(small, KeyKind.End, KeyKind.PageUp, KeyKind.PageUp)).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_quit_reset_and_suspend()
    {
        Assert.True(Press(Start(), "q").IsDone);
        Assert.True(Press(Start(), "/abc", KeyKind.Interrupt).IsDone);
        Assert.False(Press(Start(), "/q").IsDone);
        TopState reset = Press(Start(), "pr");
        Assert.Equal((1, null, false), (reset.Resets, reset.Current, reset.IsPaused));
        Assert.Equal(1, Press(Start(), KeyKind.Suspend).Suspends);
        Assert.Equal(500, Press(Start(), "+").DelayMs);
        Assert.Equal(10_000, Press(Start(), "----------").DelayMs);
    }

    [Fact]
    public void Keys_are_read_from_what_a_terminal_sends()
    {
        var reader = new KeyReader();
        Assert.Equal(
            [Key.Of('q'), new Key(KeyKind.Up), new Key(KeyKind.Down), new Key(KeyKind.PageUp), new Key(KeyKind.Home), new Key(KeyKind.End), new Key(KeyKind.Enter), new Key(KeyKind.Backspace), new Key(KeyKind.Interrupt)],
            reader.Read("q\e[A\eOB\e[5~\e[1~\e[F\r\u007f\u0003"u8));
        Assert.Empty(reader.Read("\e["u8));
        Assert.True(reader.IsWaiting);
        Assert.Equal([new Key(KeyKind.Right)], reader.Read("C"u8));
        Assert.Empty(reader.Read("\e"u8));
        Assert.Equal([new Key(KeyKind.Escape)], reader.Complete());
        Assert.Equal([new Key(KeyKind.Character, new Rune('é'))], reader.Read("é"u8));
        Assert.Equal([Key.Of('x')], reader.Read("\e[200;5u\e[1;5Px"u8).Where(key => key.Kind == KeyKind.Character));
        Assert.Equal([Key.Of('a')], reader.Read([0xff, (byte)'a', 0x00]));
    }

    [Theory]
    [InlineData('a', 1)]
    [InlineData('é', 1)]
    [InlineData('\u0301', 0)]
    [InlineData('読', 2)]
    [InlineData('한', 2)]
    [InlineData('…', 1)]
    public void Characters_are_as_wide_as_terminals_make_them(char character, int columns)
    {
        var screen = new Screen(10, 1);
        screen.At(0, 1).Write(character.ToString());
        Assert.Equal(9 - columns, screen.Left);
    }

    [Fact]
    public void What_has_no_room_is_cut_between_characters()
    {
        var screen = new Screen(6, 1);
        screen.Write("ab読む書く");
        Assert.Equal("ab読 …\n", screen.ToString());
        Assert.Equal("abcdef\n", new Screen(6, 1).Write("abcdef").ToString());
        Assert.Equal("abcde…\n", new Screen(6, 1).Write("abcdefg").ToString());
    }

    [Fact]
    public void Only_what_differs_is_painted()
    {
        var painter = new ScreenPainter(usesColour: true);
        Screen first = new Screen(20, 3).At(1).Write("10 読む hot", Style.Plain);
        Assert.Equal("\e[?2026h\e[0m\e[2J\e[2;1H10\e[2;4H読\e[2;6Hむ\e[2;9Hhot\e[?2026l", painter.Paint(first));
        Assert.Equal("", painter.Paint(new Screen(20, 3).At(1).Write("10 読む hot", Style.Plain)));
        Assert.Equal("\e[?2026h\e[2;1H\e[0;1;31m2\e[0m\e[?2026l", painter.Paint(new Screen(20, 3).At(1).Write("2", Style.Hot).Write("0 読む hot")));
        // Half of a wide character is none: what comes into its place is written whole.
        Assert.Equal("\e[?2026h\e[2;1H1\e[2;4Hab\e[?2026l", painter.Paint(new Screen(20, 3).At(1).Write("10 abむ hot")));
        Assert.StartsWith("\e[?2026h\e[0m\e[2J", painter.Paint(new Screen(30, 3)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_colours_there_are_none()
    {
        string painted = new ScreenPainter(usesColour: false).Paint(TopScreen.Draw(Press(Start(), KeyKind.Down)));
        Assert.DoesNotMatch(@"\e\[[0-9;]*;(3|4|9)[0-9](;[0-9]+)*m", painted);
        Assert.Matches(@"\e\[[0-9;]*;(3|4|9)[0-9](;[0-9]+)*m", new ScreenPainter(usesColour: true).Paint(TopScreen.Draw(Press(Start(), KeyKind.Down))));
    }

    [Fact]
    public void Nothing_of_the_target_reaches_the_terminal_unescaped()
    {
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { DurationNs = Second } };
        const string hostile = "\e[2J\u202e\u0000\n\u009b31m";
        profile.Processes.Add(new ProfileProcess(1, 0, hostile));
        profile.Threads.Add(new ProfileThread(0, 1, hostile));
        int stack = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, hostile, hostile, 1, 1)));
        profile.Add(new ProfileEntry(0, stack, ThreadState.Running, true, 1, Second));
        profile.Losses.Add(hostile, hostile);
        TopState state = new TopState { Title = hostile, Columns = 300, Message = hostile }.With(new TopSnapshot(profile));
        foreach (TopState shown in (TopState[])[state, Press(state, "t"), Press(state, "v"), Press(state, "s") with { Source = new SourceText([hostile], hostile) }])
        {
            Assert.DoesNotContain(TopScreen.Draw(shown).ToString(), character => character is '\e' or '\u202e' or '\0' or '\u009b');
        }
    }
}
