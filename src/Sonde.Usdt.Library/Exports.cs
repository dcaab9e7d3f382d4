using System.Runtime.InteropServices;

namespace Sonde.Usdt.Library;

/// <summary>The functions of <c>sonde_usdt.h</c>, where it is told what they do. None lets an exception out.</summary>
static unsafe class Exports
{
    const int MostArguments = 12;

    static readonly Lock _gate = new();

    [UnmanagedCallersOnly(EntryPoint = "providerInit")]
    public static SdtProvider* ProviderInit(byte* name) => name == null ? null : ProviderMemory.NewProvider(name);

    [UnmanagedCallersOnly(EntryPoint = "providerUseMemfd")]
    public static int ProviderUseMemfd(SdtProvider* provider, int use)
    {
        if (provider == null)
        {
            return -1;
        }

        provider->UsesMemoryFile = use;
        return 0;
    }

    /// <summary>Declared with "…" after the count; the kinds are ints in the registers and on the stack, as these parameters are.</summary>
    [UnmanagedCallersOnly(EntryPoint = "providerAddProbe")]
    public static SdtProbe* ProviderAddProbe(
        SdtProvider* provider, byte* name, int count, long kind1, long kind2, long kind3, long kind4, long kind5, long kind6, long kind7, long kind8, long kind9, long kind10, long kind11, long kind12)
    {
        if (provider == null || name == null)
        {
            return null;
        }

        lock (_gate)
        {
            ReadOnlySpan<long> passed = [kind1, kind2, kind3, kind4, kind5, kind6, kind7, kind8, kind9, kind10, kind11, kind12];
            Span<int> kinds = stackalloc int[MostArguments];
            if (provider->Handle != 0)
            {
                ProviderMemory.SetError(provider, SdtError.ElfCreation, $"probe '{ProviderMemory.Text(name)}' cannot be added while its provider is loaded; unload it first");
                return null;
            }

            if (count is < 0 or > MostArguments)
            {
                ProviderMemory.SetError(provider, SdtError.ElfCreation, $"probe '{ProviderMemory.Text(name)}' cannot have {count} arguments; 0 to {MostArguments} it can");
                return null;
            }

            for (var i = 0; i < count; i++)
            {
                kinds[i] = (int)passed[i];
                if (kinds[i] != 0 && !Enum.IsDefined((UsdtArgument)kinds[i]))
                {
                    ProviderMemory.SetError(provider, SdtError.ElfCreation, $"argument {i + 1} of probe '{ProviderMemory.Text(name)}' is of type {kinds[i]}, which is none of ArgType_t");
                    return null;
                }
            }

            return ProviderMemory.NewProbe(provider, name, kinds[..count]);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "probeNameArguments")]
    public static int ProbeNameArguments(SdtProbe* probe, byte* names)
    {
        if (probe == null || names == null)
        {
            return -1;
        }

        lock (_gate)
        {
            ProviderMemory.SetArgumentNames((SdtProbeNode*)probe, names);
            return 0;
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "providerLoad")]
    public static int ProviderLoad(SdtProvider* provider) => Try(provider, &ProviderLoader.Load, SdtError.SharedLibraryOpen);

    [UnmanagedCallersOnly(EntryPoint = "providerUnload")]
    public static int ProviderUnload(SdtProvider* provider) => Try(provider, &ProviderLoader.Unload, SdtError.SharedLibraryClose);

    [UnmanagedCallersOnly(EntryPoint = "providerDestroy")]
    public static void ProviderDestroy(SdtProvider* provider)
    {
        // What cannot be unloaded stays mapped, and harmless; the caller's memory goes all the same.
        _ = Try(provider, &ProviderLoader.Unload, SdtError.SharedLibraryClose);
        if (provider != null)
        {
            ProviderMemory.Free(provider);
        }
    }

    [UnmanagedCallersOnly(EntryPoint = "probeIsEnabled")]
    public static int ProbeIsEnabled(SdtProbe* probe) => probe != null && *((SdtProbeNode*)probe)->Semaphore != 0 ? 1 : 0;

    /// <summary>Declared with "…" after the probe: <see cref="FiringArguments"/> tells why these are the arguments.</summary>
    [UnmanagedCallersOnly(EntryPoint = "probeFire")]
    public static void ProbeFire(
        SdtProbe* probe, long integer1, long integer2, long integer3, long integer4, long integer5, long integer6, long integer7, long integer8, long integer9, long integer10,
        long integer11, long integer12, double float1, double float2, double float3, double float4, double float5, double float6, double float7, double float8)
    {
        if (probe == null || probe->Fire == null)
        {
            return;
        }

        Span<long> words = stackalloc long[MostArguments];
        FiringArguments.Gather(
            (SdtProbeNode*)probe,
            [integer1, integer2, integer3, integer4, integer5, integer6, integer7, integer8, integer9, integer10, integer11, integer12],
            [float1, float2, float3, float4, float5, float6, float7, float8],
            words);
        Call(probe, words);
    }

    /// <summary>The same with the arguments' words in an array, for callers that cannot call functions with "…".</summary>
    [UnmanagedCallersOnly(EntryPoint = "probeFireArray")]
    public static void ProbeFireArray(SdtProbe* probe, long* arguments)
    {
        if (probe == null || probe->Fire == null)
        {
            return;
        }

        Span<long> words = stackalloc long[MostArguments];
        words.Clear();
        new ReadOnlySpan<long>(arguments, arguments == null ? 0 : probe->ArgumentCount).CopyTo(words);
        Call(probe, words);
    }

    /// <summary>As libstapsdt does, whether or not a tracer has raised the semaphore: some attach without.</summary>
    static void Call(SdtProbe* probe, ReadOnlySpan<long> words)
    {
        var stub = (delegate* unmanaged<long, long, long, long, long, long, long, long, long, long, long, long, void>)probe->Fire;
        if (stub != null)
        {
            stub(words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7], words[8], words[9], words[10], words[11]);
        }
    }

    static int Try(SdtProvider* provider, delegate*<SdtProvider*, void> act, SdtError error)
    {
        if (provider == null)
        {
            return -1;
        }

        lock (_gate)
        {
            try
            {
                act(provider);
                return 0;
            }
            catch (Exception exception)
            {
                ProviderMemory.SetError(provider, error, exception.Message);
                return -1;
            }
        }
    }
}
