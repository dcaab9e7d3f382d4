using System.Runtime.InteropServices;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Bpf;

/// <summary>A function of the C library that nothing but a test calls: the place to attach to in this very process.</summary>
static class LibcFunction
{
    const string Name = "lldiv";

    static readonly nint _address = NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), Name);

    static readonly Divide _divide = Marshal.GetDelegateForFunctionPointer<Divide>(_address);

    delegate nint Divide(long numerator, long denominator);

    internal static string Path => Mapping.Path;

    internal static ulong Offset => (ulong)_address - Mapping.Start + Mapping.Offset;

    static ProcMapping Mapping { get; } = Find();

    internal static void Call(long numerator, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            _divide(numerator + i, 1);
        }
    }

    static ProcMapping Find()
    {
        Assert.True(ProcFs.TryReadMaps(Environment.ProcessId, out List<ProcMapping> maps));
        return maps.Single(m => m.Contains((ulong)_address));
    }
}
