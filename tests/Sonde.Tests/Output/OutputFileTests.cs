using Sonde.Engine.Output;
using Xunit;

namespace Sonde.Tests.Output;

/// <summary>A file that is made and not begun goes again, whatever became of its place.</summary>
public sealed class OutputFileTests : IDisposable
{
    readonly string _directory = Directory.CreateTempSubdirectory("sonde-output-").FullName;

    string File => Path.Combine(_directory, "story.txt");

    public void Dispose()
    {
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    [Fact]
    public void One_that_was_not_begun_is_removed_and_one_that_was_stays()
    {
        OutputFile.Open(File).Dispose();
        Assert.False(System.IO.File.Exists(File));
        using (var file = OutputFile.Open(File))
        {
            file.Begin().Dispose();
        }

        Assert.True(System.IO.File.Exists(File));
        OutputFile.Open(File).Dispose();
        Assert.True(System.IO.File.Exists(File));
    }

    [Fact]
    public void That_its_place_is_gone_is_no_error_at_the_end()
    {
        var file = OutputFile.Open(File);
        Directory.Delete(_directory, recursive: true);
        file.Dispose();
        Assert.False(Directory.Exists(_directory));
    }
}
