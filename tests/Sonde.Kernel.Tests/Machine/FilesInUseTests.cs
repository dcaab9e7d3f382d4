using Sonde.Engine.Scripts.Machine;
using Sonde.Kernel.Tests.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Machine;

/// <summary><c>//NAME</c>: the files of that name that processes have mapped.</summary>
public sealed class FilesInUseTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("sonde-in-use-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void A_file_is_found_once_while_it_is_mapped_even_when_it_is_gone()
    {
        Requires.Root();
        string path = Path.Combine(_directory.FullName, "in-use-of-a-test");
        File.Copy(Path.Combine("/usr/bin", "cat"), path);
        Assert.Empty(new BinaryFinder(0).Find("//in-use-of-*"));
        using (Target first = Target.Start(path), second = Target.Start(path))
        {
            // Each answers only when it runs the file.
            foreach (Target target in new[] { first, second })
            {
                target.Send("runs");
                target.WaitFor("runs");
            }

            Assert.Equal([new Binary(path, path)], new BinaryFinder(0).Find("//in-use-of-*"));
            Assert.Equal([new Binary(path, path)], new BinaryFinder(first.Pid).Find("//in-use-of-a-test"));
            File.Delete(path);
            Binary deleted = Assert.Single(new BinaryFinder(0).Find("//in-use-of-*"));
            Assert.StartsWith("/proc/", deleted.Path, StringComparison.Ordinal);
            Assert.True(File.Exists(deleted.Path));
        }

        Assert.Empty(new BinaryFinder(0).Find("//in-use-of-*"));
    }

    [Fact]
    public void Libraries_that_only_lie_on_disk_are_found_too() => Assert.Contains(new BinaryFinder(0).Find("//libc.so*"), file => File.Exists(file.Path));
}
