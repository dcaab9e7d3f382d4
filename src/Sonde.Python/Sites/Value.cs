namespace Sonde.Python.Sites;

/// <summary>What a register or stack slot is known to hold; several can be true of one value.</summary>
[Flags]
enum Roles : ushort
{
    /// <summary>Nothing is known.</summary>
    None = 0,

    /// <summary>The <c>PyThreadState*</c>.</summary>
    ThreadState = 1,

    /// <summary>The frame the eval function was called with.</summary>
    FrameArgument = 2,

    /// <summary>The argument that tells that <c>gen.throw()</c> is the caller.</summary>
    ThrowFlag = 4,

    /// <summary>The frame the thread state names as running.</summary>
    CurrentFrame = 8,

    /// <summary><c>f_back</c> of the frame argument.</summary>
    FrameBack = 16,

    /// <summary>An address in the eval function's own stack frame; <see cref="Value.Number"/> is its distance from rsp at entry.</summary>
    StackAddress = 32,

    /// <summary>The recursion counter plus a constant; <see cref="Value.Number"/> is the set of constants it may be.</summary>
    Counter = 64,

    /// <summary>Something unknown that another register holds too; <see cref="Value.Number"/> is the lowest of the registers that are equal.</summary>
    Copy = 128,

    /// <summary>The frame that was the current one before another took its place, since the last dispatch.</summary>
    ReplacedFrame = 256,
}

/// <summary>Something known about the content of a register or stack slot.</summary>
readonly record struct Value(Roles Roles, int Number = 0)
{
    /// <summary>Whether all of <paramref name="roles"/> are known.</summary>
    public bool Is(Roles roles) => (Roles & roles) == roles;

    /// <summary>Whether two registers of which this is known certainly hold the same 64 bits.</summary>
    public bool IsOneValue => (Roles & (Roles.ThreadState | Roles.FrameArgument | Roles.CurrentFrame | Roles.ReplacedFrame | Roles.StackAddress | Roles.Copy)) != 0;

    /// <summary>What is known wherever the value goes, when copies are followed in registers only.</summary>
    public Value WithoutCopy => Is(Roles.Copy) ? default : this;

    /// <summary>What remains known when only the low 32 bits are kept: flags and counters, no pointers.</summary>
    public Value Low32 => Is(Roles.Counter) ? this with { Roles = Roles.Counter } : new(Roles & Roles.ThrowFlag);

    /// <summary>The value plus a constant.</summary>
    public Value Plus(int constant, int sizeBytes)
    {
        if (Is(Roles.StackAddress) && sizeBytes == 8)
        {
            return new(Roles.StackAddress, unchecked(Number + constant));
        }

        if (Is(Roles.Counter) && Deltas.Shift(Number, constant) is var set and not 0)
        {
            return new(Roles.Counter, set);
        }

        return constant == 0 ? sizeBytes == 8 ? WithoutCopy : Low32 : default;
    }

    /// <summary>What is true of both values.</summary>
    public static Value Meet(Value left, Value right)
    {
        var roles = left.Roles & right.Roles;
        if (roles == Roles.None)
        {
            return default;
        }

        if ((roles & Roles.Counter) != 0)
        {
            return new(roles, left.Number | right.Number);
        }

        const Roles Numbered = Roles.StackAddress | Roles.Copy;
        if ((roles & Numbered) == 0)
        {
            return new(roles);
        }

        return left.Number == right.Number ? left with { Roles = roles } : new(roles & ~Numbered);
    }
}

/// <summary>Sets of small differences from the recursion counter, from -3 to 3, as the low seven bits of an integer.</summary>
static class Deltas
{
    const int Limit = 3;

    /// <summary>The set {0}.</summary>
    public const int Zero = 1 << Limit;

    /// <summary>The set of one difference; empty when it is out of range.</summary>
    public static int Of(int delta) => delta is >= -Limit and <= Limit ? 1 << (delta + Limit) : 0;

    /// <summary>Every difference of a set, moved by a constant; what leaves the range is dropped.</summary>
    public static int Shift(int set, int constant) => constant switch
    {
        < -2 * Limit or > 2 * Limit => 0,
        < 0 => set >> -constant,
        _ => set << constant & ((1 << (2 * Limit + 1)) - 1),
    };

    /// <summary>Differences from the counter after it was stored with one of <paramref name="stored"/>.</summary>
    public static int Rebase(int set, int stored)
    {
        var result = 0;
        for (var delta = -Limit; delta <= Limit; delta++)
        {
            if ((stored & Of(delta)) != 0)
            {
                result |= Shift(set, -delta);
            }
        }

        return result;
    }

    /// <summary>Whether a set can lower the counter.</summary>
    public static bool Lowers(int set) => (set & (Zero - 1)) != 0;

    /// <summary>Whether a set can raise the counter.</summary>
    public static bool Raises(int set) => set >= 2 * Zero;
}
