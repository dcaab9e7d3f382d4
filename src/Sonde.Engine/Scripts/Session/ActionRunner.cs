using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Sinks;
using Sonde.Engine.Scripts.Values;
using Sonde.Linux;
using Sonde.Script;
using Sonde.Script.Syntax;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Session;

/// <summary>Does what records ask for, in their order. Used by one thread; printing allocates nothing.</summary>
sealed class ActionRunner
{
    readonly LoadedScript _script;
    readonly SessionOptions _options;
    readonly ValueFormatter _values;
    readonly ValueFormatter _messageValues;
    readonly ScriptOutput _output;
    readonly PrintfFormat?[] _formats;
    readonly Utf8Text _text = new();

    /// <param name="script">Its actions are those done.</param>
    /// <param name="options">What is allowed and wanted.</param>
    /// <param name="values">Writes values for the output.</param>
    /// <param name="messageValues">Writes values for messages, which go elsewhere.</param>
    /// <param name="output">Takes what is done.</param>
    public ActionRunner(LoadedScript script, SessionOptions options, ValueFormatter values, ValueFormatter messageValues, ScriptOutput output)
    {
        (_script, _options, _values, _messageValues, _output) = (script, options, values, messageValues, output);
        _formats = [.. script.Script.Actions.Select(action => UsesFormat(action.Kind) ? new PrintfFormat(action.Format) : null)];
    }

    /// <summary>The exit code the script asked for; null while it goes on.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>How many records made no sense.</summary>
    public long Malformed { get; private set; }

    /// <summary>Called with the address of a watchpoint that is to be removed.</summary>
    public Action<ulong>? Unwatch { get; set; }

    /// <summary>Takes the records that tell of Python code objects and stacks.</summary>
    public PythonCodes? PythonCodes { get; set; }

    /// <summary>Takes the records that ask what a process runs.</summary>
    public PythonProcesses? PythonProcesses { get; set; }

    /// <summary>Takes packets.</summary>
    public PacketFiles? Packets { get; set; }

    /// <summary>When set, printf writes here instead.</summary>
    public Utf8Text? Capture { get; set; }

    /// <summary>Does what a record asks for.</summary>
    public void Run(ReadOnlySpan<byte> record)
    {
        var actions = _script.Script.Actions;
        if (record.Length < ScriptAction.PayloadOffset || BinaryPrimitives.ReadUInt64LittleEndian(record) is var index && index >= (ulong)actions.Count)
        {
            Malformed++;
            return;
        }

        var action = actions[(int)index];
        switch (action.Kind)
        {
            case ActionKind.PythonCode:
                PythonCodes?.Learn(record);
                return;
            case ActionKind.PythonStack:
                PythonCodes?.LearnStack(record);
                return;
            case ActionKind.PythonProcess:
                PythonProcesses?.Answer(record);
                return;
            case ActionKind.Packet when Packets is { } packets:
                Malformed += packets.Write(action, record[ScriptAction.PayloadOffset..]) ? 0 : 1;
                return;
        }

        Run((int)index, action, record[ScriptAction.PayloadOffset..]);
    }

    void Run(int index, ScriptAction action, ReadOnlySpan<byte> payload)
    {
        switch (action.Kind)
        {
            case ActionKind.Printf:
                Print(Formatted(index, action, payload));
                break;
            case ActionKind.Errorf:
                _output.Complaint(Severity.Error, action.Span, Message(index, action, payload));
                break;
            case ActionKind.Warnf when !_options.NoWarnings:
                _output.Complaint(Severity.Warning, action.Span, Message(index, action, payload));
                break;
            case ActionKind.Debugf when _options.Verbose:
                _output.Complaint(Severity.Warning, action.Span, Message(index, action, payload));
                break;
            case ActionKind.System:
                RunCommand(Formatted(index, action, payload).ToString());
                break;
            case ActionKind.Cat:
                CopyFile(Formatted(index, action, payload).ToString());
                break;
            case ActionKind.Event:
                _options.Events?.Invoke(action.Payload, payload);
                break;
            case ActionKind.PrintValue:
                _output.Value(action.Payload.Elements[0], ValueFormatter.Element(action.Payload, 0, payload));
                break;
            case ActionKind.PrintMap:
                PrintMap(action, Number(action, payload, 0), Number(action, payload, 1));
                break;
            case ActionKind.PrintMapEntry:
                PrintMapEntry(action, payload);
                break;
            case ActionKind.ClearMap or ActionKind.ZeroMap:
                MapChanges.Empty(_script.Find(action.Map!.Spec)!, action.Map, action.Kind == ActionKind.ZeroMap);
                break;
            case ActionKind.Time:
                _text.Clear();
                Strftime.Write(_text, action.Format, (long)Clock.RealTimeNs, _values.Names.Zone, withFractions: false);
                _output.Text("time", _text.Written);
                break;
            case ActionKind.Join:
                Join(action, payload);
                break;
            case ActionKind.Exit:
                ExitCode ??= (int)Number(action, payload, 0);
                break;
            case ActionKind.Unwatch:
                Unwatch?.Invoke((ulong)Number(action, payload, 0));
                break;
            case ActionKind.HelperError when !_options.NoWarnings:
                _output.HelperError(action.Span, action.Message, Number(action, payload, 0));
                break;
            case ActionKind.RuntimeError when !_options.NoWarnings:
                _output.RuntimeError(Severity.Warning, action.Span, action.Message);
                break;
            case ActionKind.AssertionFailed:
                _output.RuntimeError(Severity.Error, action.Span, action.Message);
                ExitCode ??= 1;
                break;
        }
    }

