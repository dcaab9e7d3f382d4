using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>Waits until one of several descriptors has something to read, and can be woken from another thread.</summary>
/// <remarks><see cref="Wait"/> is for one thread at a time; <see cref="Wake"/> may be called from any.</remarks>
public sealed unsafe class Epoll : IDisposable
{
    const int CloseOnExec = 0x80000;
    const int NonBlocking = 0x800;
    const int Add = 1;
    const int Delete = 2;
    const uint Readable = 1;
    const int WakeKey = -1;
    const int Capacity = 64;

    readonly FileDescriptor _epoll;
    readonly FileDescriptor _wake;
    readonly byte[] _events = new byte[Capacity * EventSize];

    /// <summary>Creates an empty set.</summary>
    /// <exception cref="LinuxException">No descriptor is left.</exception>
    public Epoll()
    {
        _epoll = Libc.Result(Libc.EpollCreate(CloseOnExec)).CheckDescriptor("epoll_create1");
        try
        {
            _wake = Libc.Result(Libc.EventDescriptor(0, CloseOnExec | NonBlocking)).CheckDescriptor("eventfd");
        }
        catch
        {
            _epoll.Dispose();
            throw;
        }

        Watch(_wake, WakeKey);
    }

    /// <summary>The kernel packs <c>struct epoll_event</c> on x86-64 only (include/uapi/linux/eventpoll.h).</summary>
    static int EventSize { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    static int KeyOffset => EventSize - sizeof(long);

    /// <summary>Reports <paramref name="key"/>, which is 0 or more, whenever <paramref name="descriptor"/> is readable.</summary>
    public void Watch(FileDescriptor descriptor, int key)
    {
        byte* registration = stackalloc byte[16];
        *(uint*)registration = Readable;
        *(long*)(registration + KeyOffset) = key;
        Libc.Result(Libc.EpollControl(_epoll.Number, Add, descriptor.Number, registration)).Check("epoll_ctl(EPOLL_CTL_ADD)");
        GC.KeepAlive(descriptor);
    }

    /// <summary>Stops reporting <paramref name="descriptor"/>.</summary>
    public void Forget(FileDescriptor descriptor)
    {
        byte* registration = stackalloc byte[16];
        Libc.Result(Libc.EpollControl(_epoll.Number, Delete, descriptor.Number, registration)).Check("epoll_ctl(EPOLL_CTL_DEL)");
        GC.KeepAlive(descriptor);
    }

    /// <summary>Makes the present or the next <see cref="Wait"/> return; nothing once the set is closed.</summary>
    public void Wake()
    {
        // Held, so that a close meanwhile waits: else its number might be another file's by the time it is written to.
        var isHeld = false;
        try
        {
            _wake.DangerousAddRef(ref isHeld);
            ulong one = 1;
            // EAGAIN means that the counter is full, so the waiter is awake already.
            _ = Libc.Write((int)_wake.DangerousGetHandle(), &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Nobody waits any more.
        }
        finally
        {
            if (isHeld)
            {
                _wake.DangerousRelease();
            }
        }
    }

    /// <summary>Waits until a descriptor is readable, <see cref="Wake"/> is called, or the time is over.</summary>
    /// <param name="keys">Filled with the keys of readable descriptors.</param>
    /// <param name="timeout"><see cref="Timeout.InfiniteTimeSpan"/> waits for ever.</param>
    /// <returns>The number of keys; 0 after a wake, a signal or when time is over.</returns>
    /// <exception cref="LinuxException">The set was closed.</exception>
    public int Wait(Span<int> keys, TimeSpan timeout)
    {
        double milliseconds = Math.Ceiling(timeout.TotalMilliseconds);
        int timeoutMs = milliseconds < 0 ? -1 : (int)Math.Min(milliseconds, int.MaxValue);
        fixed (byte* events = _events)
        {
            // One place more than asked for, so that the wake descriptor never displaces a key for good.
            SystemResult result = Libc.Result(Libc.EpollWait(_epoll.Number, events, Math.Min(Capacity, keys.Length + 1), timeoutMs));
            if (result.Errno == Errno.EINTR)
            {
                return 0;
            }

            int ready = (int)result.Check("epoll_wait");
            int count = 0;
            for (int i = 0; i < ready; i++)
            {
                int key = (int)*(long*)(events + i * EventSize + KeyOffset);
                if (key == WakeKey)
                {
                    ulong discarded = 0;
                    _ = _wake.Read(MemoryMarshal.AsBytes(new Span<ulong>(ref discarded)));
                }
                else if (count < keys.Length)
                {
                    keys[count++] = key;
                }
            }

            return count;
        }
    }

    /// <summary>Closes the set; the watched descriptors stay open.</summary>
    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }
}
