using System.Text.Encodings.Web;
using System.Text.Json;
using Sonde.Engine.Dump;
using Sonde.Engine.Output;
using Sonde.Python.Values;

namespace Sonde.Engine.Snoop;

/// <summary>Writes a story for programs: one JSON object a line.</summary>
public sealed class SnoopJsonSink : ISnoopSink
{
    static readonly JsonWriterOptions _form = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    readonly Stream _stream;
    readonly SourceLines _source;
    readonly Func<long> _toWallNs;

    /// <summary>Writes to a stream, which it closes at the end.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="pid">The process, whose files the lines are read from.</param>
    /// <param name="redaction">What of these lines is not shown; null to show everything.</param>
    /// <param name="toWallNs">What to add to the program's monotonic clock for the time since 1970.</param>
    public SnoopJsonSink(Stream stream, int pid, Redaction? redaction, Func<long> toWallNs)
    {
        _stream = stream;
        _source = new SourceLines(pid, redaction);
        _toWallNs = toWallNs;
    }

    /// <inheritdoc/>
    public void Write(SnoopEvent snoopEvent)
    {
        if (!snoopEvent.IsTold)
        {
            return;
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, _form))
        {
            json.WriteStartObject();
            json.WriteString("event", snoopEvent.Kind.ToString().ToLowerInvariant());
            json.WriteNumber("call", snoopEvent.Call);
            json.WriteString("function", snoopEvent.Function.Name);
            json.WriteString("file", Escape.Text(snoopEvent.Function.File, 4096));
            if (snoopEvent.Kind != SnoopEventKind.End)
            {
                json.WriteNumber("line", snoopEvent.Line);
                json.WriteString("source", _source.FindText(snoopEvent.Function.File, snoopEvent.Line)?.Trim());
            }

            json.WriteNumber("depth", snoopEvent.Depth);
            json.WriteNumber("thread", snoopEvent.Thread.Ident);
            json.WriteNumber("tid", snoopEvent.Thread.Tid);
            json.WriteString("thread_name", snoopEvent.Thread.Name);
            json.WriteNumber("time_ns", unchecked(snoopEvent.TimeNs + _toWallNs()));
            json.WriteNumber("elapsed_ns", snoopEvent.ElapsedNs);
            WriteVariables(json, snoopEvent.Changes);
            if (snoopEvent.Value is not null)
            {
                json.WriteString(snoopEvent.Kind == SnoopEventKind.Exception ? "exception" : "value", snoopEvent.Value);
            }

            json.WriteEndObject();
        }

        buffer.WriteByte((byte)'\n');
        _stream.Write(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
        _stream.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    static void WriteVariables(Utf8JsonWriter json, IReadOnlyList<SnoopChange> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        json.WriteStartArray("variables");
        foreach (var change in changes)
        {
            json.WriteStartObject();
            json.WriteString("name", change.Name);
            json.WriteString("value", change.Value);
            json.WriteBoolean("new", change.IsNew);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
