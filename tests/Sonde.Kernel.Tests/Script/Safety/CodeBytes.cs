using System.Globalization;
using Sonde.Engine.Targets;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Safety;

/// <summary>The code of a process's largest executable mapping, as it was before anything was attached.</summary>
sealed class CodeBytes : IDisposable
{
    readonly LiveMemory _memory;
    readonly ulong _start;
    readonly byte[] _code;

    public CodeBytes(int pid)
    {
        var (start, end, file) = System.IO.File.ReadLines($"/proc/{pid}/maps")
            .Where(line => line.Contains(" r-xp ", StringComparison.Ordinal) && line.Contains('/', StringComparison.Ordinal))
            .Select(line => (Start: Number(line.Split('-')[0]), End: Number(line.Split('-', ' ')[1]), File: line[line.IndexOf('/', StringComparison.Ordinal)..]))
            .MaxBy(mapping => mapping.End - mapping.Start);
        _memory = new LiveMemory(pid);
        (_start, File) = (start, file);
        _code = new byte[checked((int)(end - start))];
        Assert.True(_memory.TryRead(start, _code));
    }

    /// <summary>The file it is of.</summary>
    public string File { get; }

    public bool IsPatched() => !Now().AsSpan().SequenceEqual(_code);

    public void AssertRestored() => Assert.True(Now().AsSpan().SequenceEqual(_code), "the code is not what it was");

    public void Dispose() => _memory.Dispose();

    byte[] Now()
    {
        byte[] now = new byte[_code.Length];
        Assert.True(_memory.TryRead(_start, now));
        return now;
    }

    static ulong Number(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
