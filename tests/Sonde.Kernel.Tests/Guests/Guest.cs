using System.Diagnostics;
using System.Formats.Tar;
using System.Globalization;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Guests;

/// <summary>Another kernel, booted in an emulated machine: one that has what this machine's kernel has not, or an older one.</summary>
/// <param name="Name">The Debian release it is of, as in tests/setup/guests.</param>
/// <param name="Version">Its version; empty when it is not on this machine.</param>
/// <param name="Root">The root directory that has the emulator.</param>
/// <param name="Kernel">The kernel's image, as seen in there.</param>
sealed record Guest(string Name, string Version, string Root, string Kernel)
{
    /// <summary>The longest a guest may run. It takes some five seconds to boot.</summary>
    static readonly TimeSpan _patience = TimeSpan.FromMinutes(4);

    static readonly Lazy<Dictionary<string, Guest>> _all = new(Read);

    /// <summary>What the guest says on its console once its kernel is up.</summary>
    const string IsUp = "the kernel is up";

    /// <summary>How often a kernel that does not come up is booted: emulated processors now and then lose their way in code that patches itself.</summary>
    const int Boots = 3;

    // The results are an archive on the second serial line; the first is the kernel's console.
    const string Init = $"""
        #!/bin/busybox sh
        /bin/busybox --install -s /bin
        export PATH=/bin HOME=/ TZ=UTC
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mount -t devtmpfs devtmpfs /dev
        echo {IsUp} >/dev/ttyS0
        ln -s /proc/self/fd /dev/fd
        mount -t tracefs tracefs /sys/kernel/tracing
        mount -t bpf bpf /sys/fs/bpf
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        ip link set lo up
        for module in /modules/*; do insmod $module; done
        for folder in /commands/*; do
            timeout 60 sh $folder/command </dev/null >$folder/output 2>$folder/errors
            echo $? >$folder/exit
        done
        stty raw -F /dev/ttyS1
        tar -C /commands -cf /dev/ttyS1 .
        reboot -f
        """;

    /// <summary>Every kernel of the list, missing ones included.</summary>
    public static IReadOnlyCollection<Guest> All => _all.Value.Values;

    /// <summary>Their names.</summary>
    public static TheoryData<string> Names => [.. _all.Value.Keys];

    /// <summary>The kernel of that name; the test is skipped where it is missing.</summary>
    public static Guest Get(string name)
    {
        Guest guest = _all.Value[name];
        Requires.Root();
        Requires.That(guest.Version.Length > 0, $"needs the kernel of {name}, which tests/setup/guests brings");
        return guest;
    }

    /// <summary>Lets the guest load modules of its kernel, in this order, before it runs anything.</summary>
    public void AddModules(Initramfs files, params IReadOnlyList<string> names)
    {
        for (int index = 0; index < names.Count; index++)
        {
            files.AddCopy($"{Root}{Kernel}.modules/{names[index]}.ko", $"/modules/{index}-{names[index]}.ko");
        }
    }

    /// <summary>Boots it, runs shell scripts one after the other, and gives what each left.</summary>
    public IReadOnlyList<CommandResult> Run(Initramfs files, IReadOnlyList<string> commands)
    {
        files.Add("/init", Init);
        files.AddCopy(Root + "/bin/busybox", "/bin/busybox");
        files.Add("/etc/passwd", "root:x:0:0:root:/:/bin/sh\n");
        foreach (string folder in (string[])["/proc", "/sys", "/dev", "/tmp", "/modules"])
        {
            files.AddFolder(folder);
        }
        for (int index = 0; index < commands.Count; index++)
        {
            files.Add($"/commands/{index:d4}/command", commands[index]);
        }
        string directory = Directory.CreateDirectory($"{Root}/srv/run-{Environment.ProcessId}-{Name}").FullName;
        try
        {
            files.Write($"{directory}/initramfs");
            int boots = 0;
            bool hasEnded;
            do
            {
                hasEnded = Boot(directory);
            }
            while (++boots < Boots && IsFaultOfEmulation(File.ReadAllText($"{directory}/console")));

            if (!hasEnded)
            {
                throw new TimeoutException($"Linux {Version} did not end in {_patience.TotalMinutes} min: {File.ReadAllText($"{directory}/console")}");
            }

            return ReadResults(directory, commands.Count);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>
    /// Whether the kernel did not come up, or it or a program fell in a way that only the emulation of two processors brings about, such as a jump to address 0; a fault of ours comes again at each boot.
    /// </summary>
    static bool IsFaultOfEmulation(string console) => !console.Contains(IsUp, StringComparison.Ordinal)
        || console.Contains("PANIC: double fault", StringComparison.Ordinal) || console.Contains("segfault at 0 ip 0000000000000000", StringComparison.Ordinal);

    /// <summary>Boots once; whether it came to an end.</summary>
    bool Boot(string directory)
    {
        long megabytes = 768 + (3 * new FileInfo($"{directory}/initramfs").Length / 1_000_000);
        string inside = directory[Root.Length..];
        using var emulator = Process.Start("chroot", [Root, "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            "-accel", "tcg", "-cpu", "max", "-smp", "2", "-m", megabytes.ToString(CultureInfo.InvariantCulture),
            "-kernel", Kernel, "-initrd", $"{inside}/initramfs", "-append", "console=ttyS0 quiet panic=-1",
            "-serial", $"file:{inside}/console", "-serial", $"file:{inside}/results"]);
        if (emulator.WaitForExit(_patience))
        {
            return true;
        }

        emulator.Kill(entireProcessTree: true);
        emulator.WaitForExit();
        return false;
    }

    static CommandResult[] ReadResults(string directory, int count)
    {
        var files = new Dictionary<string, string>();
        try
        {
            using var archive = new TarReader(File.OpenRead($"{directory}/results"));
            while (archive.GetNextEntry() is { } entry)
            {
                files[entry.Name] = entry.DataStream is null ? "" : new StreamReader(entry.DataStream).ReadToEnd();
            }
            return [.. Enumerable.Range(0, count).Select(index => new CommandResult(
                int.Parse(files[$"./{index:d4}/exit"], CultureInfo.InvariantCulture), files[$"./{index:d4}/output"], files[$"./{index:d4}/errors"]))];
        }
        catch (Exception exception) when (exception is KeyNotFoundException or EndOfStreamException or InvalidDataException)
        {
            throw new InvalidDataException($"The guest did not say all: {File.ReadAllText($"{directory}/console")}", exception);
        }
    }

    static Dictionary<string, Guest> Read()
    {
        string file = Path.Combine(Repository.Artifacts, "guests.tsv");
        if (!File.Exists(file))
        {
            using var process = Process.Start(Path.Combine(Repository.Root, "tests", "setup", "guests"));
            process.WaitForExit();
        }
        return File.ReadLines(file).Select(line => line.Split('\t'))
            .Select(fields => new Guest(fields[0], fields[1] == "-" ? "" : fields[1], fields[2], fields[3])).ToDictionary(guest => guest.Name);
    }
}
