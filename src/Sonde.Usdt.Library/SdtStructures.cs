using System.Runtime.InteropServices;

namespace Sonde.Usdt.Library;

/// <summary>What went wrong with a provider: <c>SDTError_t</c> of libstapsdt.h.</summary>
enum SdtError
{
    None = -1,
    ElfCreation = 0,
    TemporaryFile = 1,
    SharedLibraryOpen = 2,
    SymbolLoading = 3,
    SharedLibraryClose = 4,
}

/// <summary>A probe as callers see it: <c>SDTProbe_t</c> of libstapsdt.h, 56 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct SdtProbe
{
    /// <summary>The arguments that have room in the structure; those behind are told nowhere but in the note.</summary>
    public const int ShownArguments = 6;

    public byte* Name;
    public fixed int Formats[ShownArguments];
    public void* Fire;
    public SdtProvider* Provider;
    public int ArgumentCount;
}

/// <summary>A probe in its provider's list: <c>SDTProbeList_t</c>, and behind it what is only ours.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct SdtProbeNode
{
    public SdtProbe Probe;
    public SdtProbeNode* Next;

    /// <summary>Where the number of tracers is; never null.</summary>
    public ushort* Semaphore;

    /// <summary>Names of the arguments with commas between, ending in a NUL; null for none.</summary>
    public byte* ArgumentNames;

    /// <summary>The arguments' kinds (<see cref="UsdtArgument"/>), as many as <see cref="SdtProbe.ArgumentCount"/>.</summary>
    public fixed sbyte Kinds[12];
}

/// <summary>A provider as callers see it: <c>SDTProvider_t</c> of libstapsdt.h, 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct SdtProvider
{
    public byte* Name;
    public SdtProbeNode* Probes;
    public SdtError Error;
    public byte* ErrorText;

    /// <summary>The loaded <see cref="UsdtProvider"/>; zero while it is not.</summary>
    public nint Handle;
    public byte* FileName;
    public int MemoryFile;
    public int UsesMemoryFile;
}
