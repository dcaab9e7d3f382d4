using Sonde.Engine.Targets;
using Sonde.Kernel.Tests.Flow;
using Sonde.Kernel.Tests.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Stacks;

/// <summary>Names in the stacks of processes that have ended when they are shown.</summary>
public sealed class EndedProcessTests : IDisposable
{
    const string Source = """
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>
        __attribute__((noinline)) void seen(void) { syscall(SYS_getppid); asm volatile("" ::: "memory"); }
        __attribute__((noinline)) void caller_of_test(void) { seen(); asm volatile("" ::: "memory"); }
        int main(int argc, char **argv)
        {
            if (argc > 1 && argv[1][0] == 'f') { if (fork() == 0) { caller_of_test(); _exit(0); } wait(0); }
            else if (argc > 1 && argv[1][0] == 'e') { caller_of_test(); execl("/bin/true", "true", (char *)0); }
            else { caller_of_test(); usleep(argc > 1 ? 500000 : 0); }
            return 0;
        }
        """;

    /// <summary>The innermost function is the C library's, which keeps no frame: the one that called it is left out.</summary>
    const string Probe = "tracepoint:syscalls:sys_enter_getppid /comm == \"program\"/ { @[ustack(3)] = count(); }";

    readonly string _folder = Directory.CreateTempSubdirectory("sonde-ended-").FullName;

    string Program
    {
        get
        {
            Requires.Root();
            Requires.Program("/usr/bin/gcc");
            string path = Path.Combine(_folder, "program");
            if (!File.Exists(path))
            {
                File.WriteAllText(path + ".c", Source);
                using Target compiler = Target.Start("gcc", "-O1", "-fno-omit-frame-pointer", "-o", path, path + ".c");
                Assert.True(compiler.WaitForExit() == 0, compiler.Errors);
            }

            return path;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>The session cannot look while the command runs: it waits for it.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("fork")]
    [InlineData("exec")]
    public void A_process_that_came_and_went_unseen_has_names(string way)
    {
        CommandResult result = SondeCommand.Run("--unsafe", "-e", $"{Probe} interval:ms:100 {{ if (@times++ == 0) {{ system(\"{Program} {way}\"); }} else {{ exit(); }} }}");
        Assert.Matches(@"@\[\n +syscall\+\d+\n +caller_of_test\+\d+\n +main\+\d+\n\]: 1\n", result.Output);
    }

    [Theory]
    [InlineData("")]
    [InlineData("exec")]
    public void A_short_command_has_names(string way)
    {
        CommandResult result = SondeCommand.Run("-c", $"{Program} {way}", "-e", Probe);
        Assert.Matches(@"@\[\n +syscall\+\d+\n +caller_of_test\+\d+\n +main\+\d+\n\]: 1\n", result.Output);
    }

    [Fact]
    public void A_file_that_is_gone_with_its_mount_namespace_has_names()
    {
        Requires.Program("/usr/bin/unshare");
        string room = Directory.CreateDirectory(Path.Combine(_folder, "room")).FullName;
        string command = $"unshare -m sh -c 'mount -t tmpfs none {room} && cp {Program} {room}/only_here && {room}/only_here wait' > /dev/null 2>&1 &";
        CommandResult result = SondeCommand.Run("--unsafe", "-e", $$"""
            tracepoint:syscalls:sys_enter_getppid /comm == "only_here"/ { @[ustack(3)] = count(); }
            tracepoint:sched:sched_process_exit /comm == "only_here"/ { exit(); }
            interval:ms:100 /@times++ == 0/ { system("{{command}}"); }
            """);
        Assert.Matches(@"@\[\n +syscall\+\d+\n +caller_of_test\+\d+\n +main\+\d+\n\]: 1\n", result.Output);
    }

    [Fact]
    public void Only_the_very_file_is_opened_by_its_path()
    {
        Assert.True(ProcFs.TryReadMaps(Environment.ProcessId, out var mappings));
        var mapping = mappings.Find(mapping => mapping is { IsExecutable: true, IsFile: true, IsDeleted: false } && mapping.Path.Contains("libc", StringComparison.Ordinal));
        using (FileDescriptor? same = MappedImage.TryOpenSame(mapping))
        {
            Assert.NotNull(same);
        }

        Assert.Null(MappedImage.TryOpenSame(mapping with { Inode = mapping.Inode + 1 }));
        Assert.Null(MappedImage.TryOpenSame(mapping with { Device = mapping.Device + 1 }));
        Assert.Null(MappedImage.TryOpenSame(mapping with { Path = "/etc/passwd" }));
    }
}
