using Sonde.Linux;

namespace Sonde.Engine.Targets;

/// <summary>Files that processes mapped, kept open so that they can still be read when the process and its mount namespace are gone: a small number; those that nobody mapped for the longest go first.</summary>
/// <remarks>Any number of threads may use one.</remarks>
sealed class HeldFiles : IDisposable
{
    const int MostFiles = 128;

    readonly Lock _lock = new();
    readonly Dictionary<(uint Device, ulong Inode, string Path), LinkedListNode<Held>> _files = [];
    readonly LinkedList<Held> _order = [];
    bool _isClosed;

    /// <summary>Holds the file behind a mapping of a process that runs; nothing when it is held, or cannot be opened.</summary>
    public void Hold(int pid, in ProcMapping mapping)
    {
        var key = (mapping.Device, mapping.Inode, mapping.Path);
        lock (_lock)
        {
            if (_isClosed)
            {
                return;
            }

            if (_files.TryGetValue(key, out var held))
            {
                _order.Remove(held);
                _order.AddLast(held);
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

            if (_files.Count >= MostFiles && _order.First is { Value: var oldest })
            {
                _order.RemoveFirst();
                _files.Remove(oldest.Key);
                oldest.File.Dispose();
            }

            _files.Add(key, _order.AddLast(new Held(key, file)));
        }
    }

    /// <summary>Opens the file behind a mapping once more; null when it is not held.</summary>
    public FileDescriptor? TryOpen(in ProcMapping mapping)
    {
        lock (_lock)
        {
            return !_isClosed && _files.TryGetValue((mapping.Device, mapping.Inode, mapping.Path), out var held) && FileDescriptor.TryOpen(held.Value.File.ProcPath) is { Failed: false } opened
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
            foreach (var held in _order)
            {
                held.File.Dispose();
            }

            _files.Clear();
            _order.Clear();
        }
    }

    sealed record Held((uint Device, ulong Inode, string Path) Key, FileDescriptor File);
}
