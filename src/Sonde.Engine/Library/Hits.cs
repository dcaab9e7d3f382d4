namespace Sonde.Tracing;

/// <summary>What is known whenever a probe is hit. Exists in expressions only: they are compiled for the kernel, and nothing here runs as .NET code.</summary>
public abstract class Hit
{
    internal Hit()
    {
    }

    /// <summary>The process that hit the probe, in this process's numbering.</summary>
    public int Pid => throw Only();

    /// <summary>The thread.</summary>
    public int Tid => throw Only();

    /// <summary>The thread's name, at most 15 bytes.</summary>
    public string Comm => throw Only();

    /// <summary>The processor.</summary>
    public int Cpu => throw Only();

    /// <summary>When, since the machine started (<c>CLOCK_BOOTTIME</c>); of a call, when it began. <see cref="Session.ToDateTime"/> makes a time of day of it.</summary>
    public TimeSpan Time => throw Only();

    /// <summary>The user the process runs as.</summary>
    public int Uid => throw Only();

    /// <summary>The machine code that led here, by unwind tables, innermost first.</summary>
    /// <param name="frames">The most frames, a constant from 1 to 127.</param>
    public Stack NativeStack(int frames = 64) => throw Only();

    /// <summary>The Python functions that led here, innermost first; empty in a thread that runs no Python.</summary>
    /// <param name="frames">The most frames, a constant from 1 to 1024.</param>
    public Stack PythonStack(int frames = 64) => throw Only();

    private protected InvalidOperationException Only() => new($"A {GetType().Name} exists in expressions only, which are compiled for the kernel.");
}

/// <summary>A hit whose values have names: fields of a tracepoint, arguments of a USDT probe that says their names, or of a function with debug information.</summary>
public abstract class NamedHit : Hit
{
    internal NamedHit()
    {
    }

    /// <summary>A value as a number of 8 bits.</summary>
    public sbyte SByte(string name) => throw Only();

    /// <inheritdoc cref="SByte(string)"/>
    public byte Byte(string name) => throw Only();

    /// <summary>A value as a number of 16 bits.</summary>
    public short Int16(string name) => throw Only();

    /// <inheritdoc cref="Int16(string)"/>
    public ushort UInt16(string name) => throw Only();

    /// <summary>A value as a number of 32 bits.</summary>
    public int Int32(string name) => throw Only();

    /// <inheritdoc cref="Int32(string)"/>
    public uint UInt32(string name) => throw Only();

    /// <summary>A value as a number of 64 bits.</summary>
    public long Int64(string name) => throw Only();

    /// <inheritdoc cref="Int64(string)"/>
    public ulong UInt64(string name) => throw Only();

    /// <summary>A floating-point value. It can be taken, but not computed with in the kernel.</summary>
    public double Double(string name) => throw Only();

    /// <summary>
    /// The text, or that a pointer points to, cut at <see cref="SessionOptions.TextBytes"/>; null when the pointer is or the text cannot be read. Filters
    /// see such a text as an empty one.
    /// </summary>
    public string String(string name) => throw Only();
}

/// <summary>A hit whose values have places.</summary>
public abstract class ArgumentHit : NamedHit
{
    internal ArgumentHit()
    {
    }

    /// <summary>An argument, from 0, as a number of 8 bits.</summary>
    public sbyte SByte(int index) => throw Only();

    /// <inheritdoc cref="SByte(int)"/>
    public byte Byte(int index) => throw Only();

    /// <summary>An argument, from 0, as a number of 16 bits.</summary>
    public short Int16(int index) => throw Only();

    /// <inheritdoc cref="Int16(int)"/>
    public ushort UInt16(int index) => throw Only();

    /// <summary>An argument, from 0, as a number of 32 bits.</summary>
    public int Int32(int index) => throw Only();

    /// <inheritdoc cref="Int32(int)"/>
    public uint UInt32(int index) => throw Only();

    /// <summary>An argument, from 0, as a number of 64 bits.</summary>
    public long Int64(int index) => throw Only();

    /// <inheritdoc cref="Int64(int)"/>
    public ulong UInt64(int index) => throw Only();

    /// <inheritdoc cref="NamedHit.Double"/>
    public double Double(int index) => throw Only();

    /// <inheritdoc cref="NamedHit.String"/>
    public string String(int index) => throw Only();
}

/// <summary>A hit of a USDT probe.</summary>
public sealed class UsdtHit : ArgumentHit;

/// <summary>A native function begins.</summary>
public sealed class FunctionHit : ArgumentHit;

/// <summary>A call of a native function, when it has returned.</summary>
public sealed class CallHit : ArgumentHit
{
    /// <summary>What it returned.</summary>
    public Result Result => throw Only();

    /// <summary>How long it took, callees and waiting included.</summary>
    public TimeSpan Duration => throw Only();
}

/// <summary>An event of the kernel; its fields are those of the tracepoint's format.</summary>
public sealed class TracepointHit : NamedHit
{
    /// <summary>The text that a field points to in the process's memory, as file names of system calls do.</summary>
    /// <inheritdoc cref="NamedHit.String"/>
    public string UserString(string name) => throw Only();
}

/// <summary>A call of a Python function, when it has been left. Arguments are by name, as they were when it began.</summary>
public sealed class PythonCallHit : NamedHit
{
    /// <summary>The function's name, qualified. It is put together outside the kernel: it can be taken and be a key, not be compared.</summary>
    public string Function => throw Only();

    /// <inheritdoc cref="Function"/>
    public string File => throw Only();

    /// <summary>The function's first line.</summary>
    public int Line => throw Only();

    /// <summary>How long it took, callees and waiting included; of a generator or coroutine one step.</summary>
    public TimeSpan Duration => throw Only();

    /// <summary>What it returned; nothing when an exception left it.</summary>
    public Result Result => throw Only();

    /// <summary>The type of the exception that left it; empty when it returned.</summary>
    public string Exception => throw Only();

    /// <summary>An argument as it is: long, bool, double, string, or the <see cref="PythonObject"/> that it is otherwise; null when it is not set.</summary>
    public object Value(string name) => throw Only();
}

/// <summary>What a function returned, read as one of these.</summary>
public sealed class Result
{
    Result()
    {
    }

    /// <summary>A number of 32 bits.</summary>
    public int Int32 => throw Only();

    /// <inheritdoc cref="Int32"/>
    public uint UInt32 => throw Only();

    /// <summary>A number of 64 bits.</summary>
    public long Int64 => throw Only();

    /// <inheritdoc cref="Int64"/>
    public ulong UInt64 => throw Only();

    /// <summary>The text, or that a pointer points to.</summary>
    public string String => throw Only();

    /// <summary>A Python result as it is, see <see cref="PythonCallHit.Value"/>.</summary>
    public object Value => throw Only();

    InvalidOperationException Only() => new($"A {GetType().Name} exists in expressions only, which are compiled for the kernel.");
}

/// <summary>A thread that was met on a processor.</summary>
public sealed class SampleHit : Hit;
