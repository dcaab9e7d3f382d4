using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Sonde.Kernel.Tests.Guests;

/// <summary>The file system a guest starts with: a cpio archive in the "newc" format (Documentation/driver-api/early-userspace/buffer-format.rst).</summary>
sealed class Initramfs
{
    const int Folder = 0x41ed, Executable = 0x81ed;

    readonly SortedDictionary<string, Func<byte[]>?> _entries = new(StringComparer.Ordinal);

    /// <summary>Adds a file, executable, and the folders it lies in.</summary>
    public void Add(string path, string text) => Add(path, () => Encoding.UTF8.GetBytes(text));

    /// <summary>Adds an empty folder.</summary>
    public void AddFolder(string path)
    {
        for (string? folder = path; folder is not null && folder != "/"; folder = Path.GetDirectoryName(folder))
        {
            _entries.TryAdd(folder, null);
        }
    }

    /// <summary>Adds a copy of a file of this machine.</summary>
    public void AddCopy(string from, string path) => Add(path, () => File.ReadAllBytes(from));

    /// <summary>Adds copies of all files of a folder in a root directory, at the same place; links that lead nowhere from here are left out.</summary>
    public void AddTree(string root, string folder)
    {
        foreach (string file in Directory.EnumerateFiles(root + folder, "*", SearchOption.AllDirectories).Where(static file => File.ResolveLinkTarget(file, returnFinalTarget: true) is null or { Exists: true }))
        {
            AddCopy(file, file[root.Length..]);
        }
    }

    /// <summary>Adds a program of this machine, and the dynamic linker and libraries it needs, where it looks for them.</summary>
    public void AddProgram(string from, string path)
    {
        AddCopy(from, path);
        var start = new ProcessStartInfo("ldd", [from]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var ldd = Process.Start(start)!;
        foreach (string line in ldd.StandardOutput.ReadToEnd().Split('\n'))
        {
            // "libc.so.6 => /lib/libc.so.6 (0x…)", or the linker alone; the linker may be shown as "named => taken by ldd".
            string named = line.Trim().Split(' ')[0];
            string found = line.Split("=> ") is [_, string after] ? after.Trim().Split(' ')[0] : named;
            string place = named.StartsWith('/') ? named : found;
            if (place.StartsWith('/') && File.Exists(place))
            {
                AddCopy(place, place);
            }
        }
        ldd.WaitForExit();
    }

    public void Write(string path)
    {
        using var output = new FileStream(path, FileMode.Create, FileAccess.Write);
        int inode = 1;
        foreach ((string name, Func<byte[]>? content) in _entries)
        {
            WriteEntry(output, inode++, name[1..], content is null ? Folder : Executable, content?.Invoke() ?? []);
        }
        WriteEntry(output, inode, "TRAILER!!!", 0, []);
    }

    /// <summary>Adds a file.</summary>
    public void Add(string path, byte[] content) => Add(path, () => content);

    void Add(string path, Func<byte[]> content)
    {
        AddFolder(Path.GetDirectoryName(path)!);
        _entries[path] = content;
    }

    // Thirteen numbers of eight hexadecimal digits: inode, mode, user, group, links, time, size, four of devices, length of the name, checksum.
    static void WriteEntry(FileStream output, int inode, string name, int mode, byte[] content)
    {
        var header = new StringBuilder("070701");
        foreach (int field in (ReadOnlySpan<int>)[inode, mode, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length + 1, 0])
        {
            header.Append(CultureInfo.InvariantCulture, $"{field:x8}");
        }
        output.Write(Encoding.ASCII.GetBytes(header.Append(name).Append('\0').ToString()));
        Pad(output);
        output.Write(content);
        Pad(output);
    }

    static void Pad(FileStream output)
    {
        while (output.Position % 4 != 0)
        {
            output.WriteByte(0);
        }
    }
}
