using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf.Btf;

/// <summary>The BTF of a loaded module of the kernel, as the kernel itself holds it: what a program that is attached to the module's functions refers to.</summary>
static class ModuleBtf
{
    const int NameBytes = 64; // modules' names are shorter (MODULE_NAME_LEN, include/linux/moduleparam.h)

    /// <summary>Finds it among all BTF that is loaded (Linux 5.11+).</summary>
    /// <exception cref="LinuxException">ENOENT: the module is not loaded, or has none. EPERM: needs CAP_SYS_ADMIN.</exception>
    internal static FileDescriptor Open(string module)
    {
        const string Operation = "bpf(BTF_GET_FD_BY_ID)";
        for (uint id = 0; !BpfSystemCall.NextBtf(id, out id).Failed;)
        {
            SystemResult result = BpfSystemCall.OpenBtf(id);
            if (result.Errno == Errno.ENOENT)
            {
                continue; // unloaded meanwhile
            }

            FileDescriptor btf = result.CheckDescriptor(Operation, result.Errno == Errno.EPERM ? "Needs CAP_SYS_ADMIN, or root." : null);
            if (NameOf(btf) == module)
            {
                return btf;
            }

            btf.Dispose();
        }

        throw new LinuxException(Errno.ENOENT, Operation, $"The module \"{module}\" is not loaded, or has no BTF.");
    }

    static string NameOf(FileDescriptor btf)
    {
        Span<byte> name = stackalloc byte[NameBytes];
        name.Clear();
        BpfSystemCall.BtfName(btf, name).Check("bpf(OBJ_GET_INFO_BY_FD)");
        return Encoding.UTF8.GetString(name[..Math.Max(0, name.IndexOf((byte)0))]);
    }
}
