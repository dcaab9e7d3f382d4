using System.Buffers;
using System.Text.Json;

namespace Sonde.Engine.Listing;

/// <summary>Writes what an inspection found as JSON, one object a line.</summary>
public sealed class InspectJson(Stream output) : IDisposable
{
    readonly ArrayBufferWriter<byte> _line = new(4096);

    /// <summary>Writes one place.</summary>
    public void Write(Inspection site)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            json.WriteString("name", site.Name);
            ListJson.WriteFile(json, site.File);
            json.WriteNumber("address", site.Address);
            json.WriteNumber("offset", site.FileOffset);
            if (site.Note is { } note)
            {
                json.WriteNumber("note_offset", note.NoteOffset);
                json.WritePropertyName("note");
                ListJson.WriteLocation(json, note);
            }

            json.WriteString("bytes", Convert.ToHexStringLower(site.Bytes));
            json.WriteString("instruction", site.Instruction);
            json.WriteString("execution", site.Verdict.Execution.ToString().ToLowerInvariant());
            json.WriteString("reason", site.Verdict.Reason);
            WriteOptional(json, "hazard", site.Hazard);
            WriteOptional(json, "remark", site.Remark);
            json.WriteStartArray("places");
            foreach (var place in site.Places)
            {
                json.WriteStartObject();
                json.WriteNumber("address", place.Address);
                WriteOptional(json, "before", Hex(place.Before));
                WriteOptional(json, "attached", Hex(place.Attached));
                WriteOptional(json, "after", Hex(place.After));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            if (site.Semaphore is { } semaphore)
            {
                json.WriteStartObject("semaphore");
                json.WriteNumber("address", semaphore.Address);
                WriteOptional(json, "before", semaphore.Before);
                WriteOptional(json, "attached", semaphore.Attached);
                WriteOptional(json, "after", semaphore.After);
                json.WriteEndObject();
            }

            WriteOptional(json, "not_attached", site.NotAttached);
            if (site.Restored is { } restored)
            {
                json.WriteBoolean("restored", restored);
            }

            json.WriteEndObject();
        }

        _line.Write("\n"u8);
        output.Write(_line.WrittenSpan);
    }

    /// <summary>Flushes and closes the output.</summary>
    public void Dispose() => output.Dispose();

    static string? Hex(byte[]? bytes) => bytes is null ? null : Convert.ToHexStringLower(bytes);

    static void WriteOptional(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    static void WriteOptional(Utf8JsonWriter json, string name, ushort? value)
    {
        if (value is { } known)
        {
            json.WriteNumber(name, known);
        }
    }
}
