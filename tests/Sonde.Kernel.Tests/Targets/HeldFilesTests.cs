using System.IO.MemoryMappedFiles;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Kernel.Tests.Targets;

public sealed class HeldFilesTests : IDisposable
{
    const int MostFiles = 128;

    readonly string _folder = Directory.CreateTempSubdirectory("sonde-held-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_that_is_mapped_again_and_again_stays()
    {
        List<IDisposable> open = [];
        try
        {
            for (int i = 0; i <= MostFiles; i++)
            {
                string path = Path.Combine(_folder, $"{i}");
                File.WriteAllText(path, "held");
                var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open);
                open.Add(file);
                open.Add(file.CreateViewAccessor());
            }

            Assert.True(ProcFs.TryReadMaps(Environment.ProcessId, out var all));
            var mappings = Enumerable.Range(0, MostFiles + 1).Select(i => all.Find(mapping => mapping.Path == Path.Combine(_folder, $"{i}"))).ToList();
            Assert.All(mappings, static mapping => Assert.True(mapping.IsFile));
            using var held = new HeldFiles();
            for (int i = 0; i < MostFiles; i++)
            {
                held.Hold(Environment.ProcessId, mappings[i]);
            }

            held.Hold(Environment.ProcessId, mappings[0]);
            held.Hold(Environment.ProcessId, mappings[MostFiles]);
            Assert.Equal([1], Enumerable.Range(0, MostFiles + 1).Where(i => !IsHeld(held, mappings[i])));
        }
        finally
        {
            open.ForEach(static each => each.Dispose());
        }
    }

    static bool IsHeld(HeldFiles held, in ProcMapping mapping)
    {
        using var file = held.TryOpen(mapping);
        return file is not null;
    }
}
