using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Usdt.Library;

/// <summary>The structures that callers hold, in memory of the C library's: made, told of errors, freed.</summary>
static unsafe class ProviderMemory
{
    /// <summary>What a probe that is not loaded has for a semaphore: always zero.</summary>
    static readonly ushort* _nobody = (ushort*)NativeMemory.AllocZeroed(sizeof(ushort));

    public static SdtProvider* NewProvider(byte* name)
    {
        var provider = (SdtProvider*)NativeMemory.AllocZeroed((nuint)sizeof(SdtProvider));
        provider->Name = Copy(name);
        provider->Error = SdtError.None;
        provider->MemoryFile = -1;
        provider->UsesMemoryFile = 1;
        return provider;
    }

    /// <summary>A probe at the head of its provider's list, where libstapsdt puts it too.</summary>
    public static SdtProbe* NewProbe(SdtProvider* provider, byte* name, ReadOnlySpan<int> formats)
    {
        var node = (SdtProbeNode*)NativeMemory.AllocZeroed((nuint)sizeof(SdtProbeNode));
        node->Probe.Name = Copy(name);
        node->Probe.Provider = provider;
        node->Probe.ArgumentCount = formats.Length;
        for (var i = 0; i < formats.Length; i++)
        {
            node->Kinds[i] = (sbyte)formats[i];
            if (i < SdtProbe.ShownArguments)
            {
                node->Probe.Formats[i] = formats[i];
            }
        }

        Reset(node);
        node->Next = provider->Probes;
        provider->Probes = node;
        return &node->Probe;
    }

    /// <summary>Makes a probe one that is not loaded.</summary>
    public static void Reset(SdtProbeNode* node)
    {
        node->Probe.Fire = null;
        node->Semaphore = _nobody;
    }

    /// <summary>Tells the caller what went wrong; the text lives until the next error, or as long as the provider.</summary>
    public static void SetError(SdtProvider* provider, SdtError error, string text)
    {
        NativeMemory.Free(provider->ErrorText);
        provider->ErrorText = Copy(text);
        provider->Error = error;
    }

    public static void SetFileName(SdtProvider* provider, string? path)
    {
        NativeMemory.Free(provider->FileName);
        provider->FileName = path is null ? null : Copy(path);
    }

    public static void SetArgumentNames(SdtProbeNode* node, byte* names)
    {
        NativeMemory.Free(node->ArgumentNames);
        node->ArgumentNames = Copy(names);
    }

    public static void Free(SdtProvider* provider)
    {
        for (var node = provider->Probes; node != null;)
        {
            var next = node->Next;
            NativeMemory.Free(node->Probe.Name);
            NativeMemory.Free(node->ArgumentNames);
            NativeMemory.Free(node);
            node = next;
        }

        NativeMemory.Free(provider->Name);
        NativeMemory.Free(provider->ErrorText);
        NativeMemory.Free(provider->FileName);
        NativeMemory.Free(provider);
    }

    /// <summary>A text that ends with a NUL; what is no UTF-8 in it is replaced.</summary>
    public static string Text(byte* text) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));

    static byte* Copy(byte* text) => text == null ? null : Copy(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(text));

    static byte* Copy(string text) => Copy(Encoding.UTF8.GetBytes(text));

    static byte* Copy(ReadOnlySpan<byte> text)
    {
        var copy = (byte*)NativeMemory.Alloc((nuint)text.Length + 1);
        text.CopyTo(new Span<byte>(copy, text.Length));
        copy[text.Length] = 0;
        return copy;
    }
}
