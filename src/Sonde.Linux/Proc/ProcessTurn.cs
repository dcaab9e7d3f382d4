namespace Sonde.Linux;

/// <summary>A turn at a process, which one holder at a time can have, in this program and in others: a lock (flock(2)) on a file of the process's that only those can open who may look into it.</summary>
/// <remarks>The kernel lets go of it when its holder ends, however that happens, and it leaves nothing behind. Holders that see another /proc (another pid namespace's) are not kept out.</remarks>
public sealed class ProcessTurn : IDisposable
{
    const int LockExclusively = 2, LockWithoutWaiting = 4;

    readonly FileDescriptor? _file;

    ProcessTurn(FileDescriptor? file) => _file = file;

    /// <summary>Takes the turn, unless somebody else has it.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="turn">The turn, to be disposed. Where there is no such process, or it may not be looked into, one that means nothing: whoever then tries will be told why.</param>
    public static bool TryTake(int pid, out ProcessTurn? turn)
    {
        turn = null;
        var opened = FileDescriptor.TryOpen($"/proc/{pid}/environ");
        if (opened.Failed)
        {
            turn = new ProcessTurn(null);
            return true;
        }

        var file = opened.CheckDescriptor($"opening /proc/{pid}/environ");
        var locked = Libc.Result(Libc.Lock(file.Number, LockExclusively | LockWithoutWaiting));
        if (locked.Errno == Errno.EAGAIN)
        {
            file.Dispose();
            return false;
        }

        turn = new ProcessTurn(file);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();
}
