using System.Buffers.Binary;
using System.Diagnostics;
using Sonde.Engine;
using Sonde.Engine.Scripts.Session;
using Sonde.Engine.Scripts.Sinks;
using Sonde.Script;
using Sonde.Script.Syntax;
using Sonde.Script.Types;
using Xunit;

namespace Sonde.Tests.Script.Session;

/// <summary>The files of <c>skboutput</c>: what they held before, and which packets are in them when they cannot be written any more.</summary>
public sealed class PacketFilesTests : IDisposable
{
    const int FileHeader = 24, PacketHeader = 16, PacketBytes = 60;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sonde-packets-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Files_are_emptied_when_packets_may_come_and_not_before()
    {
        string earlier = Place("earlier"), made = Place("made");
        File.WriteAllText(earlier, "an earlier capture");
        using (new PacketFiles(Script(earlier, made)))
        {
            Assert.True(File.Exists(made));
        }

        Assert.Equal("an earlier capture", File.ReadAllText(earlier));
        Assert.False(File.Exists(made));

        using (PacketFiles files = new(Script(earlier, made)))
        {
            files.Begin();
        }

        Assert.All([earlier, made], path => Assert.Equal(FileHeader, new FileInfo(path).Length));
    }

    [Fact]
    public void A_file_that_cannot_be_made_is_said_with_its_name()
    {
        UserErrorException error = Assert.Throws<UserErrorException>(() => new PacketFiles(Script(Place("made"), Place("no/such"))));
        Assert.Equal($"skboutput() cannot write '{Place("no/such")}': the directory does not exist", error.Message);
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public void Files_that_fail_take_no_other_with_them_and_all_their_packets_are_counted()
    {
        string[] pipes = [Pipe("first"), Pipe("second")];
        string file = Place("whole");
        CompiledScript script = Script(pipes[0], pipes[1], file);
        List<string> told = [];
        FileStream[] readers = [.. pipes.Select(Reader)];
        using PacketFiles files = new(script) { Failed = told.Add };
        files.Begin();
        Array.ForEach(readers, reader => reader.Dispose());
        WriteAll(files, script, times: 3);
        files.Flush();
        WriteAll(files, script, times: 2);
        files.Flush();

        Assert.Equal(pipes.Select(pipe => $"WARNING: skboutput() cannot write '{pipe}' any more: nobody reads it any more"), told);
        Assert.Equal(pipes.Select(pipe => $"5 packets are not in '{pipe}', which could not be written"), files.Missing());
        Assert.Equal(FileHeader + (5 * (PacketHeader + PacketBytes)), new FileInfo(file).Length);
    }

    [Fact]
    public void What_waits_when_all_is_closed_is_written_or_counted()
    {
        string pipe = Pipe("pipe"), file = Place("whole");
        CompiledScript script = Script(pipe, file);
        List<string> told = [];
        FileStream reader = Reader(pipe);
        PacketFiles files = new(script) { Failed = told.Add };
        files.Begin();
        reader.Dispose();
        WriteAll(files, script, times: 4);
        files.Dispose();

        Assert.Single(told);
        Assert.Equal([$"4 packets are not in '{pipe}', which could not be written"], files.Missing());
        Assert.Equal(FileHeader + (4 * (PacketHeader + PacketBytes)), new FileInfo(file).Length);
    }

    [Fact]
    public void A_file_that_is_full_ends_with_a_whole_packet()
    {
        int whole = FileHeader + (3 * (PacketHeader + PacketBytes));
        using SmallStream stream = new(whole + 100);
        PcapFile file = new(stream);
        Append(file, times: 3);
        file.Flush();
        Append(file, times: 5);
        Assert.Throws<IOException>(file.Flush);
        Assert.Equal((5, whole), (file.Waiting, stream.Length));
    }

    [Fact]
    public void A_file_that_cannot_be_begun_is_closed()
    {
        SmallStream stream = new(10);
        Assert.Throws<IOException>(() => new PcapFile(stream));
        Assert.False(stream.CanWrite);
    }

    string Place(string name) => Path.Combine(_folder.FullName, name);

    string Pipe(string name)
    {
        using Process process = Process.Start("mkfifo", [Place(name)]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return Place(name);
    }

    /// <summary>The other end of a pipe. Opened for both, it waits for nobody, and nobody waits for it.</summary>
    static FileStream Reader(string pipe) => new(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);

    static CompiledScript Script(params string[] paths) => new()
    {
        Programs = [],
        Maps = [],
        Actions = [.. paths.Select(path => new ScriptAction(ActionKind.Packet, new TupleType([])) { Format = path })],
        ProbeNames = [],
        Runtime = new RuntimeMaps(),
        Config = new ScriptConfig(),
    };

    static void WriteAll(PacketFiles files, CompiledScript script, int times)
    {
        byte[] record = new byte[24 + PacketBytes];
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(8), PacketBytes);
        BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(16), PacketBytes);
        for (int i = 0; i < times; i++)
        {
            Assert.All(script.Actions, action => Assert.True(files.Write(action, record)));
        }
    }

    static void Append(PcapFile file, int times)
    {
        for (int i = 0; i < times; i++)
        {
            file.Write(0, new byte[PacketBytes], PacketBytes);
        }
    }

    /// <summary>A file on a disk with little room: what fits is written, then it fails.</summary>
    sealed class SmallStream(int room) : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count)
        {
            int fits = (int)Math.Min(count, room - Length);
            base.Write(buffer, offset, fits);
            if (fits < count)
            {
                throw new IOException("no room");
            }
        }
    }
}
