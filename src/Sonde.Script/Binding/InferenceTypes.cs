using Sonde.Script.Types;

namespace Sonde.Script.Binding;

/// <summary>Not known yet, or of an expression with an error: goes with everything and is never complained about.</summary>
sealed record UnknownType : DataType
{
    public static readonly UnknownType Instance = new();

    public override int Size => 0;

    public override int Alignment => 1;

    public override string ToString() => "none";
}

/// <summary>Only numbers written in the script that are not negative: fits signed and unsigned alike. Stands in inference only.</summary>
/// <param name="Largest">The largest of them.</param>
sealed record LiteralType(ulong Largest) : DataType
{
    public override int Size => Literals.TypeOf(Largest).Size;

    public override int Alignment => Size;

    public override bool IsScalar => true;

    public override string ToString() => Literals.TypeOf(Largest).ToString();
}
