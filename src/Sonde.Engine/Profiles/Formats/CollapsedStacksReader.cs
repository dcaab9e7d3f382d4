using System.Globalization;
using System.Text;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Reads collapsed stacks of Sonde, py-spy, Austin, CPython's profiling.sampling and perf (stackcollapse-perf.pl).</summary>
/// <remarks>
/// Austin 3 writes a header (<c># austin: 3.7.0</c>, <c># mode: wall</c>), <c>P12;T0:34;/path/file.py:function:7;… 1000</c> with microseconds or bytes, one line for each
/// sample of a thread; its times are therefore known. In full mode the number is three: time, whether idle, bytes.
/// </remarks>
sealed class CollapsedStacksReader(Stream input) : IDisposable
{
    const int LongestLine = 16 << 20;
    const string InvalidFrame = ":INVALID:";

    readonly Dictionary<string, int> _labels = [];
    readonly Dictionary<int, long> _timeNs = [];
    readonly StreamReader _reader = new(input, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, 64 << 10, leaveOpen: true);
    readonly Dictionary<string, string> _headers = [];
    Profile _profile = new(keepsTimeline: false);
    ThreadDirectory? _threads;
    long _line;

    bool IsAustin => _headers.ContainsKey("austin");

    bool MeasuresMemory => _headers.GetValueOrDefault("mode") == "memory";

    public Profile Read()
    {
        while (ReadLine() is { } line)
        {
            _line++;
            if (line.StartsWith('#'))
            {
                ReadHeader(line);
            }
            else if (!string.IsNullOrWhiteSpace(line))
            {
                _threads ??= Begin();
                ReadStack(line, _threads);
            }
        }

        return _profile;
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.Dispose();

    /// <summary>What is known once the headers before the first stack have been read.</summary>
    ThreadDirectory Begin()
    {
        _profile = Profile.ForFile(keepsTimeline: IsAustin);
        _profile.Info = !IsAustin ? new ProfileInfo { Unit = ProfileUnit.Samples } : new ProfileInfo
        {
            Title = $"Austin {_headers["austin"]}",
            Mode = MeasuresMemory ? "memory" : _headers.GetValueOrDefault("mode") == "cpu" ? "cpu" : "wall",
            Unit = MeasuresMemory ? ProfileUnit.Bytes : ProfileUnit.Nanoseconds,
            IntervalNs = long.TryParse(_headers.GetValueOrDefault("interval"), NumberStyles.None, CultureInfo.InvariantCulture, out long interval)
                && interval < long.MaxValue / 1000 ? interval * 1000 : 0,
        };
        return new ThreadDirectory(_profile);
    }

    /// <summary><see cref="StreamReader.ReadLine"/> with a limit.</summary>
    string? ReadLine()
    {
        var line = new StringBuilder();
        int unit;
        while ((unit = _reader.Read()) >= 0 && unit != '\n')
        {
            if (line.Length == LongestLine)
            {
                throw Wrong("it is longer than 16 MiB", _line + 1);
            }

            line.Append((char)unit);
        }

        return unit < 0 && line.Length == 0 ? null : line.ToString().TrimEnd('\r');
    }

    void ReadHeader(string line)
    {
        int colon = line.IndexOf(':');
        if (colon > 0)
        {
            _headers[line[1..colon].Trim()] = line[(colon + 1)..].Trim();
        }
    }

    void ReadStack(string line, ThreadDirectory threads)
    {
        int blank = line.LastIndexOf(' ');
        if (blank < 0)
        {
            throw Wrong("a stack ends with a blank and a number");
        }

        var frames = line[..blank].Split(';');
        var number = line.AsSpan(blank + 1);
        if (IsAustin)
        {
            ReadAustin(frames, number, threads);
            return;
        }

        long count = Number(number);
        if (count == 0)
        {
            return;
        }

        int thread = ThreadOf(frames, threads, out int skipped);
        int stack = StackTable.Empty;
        if (frames.Length != 1 || frames[0] != RawFormat.NoFrames)
        {
            for (int i = skipped; i < frames.Length; i++)
            {
                stack = _profile.Stacks.Intern(stack, Frame(frames[i]));
            }
        }

        _profile.Add(new ProfileEntry(thread, stack, ThreadState.Unknown, HoldsGil: false, count, count));
    }

    /// <summary>The thread that the outermost frames name. Those frames stay, for they were asked for; CPython's <c>tid:12</c> is none.</summary>
    static int ThreadOf(string[] frames, ThreadDirectory threads, out int skipped)
    {
        skipped = 0;
        int pid = 0, at = 0;
        while (at < frames.Length && ThreadLabel.TryParseProcessRoot(RawFormat.Decode(frames[at]), out int process, out string commandLine))
        {
            threads.Process(process, pid, commandLine);
            pid = process;
            at++;
        }

        if (at < frames.Length && ThreadLabel.TryParseThreadRoot(RawFormat.Decode(frames[at]), out int tid, out string name))
        {
            return threads.Thread(pid, tid, name);
        }

        if (frames[0].StartsWith("tid:", StringComparison.Ordinal) && int.TryParse(frames[0].AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out tid))
        {
            skipped = 1;
            return threads.Thread(pid, tid, "");
        }

        return threads.Thread(pid, 0, "");
    }

    void ReadAustin(string[] frames, ReadOnlySpan<char> metrics, ThreadDirectory threads)
    {
        int pid = 0, tid = 0, at = 0;
        if (frames[0] is ['P', .. var process] && int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out pid))
        {
            at++;
        }

        // "T" and the thread, from 3.5 on with the interpreter before it: "T0:4711".
        if (at < frames.Length && frames[at] is ['T', .. var words]
            && int.TryParse(words.AsSpan(words.LastIndexOf(':') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out tid))
        {
            at++;
        }

        bool isIdle = false;
        int comma = metrics.IndexOf(',');
        if (comma >= 0)
        {
            isIdle = metrics[(comma + 1)..].StartsWith("1");
            metrics = metrics[..comma];
        }

        if (frames.AsSpan(at).Contains(InvalidFrame))
        {
            _profile.Losses.Add("Austin could not read the whole stack");
            return;
        }

        int thread = threads.Thread(pid, tid, "");
        int stack = StackTable.Empty;
        for (; at < frames.Length; at++)
        {
            stack = _profile.Stacks.Intern(stack, Frame(frames[at]));
        }

        long weight = Number(metrics);
        weight = MeasuresMemory ? weight : weight <= long.MaxValue / 1000 ? weight * 1000 : throw Wrong("the time is out of range");
        long time = _timeNs.GetValueOrDefault(thread);
        _profile.Add(new Sample(time, thread, stack, weight, isIdle ? ThreadState.Sleeping : ThreadState.Unknown, HoldsGil: false));
        _timeNs[thread] = checked(time + weight);
    }

    int Frame(string text)
    {
        if (!_labels.TryGetValue(text, out int number))
        {
            number = _profile.Frames.Intern(FrameLabel.Parse(RawFormat.Decode(text)));
            _labels.Add(text, number);
        }

        return number;
    }

    long Number(ReadOnlySpan<char> text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number
        : throw Wrong("a stack ends with a blank and a number");

    FormatException Wrong(string what, long line = 0) => new(string.Create(CultureInfo.InvariantCulture, $"line {(line > 0 ? line : _line)}: {what}"));
}
