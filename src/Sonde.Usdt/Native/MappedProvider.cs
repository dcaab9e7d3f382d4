using System.Collections.Concurrent;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Usdt.Native;

/// <summary>Pages of this process that hold a provider's image while it is loaded, and harmless ones of the same shape while it is not.</summary>
/// <remarks>
/// A thread may be about to read a semaphore or to call a stub at any moment, so the pages never go away: unloading puts others in their place, in one
/// step, with all semaphores zero and nothing but returns for code. Pages nobody needs any more are kept for the next provider of that shape.
/// </remarks>
sealed unsafe class MappedProvider : IDisposable
{
    /// <summary>Pages of providers that are gone, by their length and that of the code at their start.</summary>
    static readonly ConcurrentDictionary<(int Length, int CodeLength), ConcurrentBag<nint>> _spare = [];

    readonly nint _start;
    readonly int _length;
    readonly int _codeLength;
    int _file = -1;

    /// <summary>Pages for an image.</summary>
    /// <exception cref="Win32Exception">There is no more memory to be had.</exception>
    public MappedProvider(int length, int codeLength)
    {
        (_length, _codeLength) = (length, codeLength);
        if (_spare.TryGetValue((length, codeLength), out var spare) && spare.TryTake(out _start))
        {
            return;
        }

        _start = Libc.Map(0, length, Libc.ProtectionNone, Libc.Private | Libc.Anonymous, -1, 0);
        if (_start == -1)
        {
            throw Failure($"reserving {length} bytes for a provider of USDT probes");
        }
    }

    /// <summary>Whether pages were made for an image of that shape.</summary>
    public bool Fits(int length, int codeLength) => (length, codeLength) == (_length, _codeLength);

    /// <summary>The address of a byte of the image.</summary>
    public nint Address(int offset) => _start + offset;

    /// <summary>Maps a provider's image.</summary>
    /// <param name="path">The file the image is in already; null to put it into a file in memory.</param>
    /// <param name="name">What tools see the file in memory called.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="Win32Exception">The system forbids it.</exception>
    public void Load(string? path, string name, ReadOnlySpan<byte> image)
    {
        if (path is null)
        {
            // Kept open: that is how tools find the file of a mapping that has no path.
            _file = CreateFile(name, image);
            Map(_file);
            return;
        }

        using var file = File.OpenHandle(path);
        Map((int)file.DangerousGetHandle());
    }

    /// <summary>Takes the image out of this process; semaphores read zero and stubs do nothing from then on.</summary>
    public void Unload(ReadOnlySpan<byte> returnInstruction)
    {
        var idle = new byte[_length];
        for (var i = 0; i < _codeLength; i++)
        {
            idle[i] = returnInstruction[i % returnInstruction.Length];
        }

        var file = CreateFile("usdt-idle", idle);
        try
        {
            Map(file);
        }
        finally
        {
            _ = Libc.Close(file);
        }

        CloseFile();
    }

    /// <summary>Gives the pages, which must be unloaded, to the next provider of their size.</summary>
    public void Dispose()
    {
        CloseFile();
        _spare.GetOrAdd((_length, _codeLength), static _ => []).Add(_start);
    }

    /// <summary>Puts a file in the place of what is there; a thread that is at it sees one or the other.</summary>
    void Map(int file)
    {
        if (Libc.Map(_start, _codeLength, Libc.Read | Libc.Execute, Libc.Private | Libc.Fixed, file, 0) == -1
            || Libc.Map(_start + _codeLength, _length - _codeLength, Libc.Read | Libc.Write, Libc.Private | Libc.Fixed, file, _codeLength) == -1)
        {
            throw Failure("mapping a provider of USDT probes, part of it executable");
        }
    }

    void CloseFile()
    {
        if (_file >= 0)
        {
            _ = Libc.Close(_file);
            _file = -1;
        }
    }

    static int CreateFile(string name, ReadOnlySpan<byte> contents)
    {
        var file = Libc.CreateMemoryFile(Encoding.UTF8.GetBytes(name + "\0"));
        if (file < 0)
        {
            throw Failure("creating a file in memory for a provider of USDT probes");
        }

        if (!Libc.TryWrite(file, contents))
        {
            var failure = Failure("writing a provider of USDT probes");
            _ = Libc.Close(file);
            throw failure;
        }

        return file;
    }

    static Win32Exception Failure(string attempted)
    {
        var error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"{attempted}: {Marshal.GetPInvokeErrorMessage(error)}");
    }
}
