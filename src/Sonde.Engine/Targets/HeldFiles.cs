using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>Files that processes mapped, kept open so that they can still be read when the process and its mount namespace are gone: a small number, the longest held go first.</summary>
/// <remarks>Any number of threads may use one.</remarks>
sealed class HeldFiles : IDisposable
{
    const int MostFiles = 128;

    readonly Lock _lock = new();
    readonly Dictionary<(uint Device, ulong Inode, string Path), FileDescriptor> _files = [];
    readonly Queue<(uint Device, ulong Inode, string Path)> _order = [];
    bool _isClosed;

    /// <summary>Holds the file behind a mapping of a process that runs; nothing when it is held, or cannot be opened.</summary>
    public void Hold(int pid, in ProcMapping mapping)
    {
        var key = (mapping.Device, mapping.Inode, mapping.Path);
        lock (_lock)
        {
            if (_isClosed || _files.ContainsKey(key))
            {
                return;
            }

            FileDescriptor file;
            try
            {
                file = MappedImage.OpenFile(pid, mapping);
            }
            catch (LinuxException)
            {
                // The process has ended already: what is left is the path.
                return;
            }

            if (_files.Count >= MostFiles && _files.Remove(_order.Dequeue(), out var oldest))
            {
                oldest.Dispose();
            }

            _files.Add(key, file);
            _order.Enqueue(key);
        }
    }

    /// <summary>Opens the file behind a mapping once more; null when it is not held.</summary>
    public FileDescriptor? TryOpen(in ProcMapping mapping)
    {
        lock (_lock)
        {
            return !_isClosed && _files.TryGetValue((mapping.Device, mapping.Inode, mapping.Path), out var file) && FileDescriptor.TryOpen(file.ProcPath) is { Failed: false } opened
                ? new FileDescriptor((int)opened.Raw)
                : null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            foreach (var file in _files.Values)
            {
                file.Dispose();
            }

            _files.Clear();
        }
    }
}
