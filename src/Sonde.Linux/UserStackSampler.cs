using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>A copy of a running thread's registers and the inner end of its stack, taken at one moment.</summary>
/// <param name="Registers">rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, rip: the order of DWARF (System V ABI for AMD64, figure 3.36).</param>
/// <param name="Stack">The stack from rsp on.</param>
/// <param name="IsCut">Whether the stack may be longer than the copy.</param>
public sealed record UserStackSample(IReadOnlyList<ulong> Registers, ReadOnlyMemory<byte> Stack, bool IsCut);

/// <summary>Has the kernel copy a thread's registers and stack while it runs, without stopping it: one sample of the CPU clock (perf_event_open(2)). x86-64 only.</summary>
/// <remarks>Works for the thread's owner where <c>kernel.perf_event_paranoid</c> is 2 or less. A thread that does not run gives no sample. Not for concurrent use.</remarks>
public sealed unsafe class UserStackSampler : IDisposable
{
    const int Software = 1; // PERF_TYPE_SOFTWARE; PERF_COUNT_SW_CPU_CLOCK is 0
    const ulong SampleUserRegisters = 1 << 12; // PERF_SAMPLE_REGS_USER
    const ulong SampleUserStack = 1 << 13; // PERF_SAMPLE_STACK_USER

    /// <summary>The most a record has room for besides the rest; the kernel shortens it to fit.</summary>
    const int MostStackBytes = 65_528 - 256;

    /// <summary>ax, bx, cx, dx, si, di, bp, sp, ip, then r8 to r15.</summary>
    const ulong RegisterMask = 0xff01ff;
    const ulong IntervalNs = 50_000;
    const int DataBytes = 128 << 10;

    /// <summary>Where a sample's registers, in order of their bits, are in the order of DWARF.</summary>
    static readonly byte[] _order = [0, 3, 2, 1, 4, 5, 6, 7, 16, 8, 9, 10, 11, 12, 13, 14, 15];

    readonly PerfRing _ring;

    UserStackSampler(PerfRing ring) => _ring = ring;

    /// <summary>Opens an event on a thread; it is off until <see cref="TryTake"/>.</summary>
    /// <returns>Why not: EACCES and EPERM for missing rights, ESRCH when there is no such thread.</returns>
    public static SystemResult TryOpen(int tid, out UserStackSampler? sampler)
    {
        sampler = null;
        var attributes = new PerfEventAttributes
        {
            Type = Software,
            Sample = IntervalNs,
            SampleType = SampleUserRegisters | SampleUserStack,
            SampleUserRegisters = RegisterMask,
            SampleUserStackBytes = MostStackBytes,
            WakeupEvents = 1,
            Disabled = true,
        };
        var result = PerfEvent.Open(attributes, tid, -1);
        if (result.Errno is Errno.EACCES or Errno.EPERM)
        {
            result = PerfEvent.Open(attributes with { ExcludeKernel = true }, tid, -1);
        }

        if (result.Failed)
        {
            return result;
        }

        try
        {
            sampler = new UserStackSampler(new PerfRing(new FileDescriptor((int)result.Raw), DataBytes));
        }
        catch (LinuxException exception)
        {
            return new SystemResult(-(int)exception.Errno);
        }

        return result;
    }

    /// <summary>Waits for a sample.</summary>
    /// <param name="timeout">For how long.</param>
    /// <returns>Null when the thread did not run in that time.</returns>
    public UserStackSample? TryTake(TimeSpan timeout)
    {
        _ring.Skip();
        if (PerfEvent.Refresh(_ring.Event, 1).Failed)
        {
            return null;
        }

        const int readable = 1;
        var request = stackalloc int[2] { _ring.Event.Number, readable };
        _ = Libc.Poll(request, 1, (int)Math.Clamp(timeout.TotalMilliseconds, 0, int.MaxValue));
        PerfEvent.Disable(_ring.Event);
        return Read();
    }

    /// <summary>Closes the event.</summary>
    public void Dispose() => _ring.Dispose();

    UserStackSample? Read()
    {
        UserStackSample? sample = null;
        _ring.Drain((type, _, record) =>
        {
            sample = type == PerfRing.SampleRecord ? Parse(record) : null;
            return type != PerfRing.SampleRecord;
        });
        return sample;
    }

    /// <summary>The ABI of the registers (8), the registers, how many bytes of stack (8), the stack, how many of those are filled (8).</summary>
    static UserStackSample? Parse(ReadOnlySpan<byte> record)
    {
        const ulong abi64 = 2;
        var registersEnd = 8 + 8 * _order.Length;
        if (record.Length < registersEnd + 8 || MemoryMarshal.Read<ulong>(record) != abi64)
        {
            return null;
        }

        var registers = new ulong[_order.Length];
        for (var i = 0; i < _order.Length; i++)
        {
            registers[_order[i]] = MemoryMarshal.Read<ulong>(record[(8 + 8 * i)..]);
        }

        var size = MemoryMarshal.Read<ulong>(record[registersEnd..]);
        if (size == 0 || size > (ulong)(record.Length - registersEnd - 16))
        {
            return new UserStackSample(registers, default, IsCut: true);
        }

        var filled = Math.Min(MemoryMarshal.Read<ulong>(record[(registersEnd + 8 + (int)size)..]), size);
        return new UserStackSample(registers, record.Slice(registersEnd + 8, (int)filled).ToArray(), IsCut: filled == size);
    }
}
