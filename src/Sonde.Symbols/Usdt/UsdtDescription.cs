using System.Globalization;
using System.Text;

namespace Sonde.Symbols.Usdt;

/// <summary>Puts an argument into words.</summary>
static class UsdtDescription
{
    public static string Of(UsdtArgument argument)
    {
        var what = Value(argument);
        return argument.Kind switch
        {
            UsdtOperandKind.Register when argument.Size > 8 => $"{what}, the low 8 in {argument.Register!.Value.Name}",
            UsdtOperandKind.Register when argument.RegisterShift > 0 => $"{what} in bits 8-15 of {argument.Register!.Value.Name}",
            UsdtOperandKind.Register => $"{what} in {argument.Register!.Value.Name}",
            UsdtOperandKind.Immediate => $"{what}, constant {Constant(argument)}",
            UsdtOperandKind.SymbolAddress => $"{what}, the address of {SymbolAndDisplacement(argument)}",
            UsdtOperandKind.Memory => $"{what} at {Place(argument)}",
            _ => $"unavailable: {argument.Unavailable}",
        };
    }

    static string Value(UsdtArgument argument)
    {
        if (argument.IsFloat)
        {
            return argument.Size == 16 ? "x87 80-bit float" : Invariant($"{argument.Size}-byte float");
        }

        return argument.Size is 1 or 2 or 4 or 8 || argument.Kind != UsdtOperandKind.Memory
            ? Invariant($"{argument.Size} {(argument.IsSigned ? "signed" : "unsigned")} byte{(argument.Size == 1 ? "" : "s")}")
            : Invariant($"{argument.Size} bytes");
    }

    static string Constant(UsdtArgument argument) => (argument.IsFloat, argument.Size) switch
    {
        (true, 8) => BitConverter.UInt64BitsToDouble((ulong)argument.Constant).ToString("R", CultureInfo.InvariantCulture),
        (true, 4) => BitConverter.UInt32BitsToSingle((uint)argument.Constant).ToString("R", CultureInfo.InvariantCulture),
        _ => argument.Constant.ToString(CultureInfo.InvariantCulture),
    };

    static string SymbolAndDisplacement(UsdtArgument argument) => argument.Displacement == 0
        ? argument.Symbol!
        : Invariant($"{argument.Symbol}{argument.Displacement:+0;-0}");

    static string Place(UsdtArgument argument)
    {
        if (argument is { Symbol: not null, Segment: null, Index: null, Modifier: null, Base: null or { Name: "rip" } })
        {
            return SymbolAndDisplacement(argument);
        }

        if (argument is { Symbol: not null, Modifier: "GOTPCREL" })
        {
            return $"the global offset table's slot of {argument.Symbol}";
        }

        var text = new StringBuilder("[");
        Add(argument.Segment is { } segment ? segment + " base" : null);
        Add(argument.Symbol is { } symbol ? (argument.Modifier is { } modifier ? $"{modifier}({symbol})" : symbol) : null);
        Add(argument.Base?.Name);
        if (argument.Index is { } index)
        {
            var extended = argument.Extend == UsdtExtend.None ? index.Name : Invariant($"{argument.Extend:g}({index.Name})").ToLowerInvariant();
            Add(argument.Scale == 1 ? extended : Invariant($"{extended}*{argument.Scale}"));
        }

        if (text.Length == 1)
        {
            text.Append(CultureInfo.InvariantCulture, $"{argument.Displacement}");
        }
        else if (argument.Displacement != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{argument.Displacement:+0;-0}");
        }

        return text.Append(']').ToString();

        void Add(string? part)
        {
            if (part is not null)
            {
                text.Append(text.Length > 1 ? "+" : "").Append(part);
            }
        }
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
