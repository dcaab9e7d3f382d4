using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Sonde.Engine.Profiles.Formats.Json;
using Sonde.Engine.Profiles.Formats.Protobuf;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Tells from a file's first bytes what it is.</summary>
static class FileContent
{
    /// <summary>A small file can unpack to any size; more than this is refused.</summary>
    internal const int MostUnpacked = 1 << 30;

    const int HeadLength = 4096;

    static readonly SearchValues<byte> _controls = SearchValues.Create(
        [.. Enumerable.Range(0, ' ').Where(control => control is not ('\t' or '\n' or '\r' or '\x1b')).Select(control => (byte)control)]);

    /// <summary>The stream itself, or what it holds when it is compressed or cannot be set back; it then lies in memory.</summary>
    /// <param name="input">The file.</param>
    /// <param name="most">How many bytes it may unpack to.</param>
    /// <exception cref="FormatException">It is damaged, or unpacks to more.</exception>
    public static Stream Unpack(Stream input, int most = MostUnpacked)
    {
        if (!input.CanSeek)
        {
            input = Collect(input, most);
        }

        long start = input.Position;
        bool isCompressed = input.ReadByte() == 0x1f && input.ReadByte() == 0x8b;
        input.Position = start;
        if (!isCompressed)
        {
            return input;
        }

        try
        {
            using var gzip = new GZipStream(input, CompressionMode.Decompress, leaveOpen: true);
            return Collect(gzip, most);
        }
        catch (InvalidDataException exception)
        {
            throw new FormatException("the compressed data is damaged", exception);
        }
    }

    /// <summary>The format of a file.</summary>
    /// <exception cref="FormatException">It is none of those known.</exception>
    public static IProfileFormat Recognize(Stream input)
    {
        long start = input.Position;
        byte[] head = new byte[HeadLength];
        int length = input.ReadAtLeast(head, HeadLength, throwOnEndOfStream: false);
        input.Position = start;
        var text = head.AsSpan(0, length);
        text = text.StartsWith("\uFEFF"u8) ? text[3..] : text;
        var trimmed = text.TrimStart(" \t\r\n"u8);
        if (trimmed.IsEmpty)
        {
            throw new FormatException("the file is empty");
        }

        // A collapsed stack may begin with any of these characters too.
        byte second = trimmed[1..].TrimStart(" \t\r\n"u8) is [var next, ..] ? next : (byte)0;
        string name = (trimmed[0], second) switch
        {
            ((byte)'{', (byte)'"' or (byte)'}') or ((byte)'[', (byte)'{' or (byte)']') => RecognizeJson(input, start),
            _ when trimmed.StartsWith("<svg"u8) || trimmed.StartsWith("<?xml"u8) => "flamegraph",
            _ when trimmed.StartsWith("<!DOCTYPE html"u8) || trimmed.StartsWith("<html"u8) => "html",
            _ when text.StartsWith("MOJ"u8) => throw new FormatException("this is Austin's binary format; mojo2austin makes collapsed stacks of it"),
            _ when !text.ContainsAny(_controls) => "raw",
            _ => RecognizeProtobuf(text) ?? throw Unknown(),
        };
        return ProfileFormats.All.FirstOrDefault(format => format.Name == name) ?? throw Unknown();
    }

    static FormatException Unknown() => new($"it is none of the formats that can be read ({ProfileFormats.ReadableNames})");

    /// <summary>By the fields at the top: a Perfetto trace has packets alone, a pprof file begins with one of several.</summary>
    static string? RecognizeProtobuf(ReadOnlySpan<byte> head)
    {
        var fields = new ProtobufFields(head);
        bool hasPackets = false;
        try
        {
            while (fields.Next())
            {
                bool isValueType = fields.Field == 1 && IsValueType(fields.Message);
                hasPackets |= fields.Field == 1 && !isValueType;
                if (fields.Field > PprofFormat.Field.DefaultSampleType || fields.Field == 0)
                {
                    return null;
                }

                if (fields.Field != 1 || isValueType)
                {
                    return "pprof";
                }
            }
        }
        catch (FormatException) when (hasPackets || head.Length == HeadLength)
        {
            // The head ends within a field.
        }
        catch (FormatException)
        {
            return null;
        }

        return "perfetto";
    }

    static bool IsValueType(ProtobufFields fields)
    {
        int seen = 0;
        while (fields.Next())
        {
            if (fields.Field is not (1 or 2) || !fields.Bytes.IsEmpty)
            {
                return false;
            }

            seen++;
        }

        return seen > 0;
    }

    /// <summary>By the first member that only one format has.</summary>
    static string RecognizeJson(Stream input, long start)
    {
        try
        {
            using var json = new JsonInput(input);
            if (json.Token == JsonTokenType.StartArray)
            {
                return "chrome";
            }

            json.BeginObject();
            while (json.NextMember(out string name))
            {
                string? format = name switch
                {
                    "sonde_profile" => "jsonl",
                    "shared" or "profiles" or "exporter" => "speedscope",
                    "traceEvents" or "stackFrames" => "chrome",
                    "meta" or "threads" => "gecko",
                    "$schema" when json.Text() == SpeedscopeFormat.Schema => "speedscope",
                    _ => null,
                };
                if (format is not null)
                {
                    return format;
                }

                if (name != "$schema")
                {
                    json.Skip();
                }
            }
        }
        finally
        {
            input.Position = start;
        }

        throw new FormatException($"it is JSON, but no profile of the formats that can be read ({ProfileFormats.ReadableNames})");
    }

    static MemoryStream Collect(Stream stream, int most)
    {
        var memory = new MemoryStream();
        byte[] piece = new byte[64 << 10];
        int read;
        while ((read = stream.Read(piece)) > 0)
        {
            if (memory.Length + read > most)
            {
                throw new FormatException($"it unpacks to more than {most >> 20} MiB");
            }

            memory.Write(piece, 0, read);
        }

        memory.Position = 0;
        return memory;
    }
}
