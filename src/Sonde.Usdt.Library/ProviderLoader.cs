using System.Runtime.InteropServices;

namespace Sonde.Usdt.Library;

/// <summary>Makes a <see cref="UsdtProvider"/> of what a caller has put together, and takes it away again.</summary>
static unsafe class ProviderLoader
{
    public static void Load(SdtProvider* provider)
    {
        if (provider->Handle != 0)
        {
            return;
        }

        var options = new UsdtProviderOptions { Directory = provider->UsesMemoryFile != 0 ? null : Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } directory ? directory : "/tmp" };
        var loaded = new UsdtProvider(ProviderMemory.Text(provider->Name), options);
        try
        {
            var nodes = new List<nint>();
            for (var node = provider->Probes; node != null; node = node->Next)
            {
                nodes.Add((nint)node);
            }

            // The list has the last one first.
            nodes.Reverse();
            var probes = nodes.ConvertAll(node => Add(loaded, (SdtProbeNode*)node));
            loaded.Load();
            for (var i = 0; i < nodes.Count; i++)
            {
                var node = (SdtProbeNode*)nodes[i];
                node->Semaphore = (ushort*)probes[i].Site.Semaphore;
                node->Probe.Fire = (void*)probes[i].Site.Stub;
            }
        }
        catch
        {
            loaded.Dispose();
            throw;
        }

        ProviderMemory.SetFileName(provider, loaded.Path);
        provider->Handle = GCHandle.ToIntPtr(GCHandle.Alloc(loaded));
    }

    public static void Unload(SdtProvider* provider)
    {
        if (provider->Handle == 0)
        {
            return;
        }

        for (var node = provider->Probes; node != null; node = node->Next)
        {
            ProviderMemory.Reset(node);
        }

        var handle = GCHandle.FromIntPtr(provider->Handle);
        ((UsdtProvider)handle.Target!).Dispose();
        handle.Free();
        provider->Handle = 0;
        ProviderMemory.SetFileName(provider, null);
    }

    static UntypedProbe Add(UsdtProvider provider, SdtProbeNode* node)
    {
        var kinds = new List<UsdtArgument>();
        for (var i = 0; i < node->Probe.ArgumentCount; i++)
        {
            // A place that is passed and not used is still a place.
            kinds.Add(node->Kinds[i] == 0 ? UsdtArgument.UInt64 : (UsdtArgument)node->Kinds[i]);
        }

        string[] names = node->ArgumentNames == null ? [] : ProviderMemory.Text(node->ArgumentNames).Split(',', StringSplitOptions.TrimEntries);
        return provider.AddProbe(ProviderMemory.Text(node->Probe.Name), kinds, names);
    }
}
