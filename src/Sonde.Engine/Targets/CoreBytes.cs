using Microsoft.Win32.SafeHandles;
using Sonde.Symbols;

namespace Sonde.Engine.Targets;

/// <summary>A file's bytes by offset, read where they are asked for.</summary>
sealed class CoreBytes : IMemory, IDisposable
{
    readonly SafeFileHandle _file;

    CoreBytes(SafeFileHandle file) => (_file, Length) = (file, (ulong)RandomAccess.GetLength(file));

    /// <summary>How many there are.</summary>
    public ulong Length { get; }

    /// <exception cref="IOException">It cannot be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be opened.</exception>
    public static CoreBytes Open(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.RandomAccess));

    public bool TryRead(ulong address, Span<byte> destination)
    {
        try
        {
            while (destination.Length > 0)
            {
                var read = address > long.MaxValue ? 0 : RandomAccess.Read(_file, destination, (long)address);
                if (read == 0)
                {
                    return false;
                }

                destination = destination[read..];
                address += (ulong)read;
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _file.Dispose();
}