    /// <summary>Prints a map if anything was ever stored in it: what happens to each at the end.</summary>
    public void PrintAtEnd(ScriptMap map)
    {
        if (map.Value is not null && _script.Find(map.Spec) is { } source && MapContents.Read(map, source) is { IsEmpty: false } contents)
        {
            _output.Map(contents, 0, 0);
        }
    }

    static bool UsesFormat(ActionKind kind) =>
        kind is ActionKind.Printf or ActionKind.Errorf or ActionKind.Warnf or ActionKind.Debugf or ActionKind.System or ActionKind.Cat;

    static long Number(ScriptAction action, ReadOnlySpan<byte> payload, int element) => element < action.Payload.Elements.Count
        && ValueFormatter.Element(action.Payload, element, payload) is var bytes && bytes.Length == action.Payload.Elements[element].Size
        ? ValueFormatter.Number(action.Payload.Elements[element], bytes) : 0;

    Utf8Text Formatted(int index, ScriptAction action, ReadOnlySpan<byte> payload) => Formatted(index, action, payload, _values);

    string Message(int index, ScriptAction action, ReadOnlySpan<byte> payload) => Formatted(index, action, payload, _messageValues).ToString();

    Utf8Text Formatted(int index, ScriptAction action, ReadOnlySpan<byte> payload, ValueFormatter values)
    {
        _text.Clear();
        _formats[index]!.Write(_text, values, action.Payload, payload);
        return _text;
    }

    void Print(Utf8Text text)
    {
        if (Capture is { } capture)
        {
            capture.Add(text.Written);
        }
        else
        {
            _output.Printf(text);
        }
    }

    void PrintMap(ScriptAction action, long top, long divisor)
    {
        if (_script.Find(action.Map!.Spec) is { } source)
        {
            _output.Map(MapContents.Read(action.Map, source), top, divisor);
        }
    }

    void PrintMapEntry(ScriptAction action, ReadOnlySpan<byte> payload)
    {
        if (_script.Find(action.Map!.Spec) is not { } source)
        {
            return;
        }

        var contents = action.Map.Key is null ? MapContents.Read(action.Map, source)
            : payload.Length >= source.Spec.KeySize ? MapContents.ReadEntry(action.Map, source, payload[..source.Spec.KeySize]) : null;
        _output.MapEntry(contents);
    }

    void Join(ScriptAction action, ReadOnlySpan<byte> payload)
    {
        var count = Number(action, payload, 0);
        var texts = (ArrayType)action.Payload.Elements[1];
        var room = texts.Count;
        var bytes = ValueFormatter.Element(action.Payload, 1, payload);
        _text.Clear();
        for (var i = 0; i < Math.Min(count, room); i++)
        {
            _text.Add(i > 0 ? action.Format : "");
            var start = Math.Min(i * texts.Element.Size, bytes.Length);
            _values.Write(_text, texts.Element, bytes[start..Math.Min(start + texts.Element.Size, bytes.Length)]);
        }

        if (count > room)
        {
            _text.Add(action.Format);
            _text.Add(_script.Script.Config.TruncationTrailer);
        }

        _output.Text("join", _text.Written);
    }

    void CopyFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            var bytes = new byte[Math.Max(1, _script.Script.Config.MaxCatBytes)];
            _output.Text("cat", bytes.AsSpan(0, file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            _output.Complaint(Severity.Error, null, $"failed to open file '{Engine.Output.Escape.Text(path)}' ({Engine.Output.FileError.Describe(exception)})");
        }
    }

    void RunCommand(string command)
    {
        if (!_options.AllowUnsafe)
        {
            _output.Complaint(Severity.Error, null, "system() is not allowed without --unsafe");
            return;
        }

        _output.Flush();
        using var process = TryStart(command);
        if (process is null)
        {
            return;
        }

        using var bytes = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(bytes);
        process.WaitForExit();
        _output.Text("syscall", bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        if (process.ExitCode != 0)
        {
            _output.Complaint(Severity.Error, null, string.Create(CultureInfo.InvariantCulture, $"command exited with code {process.ExitCode}"));
        }
    }

    Process? TryStart(string command)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true });
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            _output.Complaint(Severity.Error, null, string.Create(CultureInfo.InvariantCulture, $"system() cannot start /bin/sh: error {exception.NativeErrorCode}"));
            return null;
        }
    }
}
