using System.Buffers.Binary;
using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Sinks;
using Sonde.Linux;
using Sonde.Script;

namespace Sonde.Engine.Scripts.Session;

/// <summary>The files a script writes packets into, which keep what they held before until <see cref="Begin"/>. For one thread.</summary>
sealed class PacketFiles : IDisposable
{
    /// <summary>When (8 bytes), the packet's length, how many bytes follow (8 each).</summary>
    const int HeaderBytes = 24;

    readonly Dictionary<string, OutputFile> _opened = [];
    readonly Dictionary<string, PcapFile> _files = [];
    readonly Dictionary<string, long> _missing = [];
    readonly long _bootToRealNs = (long)(Clock.RealTimeNs - Clock.BootTimeNs);

    /// <summary>Opens the files, or makes them.</summary>
    /// <param name="script">Its actions name them.</param>
    /// <exception cref="UserErrorException">One cannot be written.</exception>
    public PacketFiles(CompiledScript script)
    {
        foreach (var path in script.Actions.Where(action => action.Kind == ActionKind.Packet).Select(action => action.Format).Distinct())
        {
            try
            {
                _opened.Add(path, OutputFile.OpenOrFail(path));
            }
            catch (Exception exception) when (FileError.IsOne(exception))
            {
                Dispose();
                throw Unwritable(path, exception);
            }
        }
    }

    /// <summary>Told once of each file that cannot be written any more, while the script goes on.</summary>
    public Action<string>? Failed { get; set; }

    /// <summary>Empties the files: packets may come from now on.</summary>
    /// <exception cref="UserErrorException">One cannot be written.</exception>
    public void Begin()
    {
        foreach (var (path, file) in _opened)
        {
            try
            {
                _files.Add(path, new PcapFile(file.Begin()));
            }
            catch (Exception exception) when (FileError.IsOne(exception))
            {
                throw Unwritable(path, exception);
            }
        }
    }

    /// <summary>Appends a packet; whether the record made sense.</summary>
    public bool Write(ScriptAction action, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < HeaderBytes)
        {
            return false;
        }

        var time = BinaryPrimitives.ReadInt64LittleEndian(payload);
        var length = BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]);
        var sent = BinaryPrimitives.ReadUInt64LittleEndian(payload[16..]);
        if (sent > (ulong)(payload.Length - HeaderBytes) || length < sent || length > int.MaxValue)
        {
            return false;
        }

        if (!_files.TryGetValue(action.Format, out var file))
        {
            _missing[action.Format] = _missing.GetValueOrDefault(action.Format) + 1;
            return true;
        }

        // Perf buffers fill records up to multiples of 8 bytes: what counts is what was told.
        var packet = payload.Slice(HeaderBytes, (int)sent);
        var skipped = Math.Min(action.SkippedBytes, packet.Length);
        try
        {
            file.Write(unchecked(time + _bootToRealNs), packet[skipped..], (int)length - skipped);
        }
        catch (Exception exception) when (FileError.IsOne(exception))
        {
            Failed?.Invoke(GiveUp(action.Format, file, exception));
        }

        return true;
    }

    /// <summary>Lets others read what has come so far.</summary>
    public void Flush()
    {
        if (_files.Count == 0)
        {
            return;
        }

        List<string> failures = [];
        foreach (var (path, file) in _files.ToArray())
        {
            try
            {
                file.Flush();
            }
            catch (Exception exception) when (FileError.IsOne(exception))
            {
                failures.Add(GiveUp(path, file, exception));
            }
        }

        // Telling may fail too, and no file is to wait for it.
        failures.ForEach(failure => Failed?.Invoke(failure));
    }

    /// <summary>How many packets are in no file because theirs could not be written, in words.</summary>
    public IEnumerable<string> Missing() => _missing.Where(file => file.Value > 0)
        .Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Value} packets are not in '{Escape.Text(file.Key)}', which could not be written"));

    /// <inheritdoc/>
    public void Dispose()
    {
        try
        {
            Flush();
        }
        finally
        {
            foreach (var file in _files.Values.Concat<IDisposable>(_opened.Values))
            {
                file.Dispose();
            }

            _files.Clear();
            _opened.Clear();
        }
    }

    /// <summary>Writes no more to a file; what is told of it.</summary>
    string GiveUp(string path, PcapFile file, Exception problem)
    {
        _missing[path] = _missing.GetValueOrDefault(path) + file.Waiting;
        _ = _files.Remove(path);
        file.Dispose();
        return $"WARNING: skboutput() cannot write '{Escape.Text(path)}' any more: {FileError.Describe(problem)}";
    }

    static UserErrorException Unwritable(string path, Exception problem) => new($"skboutput() cannot write '{Escape.Text(path)}': {FileError.Describe(problem)}");
}
