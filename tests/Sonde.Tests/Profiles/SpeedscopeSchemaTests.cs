using System.Text.Json;
using Sonde.Engine.Profiles;
using Sonde.Engine.Profiles.Formats;
using Xunit;

namespace Sonde.Tests.Profiles;

/// <summary>What speedscope's published schema demands (speedscope.app/file-format-schema.json; speedscope is MIT licensed), rule by rule.</summary>
public sealed class SpeedscopeSchemaTests
{
    static readonly string[] _units = ["bytes", "microseconds", "milliseconds", "nanoseconds", "none", "seconds"];

    [Theory]
    [InlineData(ProfileUnit.Nanoseconds, true)]
    [InlineData(ProfileUnit.Nanoseconds, false)]
    [InlineData(ProfileUnit.Bytes, true)]
    [InlineData(ProfileUnit.Samples, false)]
    public void A_file_is_valid(ProfileUnit unit, bool timeline)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var file = JsonDocument.Parse(RoundTripTests.Write(RandomProfile.Make(seed, timeline, unit), "speedscope")).RootElement;
            Assert.Equal("https://www.speedscope.app/file-format-schema.json", file.GetProperty("$schema").GetString());
            Optional(file, "name", JsonValueKind.String);
            Optional(file, "exporter", JsonValueKind.String);
            Optional(file, "activeProfileIndex", JsonValueKind.Number);
            var frames = file.GetProperty("shared").GetProperty("frames").EnumerateArray().ToList();
            Assert.All(frames, CheckFrame);
            Assert.Equal(3, file.GetProperty("profiles").GetArrayLength());
            Assert.All(file.GetProperty("profiles").EnumerateArray(), profile => CheckProfile(profile, frames.Count));
        }
    }

    static void CheckFrame(JsonElement frame)
    {
        Assert.Equal(JsonValueKind.String, frame.GetProperty("name").ValueKind);
        Optional(frame, "file", JsonValueKind.String);
        Optional(frame, "line", JsonValueKind.Number);
        Optional(frame, "col", JsonValueKind.Number);
    }

    static void CheckProfile(JsonElement profile, int frameCount)
    {
        Assert.Equal("sampled", profile.GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.String, profile.GetProperty("name").ValueKind);
        Assert.Contains(profile.GetProperty("unit").GetString(), _units);
        var weights = profile.GetProperty("weights").EnumerateArray().Select(weight => weight.GetInt64()).ToList();
        var samples = profile.GetProperty("samples").EnumerateArray().ToList();
        Assert.Equal(samples.Count, weights.Count);
        Assert.All(samples, sample => Assert.All(sample.EnumerateArray(), frame => Assert.InRange(frame.GetInt32(), 0, frameCount - 1)));
        // The schema only wants numbers; speedscope's own description (file-format-spec.ts) wants the end to be that of the last sample or later.
        Assert.Equal(weights.Sum(), profile.GetProperty("endValue").GetInt64() - profile.GetProperty("startValue").GetInt64());
    }

    static void Optional(JsonElement parent, string name, JsonValueKind kind)
    {
        if (parent.TryGetProperty(name, out var value))
        {
            Assert.Equal(kind, value.ValueKind);
        }
    }

    [Fact]
    public void A_file_of_py_spy_with_its_frames_at_the_end_is_read()
    {
        const string File = """
            {"$schema":"https://www.speedscope.app/file-format-schema.json","profiles":[{"type":"sampled","name":"Process 8752 Thread 8754 \"worker\"","unit":"seconds","startValue":0.0,"endValue":0.03,
            "samples":[[0,1],[0],[0,1]],"weights":[0.01,0.01,0.01]}],"shared":{"frames":[{"name":"<module>","file":"/srv/app.py","line":10,"col":null},{"name":"spin","file":"/srv/app.py","line":6,"col":null}]},
            "activeProfileIndex":null,"exporter":"py-spy@0.4.2","name":"py-spy profile"}
            """;
        var profile = ProfileFormats.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(File)));
        Assert.Equal(new ProfileThread(0, 8754, "worker"), Assert.Single(profile.Threads));
        Assert.Equal(8752, Assert.Single(profile.Processes).Pid);
        Assert.Equal([0L, 10_000_000, 20_000_000], profile.Timeline.Select(sample => sample.TimeNs));
        Assert.Equal(30_000_000, profile.Weight);
        Assert.Equal("spin (/srv/app.py:6)", FrameLabel.Full(profile.Frames[profile.Stacks.Innermost(profile.Timeline[0].Stack)]));
    }

    [Fact]
    public void An_evented_file_is_read_as_the_time_between_its_events()
    {
        const string File = """
            {"$schema":"https://www.speedscope.app/file-format-schema.json","shared":{"frames":[{"name":"a"},{"name":"b"}]},"profiles":[{"type":"evented","name":"x","unit":"milliseconds","startValue":0,"endValue":14,
            "events":[{"type":"O","frame":0,"at":0},{"type":"O","frame":0,"at":0},{"type":"O","frame":1,"at":3},{"type":"C","frame":1,"at":10},{"type":"C","frame":0,"at":14},{"type":"C","frame":0,"at":14}]}]}
            """;
        var profile = ProfileFormats.Read(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(File)));
        Assert.Equal([(0L, 3_000_000L), (3_000_000, 7_000_000), (10_000_000, 4_000_000)], profile.Timeline.Select(sample => (sample.TimeNs, sample.Weight)));
    }
}
