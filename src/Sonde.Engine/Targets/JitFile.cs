using System.Globalization;
using Sonde.Linux;
using Sonde.Symbols.Jit;

namespace Sonde.Engine.Targets;

/// <summary>A file in which a just-in-time compiler tells of its functions, read as it grows.</summary>
/// <param name="pid">The process.</param>
/// <param name="started">When it started: another may have its number when it is gone.</param>
/// <param name="path">The file's path, as the process sees it.</param>
/// <param name="owners">Whose file is believed.</param>
/// <param name="isDump">Whether it is a JIT dump, and not a map.</param>
sealed class JitFile(int pid, ulong started, string path, uint[] owners, bool isDump)
{
    /// <summary>What was read last is compared: a file may be written anew. One of the same length has been when it was changed since.</summary>
    const int MarkBytes = 64;

    byte[] _mark = [];
    long _markAt;
    long _modifiedNs;
    NamespaceFile _identity;
    PerfMapReader? _map;
    JitDumpReader? _dump;

    /// <summary>The file's path, as the process sees it.</summary>
    public string Path => path;

    /// <summary>The functions it tells of.</summary>
    public JitFunctions Functions { get; private set; } = new();

    /// <summary>What of it could not be taken; null when all was.</summary>
    public string? Problem => _dump?.Problem is { } problem ? $"{path}: {problem}; what follows is not read"
        : Functions.Skipped > 0 ? string.Create(CultureInfo.InvariantCulture, $"{path}: {Functions.Skipped} functions were left out, since there are too many")
        : (_map?.Malformed ?? 0) + (_dump?.Malformed ?? 0) is > 0 and var malformed ? string.Create(CultureInfo.InvariantCulture, $"{path}: {malformed} entries made no sense and were left out")
        : null;

    /// <summary>Reads what is new; keeps what it has when the file is gone, or is not to be believed.</summary>
    public void ReadMore()
    {
        using var file = Open(out var length, out var modifiedNs);
        if (file is null)
        {
            return;
        }

        int Read(long offset, Span<byte> destination)
        {
            var filled = 0;
            while (filled < destination.Length && file.Read(destination[filled..], offset + filled) is { Raw: > 0 } read)
            {
                filled += (int)read.Raw;
            }

            return filled;
        }

        var again = new byte[_mark.Length];
        var isAsLong = length == _markAt + _mark.Length;
        if ((_map is null && _dump is null) || (isAsLong && modifiedNs != _modifiedNs) || length < _markAt + _mark.Length || Read(_markAt, again) != again.Length || !again.AsSpan().SequenceEqual(_mark))
        {
            Functions = new();
            _map = isDump ? null : new PerfMapReader(Functions);
            _dump = isDump ? new JitDumpReader(Functions) : null;
        }
        else if (isAsLong && _map is not { HasMore: true })
        {
            return;
        }

        _map?.ReadMore(Read, length);
        _dump?.ReadMore(Read, length);
        _markAt = Math.Max(0, length - MarkBytes);
        _mark = new byte[length - _markAt];
        _mark = _mark[..Read(_markAt, _mark)];
        _modifiedNs = modifiedNs;
    }

    /// <summary>The file as the process sees it or, when the process is gone, the very same file where we see it.</summary>
    FileDescriptor? Open(out long length, out long modifiedNs)
    {
        modifiedNs = 0;
        var isThere = ProcFs.TryReadStat(pid, out var stat) && stat.StartTimeTicks == started;
        // In a directory that all write to, a link is anybody's, and leads to files of others.
        var file = RootedFile.TryOpen(isThere ? pid : 0, path, out length, followsLast: false);
        if (file is null)
        {
            return null;
        }

        if (NamespaceFile.TryRead(file.ProcPath, out var identity) && (isThere || identity == _identity)
            && FileStatus.TryRead(file.ProcPath, followsLinks: true, out var status) && Array.IndexOf(owners, status.User) >= 0)
        {
            if (identity != _identity)
            {
                (_identity, _map, _dump) = (identity, null, null);
            }

            modifiedNs = status.ModifiedNs;
            return file;
        }

        file.Dispose();
        return null;
    }
}
