using System.Runtime.InteropServices;

namespace Sonde.Usdt.Native;

/// <summary>A probe's semaphore and stub in this process's memory.</summary>
/// <param name="semaphore">Two bytes; the kernel keeps the number of tracers there.</param>
/// <param name="stub">The code to call.</param>
sealed unsafe class Site(nint semaphore, nint stub)
{
    /// <summary>The semaphore of probes that are not loaded: always zero.</summary>
    static readonly nint _nobody = (nint)NativeMemory.AllocZeroed(sizeof(ushort));

    readonly ushort* _semaphore = (ushort*)semaphore;
    readonly delegate* unmanaged<long, long, long, long, long, long, long, long, long, long, long, long, void> _stub =
        (delegate* unmanaged<long, long, long, long, long, long, long, long, long, long, long, long, void>)stub;

    /// <summary>The site of a probe that is not loaded; nobody can listen there, so it is never called.</summary>
    public static Site Unloaded { get; } = new(_nobody, 0);

    /// <summary>The address of its semaphore.</summary>
    public nint Semaphore => (nint)_semaphore;

    /// <summary>The address of its stub; 0 for a probe that is not loaded.</summary>
    public nint Stub => (nint)_stub;

    /// <summary>Whether a tracer is attached.</summary>
    public bool IsEnabled => *_semaphore != 0;

    /// <summary>Passes the arguments by the probe; every firing passes twelve, tracers read those the probe has.</summary>
    public void Fire(long* arguments)
    {
        if (_stub != null)
        {
            _stub(
                arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5],
                arguments[6], arguments[7], arguments[8], arguments[9], arguments[10], arguments[11]);
        }
    }
}
