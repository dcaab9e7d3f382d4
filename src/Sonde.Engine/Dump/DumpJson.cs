using System.Text.Json;
using Sonde.Engine.Output;

namespace Sonde.Engine.Dump;

/// <summary>Writes a dump as JSON: an array of threads with py-spy's fields, and more.</summary>
public static class DumpJson
{
    /// <summary>Writes processes.</summary>
    public static void Write(Stream output, IReadOnlyList<DumpedProcess> processes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(processes);
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            for (var i = 0; i < processes.Count; i++)
            {
                foreach (var thread in processes[i].Threads)
                {
                    Write(json, processes[i], i == 0 ? null : processes.Take(i).FirstOrDefault(other => other.Pid == processes[i].ParentPid), thread);
                }
            }

            json.WriteEndArray();
        }

        output.WriteByte((byte)'\n');
    }

    static void Write(Utf8JsonWriter json, DumpedProcess process, DumpedProcess? parent, DumpedThread thread)
    {
        var state = thread.State;
        json.WriteStartObject();
        json.WriteNumber("pid", process.Pid);
        json.WriteNumber("thread_id", state.Record.PthreadId);
        WriteText(json, "thread_name", state.Name);
        if (state.Tid != 0)
        {
            json.WriteNumber("os_thread_id", state.Tid);
        }
        else
        {
            json.WriteNull("os_thread_id");
        }

        json.WriteBoolean("active", DumpText.IsActive(state));
        json.WriteBoolean("owns_gil", state.HoldsGil);
        json.WriteBoolean("waits_for_gil", state.WaitsForGil);
        json.WriteBoolean("collects_garbage", state.CollectsGarbage);
        WriteText(json, "state", state.State.ToString());
        WriteText(json, "waiting", state.Waiting);
        WriteText(json, "exception", state.Exception);
        WriteText(json, "problem", state.Problem ?? thread.NativeProblem);
        json.WriteStartArray("frames");
        foreach (var frame in thread.Frames)
        {
            Write(json, frame);
        }

        json.WriteEndArray();
        if (thread.Greenlets.Count > 0)
        {
            Write(json, thread.Greenlets);
        }

        json.WritePropertyName("process_info");
        WriteProcess(json, process, parent);
        json.WriteEndObject();
    }

    static void Write(Utf8JsonWriter json, IReadOnlyList<DumpedGreenlet> greenlets)
    {
        json.WriteStartArray("greenlets");
        foreach (var (greenlet, frames) in greenlets)
        {
            json.WriteStartObject();
            json.WriteNumber("addr", greenlet.Address);
            WriteText(json, "type", greenlet.Type);
            json.WriteBoolean("is_main", greenlet.IsMain);
            json.WriteBoolean("is_running", greenlet.IsRunning);
            json.WriteStartArray("frames");
            foreach (var frame in frames)
            {
                Write(json, frame);
            }

            json.WriteEndArray();
            json.WriteBoolean("is_cut", greenlet.IsCut);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    static void Write(Utf8JsonWriter json, DumpedFrame frame)
    {
        json.WriteStartObject();
        WriteText(json, "name", frame.Function);
        WriteText(json, "filename", frame.File);
        json.WriteNull("module");
        WriteText(json, "short_filename", frame.ShortFile);
        json.WriteNumber("line", frame.Line);
        if (frame.Span is { Column: >= 0 } span)
        {
            json.WriteNumber("end_line", span.EndLine);
            json.WriteNumber("column", span.Column);
            json.WriteNumber("end_column", span.EndColumn);
        }

        WriteText(json, "source", frame.Source?.Text);
        if (frame.Variables is null)
        {
            json.WriteNull("locals");
        }
        else
        {
            json.WriteStartArray("locals");
            foreach (var variable in frame.Variables)
            {
                json.WriteStartObject();
                WriteText(json, "name", variable.Name);
                json.WriteNumber("addr", variable.Address);
                json.WriteBoolean("arg", variable.IsArgument);
                WriteText(json, "repr", variable.Value);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        if (frame.MoreVariables > 0)
        {
            json.WriteNumber("more_locals", frame.MoreVariables);
        }

        if (frame.VariablesProblem is { } problem)
        {
            WriteText(json, "locals_problem", problem);
        }

        if (frame.Interpreter is { } interpreter)
        {
            json.WriteNumber("interpreter", interpreter);
        }

        json.WriteBoolean("is_native", frame.IsNative);
        json.WriteBoolean("is_entry", frame.IsEntry);
        json.WriteBoolean("is_shim_entry", false);
        json.WriteEndObject();
    }

    static void WriteProcess(Utf8JsonWriter json, DumpedProcess process, DumpedProcess? parent)
    {
        json.WriteStartObject();
        json.WriteNumber("pid", process.Pid);
        json.WriteNumber("ppid", process.ParentPid);
        WriteText(json, "command_line", string.Join(' ', process.CommandLine));
        WriteText(json, "executable", process.Executable);
        WriteText(json, "python", process.Version?.ToString());
        WriteText(json, "death", process.Death);
        json.WriteNumber("other_threads", process.OtherThreads);
        if (process.Tasks is { } tasks)
        {
            Write(json, tasks, process.HasMoreTasks);
        }

        if (parent is null)
        {
            json.WriteNull("parent");
        }
        else
        {
            json.WritePropertyName("parent");
            WriteProcess(json, parent, null);
        }

        json.WriteEndObject();
    }

    /// <summary>The asyncio tasks; what each awaits is told by address.</summary>
    static void Write(Utf8JsonWriter json, IReadOnlyList<DumpedTask> tasks, bool hasMore)
    {
        json.WriteStartArray("tasks");
        foreach (var task in tasks)
        {
            json.WriteStartObject();
            json.WriteNumber("addr", task.Task.Address);
            WriteText(json, "name", task.Task.Name);
            WriteText(json, "state", task.Task.State.ToString());
            WriteText(json, "waits_for", task.Task.WaitsFor);
            json.WriteStartArray("awaits");
            foreach (var awaited in task.Task.Awaits)
            {
                json.WriteNumberValue(awaited);
            }

            json.WriteEndArray();
            json.WriteStartArray("frames");
            foreach (var frame in task.Frames)
            {
                Write(json, frame);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteBoolean("has_more_tasks", hasMore);
    }

    /// <summary>A text of the target's, which need not be valid UTF-16; null as null.</summary>
    static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        json.WritePropertyName(name);
        if (text is null)
        {
            json.WriteNullValue();
        }
        else
        {
            json.WriteRawValue(JsonText.Encode(text), skipInputValidation: true);
        }
    }
}
