namespace Sonde.Symbols.Unwind;

/// <summary>How a caller's register is found (DWARF 5, section 6.4.1).</summary>
public enum RegisterRuleKind : byte
{
    /// <summary>It still has the caller's value.</summary>
    Same,

    /// <summary>It cannot be found. For the return address: there is no caller.</summary>
    Undefined,

    /// <summary>It is in memory, at the canonical frame address plus <see cref="RegisterRule.Value"/>.</summary>
    AtOffset,

    /// <summary>It is the canonical frame address plus <see cref="RegisterRule.Value"/>.</summary>
    Offset,

    /// <summary>It is in the register numbered <see cref="RegisterRule.Value"/>.</summary>
    Register,

    /// <summary>It is in memory, where an expression says.</summary>
    AtExpression,

    /// <summary>It is what an expression says.</summary>
    Expression,
}

/// <summary>How one register of the caller is found.</summary>
/// <param name="Kind">The way.</param>
/// <param name="Value">An offset in bytes, a register, or where the expression begins in its section.</param>
/// <param name="Length">For expressions: their length in bytes.</param>
public readonly record struct RegisterRule(RegisterRuleKind Kind, long Value = 0, int Length = 0);

/// <summary>How the canonical frame address is found: what the stack pointer was in the caller, just before its call pushed the return address.</summary>
public enum FrameAddressKind : byte
{
    /// <summary>The table does not say.</summary>
    None,

    /// <summary>A register plus an offset.</summary>
    Register,

    /// <summary>An expression.</summary>
    Expression,
}

/// <summary>How the canonical frame address is found.</summary>
/// <param name="Kind">The way.</param>
/// <param name="Register">The register, in DWARF's numbering.</param>
/// <param name="Value">The offset in bytes, or where the expression begins in its section.</param>
/// <param name="Length">For expressions: their length in bytes.</param>
public readonly record struct FrameAddressRule(FrameAddressKind Kind, int Register, long Value, int Length = 0);
