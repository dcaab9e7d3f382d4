using System.Buffers.Binary;
using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Scripts.Sinks;
using Sonde.Linux;
using Sonde.Script;

namespace Sonde.Engine.Scripts.Session;

/// <summary>The files a script writes packets into. For one thread.</summary>
sealed class PacketFiles : IDisposable
{
    /// <summary>When (8 bytes), the packet's length, how many bytes follow (8 each).</summary>
    const int HeaderBytes = 24;

    readonly Dictionary<string, PcapFile> _files = [];
    readonly Dictionary<string, long> _missing = [];
    readonly long _bootToRealNs = (long)(Clock.RealTimeNs - Clock.BootTimeNs);

    /// <summary>Makes the files, empty.</summary>
    /// <param name="script">Its actions name them.</param>
    /// <exception cref="UserErrorException">One cannot be written.</exception>
    public PacketFiles(CompiledScript script)
    {
        foreach (var path in script.Actions.Where(action => action.Kind == ActionKind.Packet).Select(action => action.Format).Distinct())
        {
            try
            {
                _files.Add(path, new PcapFile(path));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
            {
                Dispose();
                throw new UserErrorException($"skboutput() cannot write '{Escape.Text(path)}': {FileError.Describe(exception)}");
            }
        }
    }

    /// <summary>Told once of each file that cannot be written any more, while the script goes on.</summary>
    public Action<string>? Failed { get; set; }

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
        catch (IOException exception)
        {
            GiveUp(action.Format, exception, lost: 1);
        }

        return true;
    }

    /// <summary>Lets others read what has come so far.</summary>
    public void Flush()
    {
        foreach (var (path, file) in _files)
        {
            try
            {
                file.Flush();
            }
            catch (IOException exception)
            {
                GiveUp(path, exception, lost: 0);
                return;
            }
        }
    }

    /// <summary>How many packets came after their file could not be written any more, in words.</summary>
    public IEnumerable<string> Missing() => _missing.Where(file => file.Value > 0)
        .Select(file => string.Create(CultureInfo.InvariantCulture, $"{file.Value} packets are not in '{Escape.Text(file.Key)}', which could not be written"));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            Close(file);
        }

        _files.Clear();
    }

    void GiveUp(string path, IOException problem, long lost)
    {
        _missing[path] = _missing.GetValueOrDefault(path) + lost;
        if (_files.Remove(path, out var file))
        {
            Close(file);
            Failed?.Invoke($"WARNING: skboutput() cannot write '{Escape.Text(path)}' any more: {FileError.Describe(problem)}");
        }
    }

    static void Close(PcapFile file)
    {
        try
        {
            file.Dispose();
        }
        catch (IOException)
        {
            // What could not be written was told before.
        }
    }
}
