using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Sonde.Engine.Dump;
using Sonde.Engine.Output;
using Sonde.Python.Values;

namespace Sonde.Engine.Snoop;

/// <summary>Writes a story for people, in the form that PySnooper has made known.</summary>
public sealed partial class SnoopTextSink : ISnoopSink
{
    const int IndentWidth = 4;

    /// <summary>Deeper calls are not indented further.</summary>
    const int DeepestIndent = 20;

    /// <summary>More lines before a function's own are decorators that nobody writes.</summary>
    const int MostDecorators = 50;

    readonly Stream _stream;
    readonly SourceLines _source;
    readonly SnoopTextOptions _options;
    readonly Func<long> _toWallNs;
    readonly StringBuilder _text = new();
    string? _file;

    /// <summary>Writes to a stream, which it closes at the end.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="pid">The process, whose files the lines are read from.</param>
    /// <param name="options">How it looks.</param>
    /// <param name="redaction">What of these lines is not shown; null to show everything.</param>
    /// <param name="toWallNs">What to add to the program's monotonic clock for the time since 1970.</param>
    public SnoopTextSink(Stream stream, int pid, SnoopTextOptions options, Redaction? redaction, Func<long> toWallNs)
    {
        _stream = stream;
        _source = new SourceLines(pid, redaction);
        _options = options;
        _toWallNs = toWallNs;
    }

    string Dim => _options.UsesColour ? "\e[2m" : "";

    string Red => _options.UsesColour ? "\e[31m" : "";

    string Yellow => _options.UsesColour ? "\e[33m" : "";

    string Green => _options.UsesColour ? "\e[32m" : "";

    string Normal => _options.UsesColour ? "\e[0m" : "";

    /// <inheritdoc/>
    public void Write(SnoopEvent snoopEvent)
    {
        _text.Clear();
        var indent = _options.Prefix + new string(' ', IndentWidth * Math.Min(snoopEvent.Depth, DeepestIndent));
        if (snoopEvent.IsTold && snoopEvent.Kind != SnoopEventKind.End)
        {
            WriteEvent(snoopEvent, indent);
        }

        if (snoopEvent.Depth == 0 && snoopEvent.Kind is SnoopEventKind.Return or SnoopEventKind.Unwind or SnoopEventKind.End && !_options.IsNormalized)
        {
            Add(indent, "Elapsed time: ", "", Duration(snoopEvent.ElapsedNs));
        }

        _stream.Write(Encoding.UTF8.GetBytes(_text.ToString()));
        _stream.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    void WriteEvent(SnoopEvent snoopEvent, string indent)
    {
        if (snoopEvent.Function.File != _file)
        {
            _file = snoopEvent.Function.File;
            Add(indent, "Source path:... ", "", Escape.Text(_options.IsNormalized ? Path.GetFileName(_file) : _file, 1000));
        }

        var isStart = snoopEvent.Kind is SnoopEventKind.Call or SnoopEventKind.Running;
        foreach (var change in snoopEvent.Changes)
        {
            Add(indent, isStart ? "Starting var:.. " : change.IsNew ? "New var:....... " : "Modified var:.. ", Green, $"{change.Name} = {Shown(change.Value)}");
        }

        var line = snoopEvent.Kind == SnoopEventKind.Call ? Definition(snoopEvent) : snoopEvent.Line;
        var isBad = snoopEvent.Kind is SnoopEventKind.Exception or SnoopEventKind.Unwind;
        _text.Append(indent).Append(Dim).Append(Time(snoopEvent)).Append(Normal).Append(' ').Append(Thread(snoopEvent.Thread));
        _text.Append(isBad ? Red : Yellow).Append(Word(snoopEvent.Kind).PadRight(9)).Append(Normal).Append(' ');
        _text.Append(line.ToString(CultureInfo.InvariantCulture).PadLeft(4)).Append(' ');
        _text.Append(_source.FindText(_file, line) ?? "SOURCE IS UNAVAILABLE").Append('\n');
        switch (snoopEvent.Kind)
        {
            case SnoopEventKind.Return:
                Add(indent, "Return value:.. ", Green, Shown(snoopEvent.Value ?? ""));
                break;
            case SnoopEventKind.Yield:
                Add(indent, "Yield value:... ", Green, Shown(snoopEvent.Value ?? ""));
                break;
            case SnoopEventKind.Exception:
                Add(indent, "Exception:..... ", Red, Shown(snoopEvent.Value ?? ""));
                break;
            case SnoopEventKind.Unwind:
                Add(indent, "Call ended by exception", "", "");
                break;
            default:
                break;
        }
    }

    void Add(string indent, string label, string colour, string text) =>
        _text.Append(indent).Append(Dim).Append(label).Append(Normal).Append(colour).Append(text).Append(colour.Length > 0 ? Normal : "").Append('\n');

    /// <summary>The line with the function's name: code objects begin at the first decorator.</summary>
    int Definition(SnoopEvent snoopEvent)
    {
        for (var line = snoopEvent.Line; line < snoopEvent.Line + MostDecorators; line++)
        {
            var text = _source.FindText(snoopEvent.Function.File, line)?.TrimStart() ?? "";
            if (text.StartsWith("def ", StringComparison.Ordinal) || text.StartsWith("async def ", StringComparison.Ordinal))
            {
                return line;
            }

            if (line == snoopEvent.Line && !text.StartsWith('@'))
            {
                break;
            }
        }

        return snoopEvent.Line;
    }

    string Time(SnoopEvent snoopEvent)
    {
        if (_options.IsNormalized)
        {
            return new string(' ', 15);
        }

        return _options.IsRelative ? Duration(snoopEvent.ElapsedNs)
            : DateTimeOffset.UnixEpoch.AddTicks(unchecked(snoopEvent.TimeNs + _toWallNs()) / 100).ToLocalTime().ToString("HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
    }

    string Thread(SnoopThread thread) => !_options.ShowsThreads ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{(_options.IsNormalized ? "" : $"{(thread.Tid != 0 ? thread.Tid : thread.Ident)}-")}{(thread.Name.Length > 0 ? thread.Name : "?"),-12} ");

    string Shown(string value) => _options.IsNormalized ? Address().Replace(value, "") : value;

    static string Duration(long ns) => TimeSpan.FromTicks(Math.Max(0, ns) / 100).ToString(ns >= 86_400_000_000_000 ? @"d\.hh\:mm\:ss\.ffffff" : @"hh\:mm\:ss\.ffffff", CultureInfo.InvariantCulture);

    static string Word(SnoopEventKind kind) => kind switch
    {
        SnoopEventKind.Call => "call",
        SnoopEventKind.Running => "running",
        SnoopEventKind.Line => "line",
        SnoopEventKind.Exception => "exception",
        SnoopEventKind.Yield => "yield",
        SnoopEventKind.Resume => "resume",
        _ => "return",
    };

    [GeneratedRegex(" at 0x[0-9a-fA-F]{4,}")]
    private static partial Regex Address();
}
