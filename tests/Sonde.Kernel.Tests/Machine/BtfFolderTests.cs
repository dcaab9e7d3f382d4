using System.Buffers.Binary;
using Sonde.Bpf.Btf;
using Sonde.Engine.Scripts.Machine;
using Xunit;

namespace Sonde.Kernel.Tests.Machine;

/// <summary>BTF given in the kernel's place, with other files beside it.</summary>
public sealed class BtfFolderTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sonde-btf-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Only_what_proves_to_be_a_modules_counts()
    {
        Assert.SkipUnless(File.Exists(BtfTypes.KernelPath), "the kernel tells no types");
        byte[] kernel = File.ReadAllBytes(BtfTypes.KernelPath);
        int strings = (int)BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(4)) + (int)BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(16));
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(kernel.AsSpan(20));
        uint name = (uint)kernel.AsSpan(strings).IndexOf("\0task_struct\0"u8) + 1;
        Write("vmlinux", kernel);
        Write("copy", kernel);
        Write("notes.txt", "no types at all"u8.ToArray());
        Write("module", Split(name, length));
        Write("of_another_kernel", Split(name + 1, length));
        Write("of_a_longer_kernel", Split(name, length + 1));
        Write("of_none", Split(length, length));

        var types = new KernelTypes(Path.Combine(_folder.FullName, "vmlinux"));
        Assert.Equal(["module"], types.Modules);
        Assert.True(types.Of("module")!.TryFind("own_type", BtfKind.Forward, out _));
        Assert.Null(types.Of("copy"));
        Assert.Null(types.Of("of_another_kernel"));
    }

    void Write(string name, byte[] bytes) => File.WriteAllBytes(Path.Combine(_folder.FullName, name), bytes);

    /// <summary>Two declarations of structures: one by a name of the kernel's, one by its own.</summary>
    static byte[] Split(uint kernelName, uint kernelStrings)
    {
        const uint forward = 7u << 24;
        byte[] text = [.. "own_type\0"u8];
        uint[] words = [0x1eb9f, 24, 0, 24, 24, (uint)text.Length, kernelName, forward, 0, kernelStrings, forward, 0];
        byte[] bytes = new byte[words.Length * 4 + text.Length];
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), words[i]);
        }

        text.CopyTo(bytes, words.Length * 4);
        return bytes;
    }
}
