using System.Buffers;
using System.Text.Json;
using Sonde.Symbols.Usdt;

namespace Sonde.Engine.Listing;

/// <summary>Writes a listing as JSON, one object a line. Everything that is not plain ASCII is escaped, so that it may safely be shown on a terminal.</summary>
public sealed class ListJson(Stream output) : IDisposable
{
    readonly ArrayBufferWriter<byte> _line = new(4096);

    /// <summary>Writes one probe.</summary>
    public void Write(ListedProbe probe)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line))
        {
            json.WriteStartObject();
            switch (probe)
            {
                case ListedProbe.Usdt usdt:
                    json.WriteString("type", "usdt");
                    WriteFile(json, usdt.File);
                    json.WriteString("provider", usdt.Probe.Provider);
                    json.WriteString("name", usdt.Probe.Name);
                    json.WriteStartArray("locations");
                    foreach (var location in usdt.Probe.Locations)
                    {
                        WriteLocation(json, location);
                    }

                    json.WriteEndArray();
                    break;
                case ListedProbe.Python python:
                    json.WriteString("type", "python");
                    WriteFile(json, python.File);
                    WritePython(json, python);
                    break;
                case ListedProbe.Tracepoint tracepoint:
                    json.WriteString("type", "tracepoint");
                    json.WriteString("category", tracepoint.Category);
                    json.WriteString("name", tracepoint.Name);
                    if (tracepoint.Fields.Count > 0)
                    {
                        json.WriteStartArray("fields");
                        foreach (var field in tracepoint.Fields)
                        {
                            json.WriteStringValue(field);
                        }

                        json.WriteEndArray();
                    }

                    break;
                case ListedProbe.NativeFunction function:
                    json.WriteString("type", "function");
                    WriteFile(json, function.File);
                    json.WriteString("name", function.Name);
                    json.WriteNumber("address", function.Address);
                    WriteOffset(json, function.FileOffset);
                    json.WriteNumber("size", function.Size);
                    break;
            }

            json.WriteEndObject();
        }

        _line.Write("\n"u8);
        output.Write(_line.WrittenSpan);
    }

    /// <summary>Flushes and closes the output.</summary>
    public void Dispose() => output.Dispose();

    internal static void WriteLocation(Utf8JsonWriter json, UsdtLocation location)
    {
        json.WriteStartObject();
        json.WriteNumber("address", location.Address);
        WriteOffset(json, location.FileOffset);
        if (location.Semaphore is { } semaphore)
        {
            json.WriteStartObject("semaphore");
            json.WriteNumber("address", semaphore.Address);
            WriteOffset(json, semaphore.FileOffset);
            json.WriteEndObject();
        }

        json.WriteStartArray("arguments");
        foreach (var argument in location.Arguments)
        {
            json.WriteStartObject();
            if (argument.Name.Length > 0)
            {
                json.WriteString("name", argument.Name);
            }

            json.WriteString("text", argument.Text);
            if (argument.Unavailable is { } reason)
            {
                json.WriteString("unavailable", reason);
            }
            else
            {
                json.WriteString("type", argument.TypeName);
                json.WriteNumber("size", argument.Size);
                json.WriteString("description", argument.Description);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    static void WritePython(Utf8JsonWriter json, ListedProbe.Python python)
    {
        if (python.Version is { } version)
        {
            json.WriteString("version", version.ToString());
        }

        if (python.Refusal is { } refusal)
        {
            json.WriteString("refusal", refusal);
        }
        else
        {
            json.WriteString("method", "stock probes");
        }

        json.WriteStartArray("sites");
        foreach (var site in python.Sites)
        {
            json.WriteStartObject();
            json.WriteString("kind", site.Kind.ToString().ToLowerInvariant());
            json.WriteNumber("address", site.Address);
            WriteOffset(json, site.FileOffset);
            json.WriteString("instruction", site.Instruction);
            json.WriteString("origin", site.Origin);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("pids");
        foreach (var pid in python.Pids)
        {
            json.WriteNumberValue(pid);
        }

        json.WriteEndArray();
    }

    internal static void WriteFile(Utf8JsonWriter json, ListedFile file)
    {
        json.WriteString("path", file.Path);
        if (file.IsDeleted)
        {
            json.WriteBoolean("deleted", true);
        }
    }

    static void WriteOffset(Utf8JsonWriter json, ulong? offset)
    {
        if (offset is { } known)
        {
            json.WriteNumber("offset", known);
        }
    }
}
