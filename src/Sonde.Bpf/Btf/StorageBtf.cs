using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>Local storage maps insist on a description of key and value (bpf_local_storage_map_alloc_check, kernel/bpf/bpf_local_storage.c).</summary>
static class StorageBtf
{
    internal const uint KeyType = 1;
    internal const uint ValueType = 4;

    internal static FileDescriptor Load(int valueSize)
    {
        BtfBuilder btf = new();
        uint integer = btf.AddInteger("int", 4);
        uint bytes = btf.AddInteger("byte", 1);
        uint array = btf.AddByteArray(bytes, integer, (uint)valueSize);
        _ = btf.AddStructure("value", (uint)valueSize, "bytes", array);
        return btf.Load();
    }
}
