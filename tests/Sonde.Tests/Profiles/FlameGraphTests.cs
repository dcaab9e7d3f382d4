using System.Text;
using System.Xml.Linq;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.FlameGraph;
using Sonde.Engine.Profiles.Formats;
using Xunit;
using ThreadState = Sonde.Engine.Profiles.ThreadState;

namespace Sonde.Tests.Profiles;

/// <summary>What flame graphs are made of. What the page does with it is tested in a browser, with the kernel's tests.</summary>
public sealed class FlameGraphTests
{
    static readonly XNamespace _svg = "http://www.w3.org/2000/svg";

    public static TheoryData<string> Hostile =>
        ["</script><script>alert(1)</script>", "]]>", "<!--", "\"'><b>", "&lt;", "\u202etxt.exe", "\u0000\u001b[2J", "\ud800", "\u2028"];

    static Profile Small()
    {
        var profile = new Profile(keepsTimeline: false)
        {
            Info = new ProfileInfo { Title = "record -p 42", IntervalNs = 10_000_000, DurationNs = 1_000_000_000, Start = new DateTimeOffset(2026, 11, 21, 10, 0, 0, TimeSpan.Zero) },
        };
        profile.Processes.Add(new ProfileProcess(42, 1, "python app.py"));
        profile.Threads.Add(new ProfileThread(0, 42, "MainThread"));
        profile.Threads.Add(new ProfileThread(0, 43, ""));
        int main = profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, "main", "/srv/app/app.py", 10)));
        int slow = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Python, "Server.slow", "/srv/app/app.py", 30)));
        int leaf = profile.Stacks.Intern(slow, profile.Frames.Intern(new Frame(FrameKind.Native, "operator<<(std::ostream&)", "/usr/lib/libc.so.6", 0)));
        int tiny = profile.Stacks.Intern(main, profile.Frames.Intern(new Frame(FrameKind.Kernel, "tiny", "", 0)));
        profile.Add(new ProfileEntry(0, slow, ThreadState.Running, true, 80, 800_000_000));
        profile.Add(new ProfileEntry(1, leaf, ThreadState.WaitingForIo, false, 20, 199_500_000));
        profile.Add(new ProfileEntry(1, tiny, ThreadState.Unknown, false, 1, 500_000));
        profile.Losses.Add("the stack changed while it was read", "Server.slow", 7);
        return profile;
    }

    static string Written(IProfileFormat format, Profile profile)
    {
        using var stream = new MemoryStream();
        format.Write(profile, stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    static string Data(string file)
    {
        const string start = "<script type=\"application/json\" id=\"profile\">";
        int from = file.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return file[from..file.IndexOf("</script>", from, StringComparison.Ordinal)];
    }

    [Fact]
    public void The_data_are_tables_of_numbers() =>
        Golden.Check("flamegraph-data.json", Data(Written(new FlameGraphHtmlFormat(), Small())).Replace("],\"", "],\n\"", StringComparison.Ordinal).Replace("},\"", "},\n\"", StringComparison.Ordinal));

    [Fact]
    public void The_picture_has_a_box_with_a_title_for_each_stack()
    {
        string file = Written(new FlameGraphSvgFormat(), Small());
        Golden.Check("flamegraph.svg", file[..file.IndexOf("<style>", StringComparison.Ordinal)]);
    }

    [Fact]
    public void The_picture_of_a_difference_is_coloured_by_change()
    {
        Profile after = Small();
        after.Add(new ProfileEntry(0, 1, ThreadState.Running, false, 100, 1_000_000_000));
        using var stream = new MemoryStream();
        new ProfileDiff(Small(), after).WriteFlameGraph(stream, html: false);
        string file = Encoding.UTF8.GetString(stream.ToArray());
        Golden.Check("flamegraph-diff.svg", file[..file.IndexOf("<style>", StringComparison.Ordinal)]);
        Assert.Contains("\"before\":[800000000,", Data(file), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "#e0e0e0")]
    [InlineData(0.5, "#ec5b51")]
    [InlineData(-0.5, "#5191ec")]
    public void Changes_are_red_and_blue(double change, string colour) => Assert.Equal(colour, FrameColour.Change(change));

    [Fact]
    public void A_profile_without_samples_is_a_graph_with_nothing_in_it()
    {
        var profile = new Profile(keepsTimeline: false);
        XDocument picture = XDocument.Parse(Written(new FlameGraphSvgFormat(), profile));
        Assert.Equal("all (0 samples, 100%)", picture.Descendants(_svg + "g").Elements(_svg + "title").Single().Value);
        Assert.Contains("\"samples\":0", Data(Written(new FlameGraphHtmlFormat(), profile)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_very_deep_stack_is_drawn_without_recursion()
    {
        var profile = new Profile(keepsTimeline: false);
        int frame = profile.Frames.Intern(new Frame(FrameKind.Python, "again", "a.py", 1));
        int stack = StackTable.Empty;
        for (int i = 0; i < 20_000; i++)
        {
            stack = profile.Stacks.Intern(stack, frame);
        }

        profile.Add(new ProfileEntry(0, stack, ThreadState.Running, false, 1, 1));
        Assert.Equal(20_001, XDocument.Parse(Written(new FlameGraphSvgFormat(), profile)).Descendants(_svg + "g").Count(box => box.Element(_svg + "title") is not null));
    }

    [Theory, MemberData(nameof(Hostile))]
    public void Names_cannot_leave_their_place(string name)
    {
        var profile = new Profile(keepsTimeline: false) { Info = new ProfileInfo { Title = name, Mode = name } };
        profile.Processes.Add(new ProfileProcess(1, 0, name));
        profile.Threads.Add(new ProfileThread(0, 1, name));
        profile.Add(new ProfileEntry(0, profile.Stacks.Intern(StackTable.Empty, profile.Frames.Intern(new Frame(FrameKind.Python, name, name, 1))), ThreadState.Running, false, 1, 1));
        profile.Losses.Add(name, name);

        string page = Written(new FlameGraphHtmlFormat(), profile);
        string plain = Written(new FlameGraphHtmlFormat(), Small());
        foreach (string mark in (string[])["<script", "</script", "<!--", "<title", "<b>"])
        {
            Assert.Equal(Count(plain, mark), Count(page, mark));
        }

        Assert.True(Data(page).All(character => character is >= ' ' and <= '~' and not ('<' or '>' or '&')));
        string picture = Written(new FlameGraphSvgFormat(), profile);
        XDocument parsed = XDocument.Parse(picture);
        Assert.Equal(2, parsed.Descendants(_svg + "script").Count());
        Assert.Empty(parsed.Descendants(_svg + "b"));
        Assert.DoesNotContain(picture, character => character is '\u202e' or '\u2028' or '\u001b' or '\ufffd');
        static int Count(string text, string part) => (text.Length - text.Replace(part, "", StringComparison.OrdinalIgnoreCase).Length) / part.Length;
    }

    [Fact]
    public void The_script_can_stand_in_both_kinds_of_files()
    {
        Assert.DoesNotContain("]]>", PageFiles.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("</", PageFiles.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("<!--", PageFiles.Script, StringComparison.Ordinal);
        Assert.DoesNotContain("</", PageFiles.Style, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_names_no_other_address()
    {
        string page = Written(new FlameGraphHtmlFormat(), Small());
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal).Replace("http://www.w3.org/1999/xhtml", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src &apos;none&apos;", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_keeps_its_colour_wherever_it_is_installed()
    {
        var here = new Frame(FrameKind.Python, "f", "/usr/lib/python3/json/decoder.py", 1);
        var there = new Frame(FrameKind.Python, "g", "/home/me/venv/json/decoder.py", 7);
        Assert.Equal(FrameColour.Light(here), FrameColour.Light(there));
        Assert.NotEqual(FrameColour.Hue(here), FrameColour.Hue(here with { File = "/usr/lib/python3/json/encoder.py" }));
    }

    [Theory]
    [InlineData(FrameKind.Python, 8, 60)]
    [InlineData(FrameKind.Native, 185, 235)]
    [InlineData(FrameKind.Kernel, 265, 310)]
    public void Kinds_of_code_have_colours_apart(FrameKind kind, int least, int most)
    {
        for (int i = 0; i < 200; i++)
        {
            Assert.InRange(FrameColour.Hue(new Frame(kind, "f", $"module{i}", 0)), least, most);
        }
    }

    [Fact]
    public void A_colour_is_what_css_makes_of_it() =>
        // hsl(0 0% 85%)
        Assert.Equal("#d9d9d9", FrameColour.Light(new Frame(FrameKind.Marker, "f", "", 0)));
}
