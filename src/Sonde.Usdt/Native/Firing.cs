using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using Sonde.Usdt.Image;

namespace Sonde.Usdt.Native;

/// <summary>The arguments of one firing: numbers as they are; texts and bytes as addresses of copies that live until the firing is over.</summary>
unsafe ref struct Firing
{
    /// <summary>Longer texts and buffers are cut: no tracer copies as much.</summary>
    public const int MostBytes = 64 << 10;

    /// <summary>The room on the stack for texts; where it is too little, memory of the C library's is taken.</summary>
    public const int StackBytes = 512;

    fixed long _arguments[ProbeStub.MostArguments];
    readonly byte* _taken;
    byte* _next;
    byte* _end;
    int _count;

    /// <summary>Begins a firing.</summary>
    /// <param name="stack">Memory on the caller's stack, which therefore does not move.</param>
    /// <param name="textBytes">How much texts and bytes need: the sum of <see cref="BytesOf"/>.</param>
    public Firing(Span<byte> stack, int textBytes)
    {
        if (textBytes <= stack.Length)
        {
            _next = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(stack));
            _end = _next + stack.Length;
        }
        else
        {
            _next = _taken = (byte*)NativeMemory.Alloc((nuint)textBytes);
            _end = _next + textBytes;
        }
    }

    /// <summary>How an argument of a type is seen by tracers.</summary>
    /// <exception cref="NotSupportedException">It is none that can be passed.</exception>
    public static UsdtArgument KindOf<T>() =>
        typeof(T) == typeof(sbyte) ? UsdtArgument.Int8
        : typeof(T) == typeof(byte) || typeof(T) == typeof(bool) ? UsdtArgument.UInt8
        : typeof(T) == typeof(short) ? UsdtArgument.Int16
        : typeof(T) == typeof(ushort) || typeof(T) == typeof(char) ? UsdtArgument.UInt16
        : typeof(T) == typeof(int) ? UsdtArgument.Int32
        : typeof(T) == typeof(uint) ? UsdtArgument.UInt32
        : typeof(T) == typeof(long) || typeof(T) == typeof(nint) ? UsdtArgument.Int64
        : typeof(T) == typeof(ulong) || typeof(T) == typeof(nuint) ? UsdtArgument.UInt64
        : typeof(T) == typeof(float) ? UsdtArgument.Single
        : typeof(T) == typeof(double) ? UsdtArgument.Double
        : typeof(T) == typeof(string) ? UsdtArgument.Text
        : typeof(T) == typeof(byte[]) || typeof(T) == typeof(ReadOnlyMemory<byte>) ? UsdtArgument.Bytes
        : throw new NotSupportedException($"a USDT probe cannot have an argument of type {typeof(T)}; integers of all sizes, nint, bool, char, float, double, string, byte[] and ReadOnlyMemory<byte> can be passed");

    /// <summary>The memory that passing a value needs beside its 8 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int BytesOf<T>(T value) =>
        typeof(T) == typeof(string) ? BytesOfText((string?)(object?)value)
        : typeof(T) == typeof(byte[]) ? Math.Min(MostBytes, ((byte[]?)(object?)value)?.Length ?? 0)
        : typeof(T) == typeof(ReadOnlyMemory<byte>) ? Math.Min(MostBytes, ((ReadOnlyMemory<byte>)(object)value!).Length)
        : 0;

    /// <summary>Adds an argument, the next of the probe's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add<T>(T value)
    {
        // The comparisons are decided when this is compiled, and no value is boxed.
        _arguments[_count++] =
            typeof(T) == typeof(long) ? (long)(object)value!
            : typeof(T) == typeof(ulong) ? (long)(ulong)(object)value!
            : typeof(T) == typeof(int) ? (int)(object)value!
            : typeof(T) == typeof(uint) ? (uint)(object)value!
            : typeof(T) == typeof(short) ? (short)(object)value!
            : typeof(T) == typeof(ushort) ? (ushort)(object)value!
            : typeof(T) == typeof(sbyte) ? (sbyte)(object)value!
            : typeof(T) == typeof(byte) ? (byte)(object)value!
            : typeof(T) == typeof(bool) ? ((bool)(object)value! ? 1 : 0)
            : typeof(T) == typeof(char) ? (char)(object)value!
            : typeof(T) == typeof(nint) ? (nint)(object)value!
            : typeof(T) == typeof(nuint) ? (long)(nuint)(object)value!
            : typeof(T) == typeof(double) ? BitConverter.DoubleToInt64Bits((double)(object)value!)
            : typeof(T) == typeof(float) ? BitConverter.SingleToInt32Bits((float)(object)value!)
            : typeof(T) == typeof(string) ? CopyText((string?)(object?)value)
            : typeof(T) == typeof(byte[]) ? CopyBytes((byte[]?)(object?)value)
            : typeof(T) == typeof(ReadOnlyMemory<byte>) ? CopyBytes(((ReadOnlyMemory<byte>)(object)value!).Span)
            : 0;
    }

    /// <summary>Passes the arguments by the probe, and ends the firing.</summary>
    public void Pass(Site site)
    {
        fixed (long* arguments = _arguments)
        {
            site.Fire(arguments);
        }

        NativeMemory.Free(_taken);
    }

    /// <summary>At most three bytes for each UTF-16 unit, and the NUL.</summary>
    static int BytesOfText(string? text) => text is null ? 0 : Math.Min(MostBytes, 3 * Math.Min(text.Length, MostBytes) + 1);

    /// <summary>The address of a text in UTF-8 with a NUL behind it; 0 for null.</summary>
    long CopyText(string? text)
    {
        if (text is null)
        {
            return 0;
        }

        var start = _next;
        var room = new Span<byte>(start, Math.Min(BytesOfText(text), (int)(_end - start)) - 1);
        // Stops before a character that has no room; lone surrogates become U+FFFD.
        _ = Utf8.FromUtf16(text, room, out _, out var used);
        start[used] = 0;
        _next = start + used + 1;
        return (long)start;
    }

    /// <summary>The address of a copy; 0 for no bytes.</summary>
    long CopyBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return 0;
        }

        var start = _next;
        var copied = bytes[..Math.Min(bytes.Length, MostBytes)];
        copied.CopyTo(new Span<byte>(start, copied.Length));
        _next = start + copied.Length;
        return (long)start;
    }
}
