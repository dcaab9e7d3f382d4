using System.Diagnostics;
using System.Runtime.InteropServices;
using Sonde.Kernel.Tests.Guests;
using Sonde.Kernel.Tests.Targets;
using Sonde.Usdt;
using Sonde.Usdt.Image;
using Xunit;

namespace Sonde.Kernel.Tests.Usdt;

/// <summary>Probes on aarch64: on an emulated machine, whose kernel tells what is where their notes say (tests/targets/aarch64_probes.py).</summary>
public sealed class Aarch64Tests
{
    /// <summary>The machine takes some fifteen seconds from its start to its end.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromMinutes(4);

    const string Init = """
        #!/bin/busybox sh
        /bin/busybox mount -t proc proc /proc
        /bin/busybox mount -t sysfs sysfs /sys
        /bin/busybox mount -t devtmpfs devtmpfs /dev
        /bin/busybox mount -t tracefs tracefs /sys/kernel/tracing
        /usr/bin/python3.13 /srv/aarch64_probes.py /srv /srv/dotnet.so
        /bin/busybox poweroff -f
        """;

    [Fact]
    public void Arguments_of_all_widths_are_where_the_notes_say()
    {
        Requires.Root();
        var list = Path.Combine(Repository.Artifacts, "aarch64.tsv");
        if (!File.Exists(list))
        {
            using var setup = Process.Start(Path.Combine(Repository.Root, "tests", "setup", "aarch64"));
            setup.WaitForExit();
        }

        Requires.That(File.Exists(list) && !File.ReadAllText(list).StartsWith('-'), "needs an aarch64 machine, which tests/setup/aarch64 brings");
        var fields = File.ReadAllText(list).TrimEnd().Split('\t');
        const string Operands = "operands -1@x0 1@x1 -2@x2 2@x3 -4@x4 4@x5 -8@x6 8@x7 4f@[sp, 0] 8f@[sp, 8] 8@[sp, 16] 8@[sp, 24]";
        Assert.Equal(
            [
                "machine aarch64",
                $"python {Operands}", "python enabled (False, False)", "python enabled (True, False)", "python enabled (False, False)", "python told 200 right 200",
                $"dotnet {Operands}", "dotnet enabled 0", "dotnet enabled 1", "dotnet enabled 0", "dotnet told 200 right 200",
                "done",
            ],
            Boot(fields[0], fields[1], Files(fields[2])).Where(static line => line.Length > 0 && !line.StartsWith('[')));
    }

    static Initramfs Files(string root)
    {
        var files = new Initramfs();
        files.Add("/init", Init);
        files.AddCopy($"{root}/usr/bin/busybox", "/bin/busybox");
        files.AddCopy($"{root}/usr/bin/python3.13", "/usr/bin/python3.13");
        files.AddCopy($"{root}/usr/lib/ld-linux-aarch64.so.1", "/lib/ld-linux-aarch64.so.1");
        files.AddTree(root, "/usr/lib/python3.13");
        files.AddTree(root, "/usr/lib/aarch64-linux-gnu");
        files.AddCopy(Path.Combine(Repository.Targets, "aarch64_probes.py"), "/srv/aarch64_probes.py");
        files.AddCopy(Path.Combine(Repository.PythonModules, "sonde_usdt.py"), "/srv/sonde_usdt.py");
        UsdtArgument[] kinds =
        [
            UsdtArgument.Int8, UsdtArgument.UInt8, UsdtArgument.Int16, UsdtArgument.UInt16, UsdtArgument.Int32, UsdtArgument.UInt32,
            UsdtArgument.Int64, UsdtArgument.UInt64, UsdtArgument.Single, UsdtArgument.Double, UsdtArgument.Text, UsdtArgument.Text,
        ];
        files.Add("/srv/dotnet.so", ProviderImage.Build("dotnet", [new ProbeShape("twelve", kinds, [])], ProbeStub.For(Architecture.Arm64), 4096).Bytes);
        foreach (string folder in (string[])["/proc", "/sys", "/dev", "/tmp"])
        {
            files.AddFolder(folder);
        }

        return files;
    }

    static string[] Boot(string root, string kernel, Initramfs files)
    {
        var directory = Directory.CreateDirectory($"{root}/srv/run-{Environment.ProcessId}").FullName;
        try
        {
            files.Write($"{directory}/initramfs");
            var inside = directory[root.Length..];
            using var emulator = Process.Start("chroot", [root, "qemu-system-aarch64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-machine", "virt", "-cpu", "cortex-a57", "-accel", "tcg", "-m", "1024", "-kernel", kernel, "-initrd", $"{inside}/initramfs",
                "-append", "console=ttyAMA0 quiet panic=-1", "-serial", $"file:{inside}/console"]);
            if (!emulator.WaitForExit(_patience))
            {
                emulator.Kill(entireProcessTree: true);
                throw new TimeoutException($"It did not end in {_patience.TotalMinutes} min: {File.ReadAllText($"{directory}/console")}");
            }

            return File.ReadAllText($"{directory}/console").ReplaceLineEndings("\n").Split('\n');
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
