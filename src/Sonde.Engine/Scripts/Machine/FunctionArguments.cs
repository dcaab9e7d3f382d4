using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Types;
using Sonde.Symbols.Dwarf;

namespace Sonde.Engine.Scripts.Machine;

/// <summary>Where a function's parameters are when its first instruction is reached.</summary>
/// <remarks>
/// By the calling convention (System V AMD64 ABI, 3.2.3), except where the debug information of optimised code names a register: copies of a function
/// that the compiler made for itself may keep to no convention.
/// </remarks>
static class FunctionArguments
{
    const int FirstStackArgument = 8; // above the return address
    const int VectorRegisters = 8;

    static readonly byte[] _integerRegisters = [7, 6, 2, 1, 8, 9]; // rdi, rsi, rdx, rcx, r8, r9

    /// <summary>DWARF's numbers of the general registers, as the ones instructions use (System V AMD64 ABI, figure 3.36).</summary>
    static readonly byte[] _dwarfRegisters = [0, 2, 1, 3, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];

    /// <summary>The named parameters with their places.</summary>
    public static IReadOnlyList<ProbeArgument> Of(DwarfFunction function, DwarfTypeReader types)
    {
        var arguments = new List<ProbeArgument>();
        var place = new Places();
        if (types.Read(function.ReturnType) is StructType { Size: > 16 })
        {
            // The caller says in the first register where the result is to go.
            place.Integer();
        }

        foreach (var parameter in function.Parameters)
        {
            var type = types.Read(parameter.Type);
            var source = place.Next(type);
            if (parameter.Location is { Kind: DwarfLocationKind.Register, Register: >= 0 and < 16 } known && type.IsScalar)
            {
                source = new RegisterSource(PtRegs.Offset(_dwarfRegisters[known.Register]));
            }
            else if (parameter.Location.Kind == DwarfLocationKind.None && IsCopy(function))
            {
                source = new UnavailableSource($"the compiler made a copy of {function.Name} that is not given it");
            }

            if (parameter.Name is { Length: > 0 } name)
            {
                arguments.Add(new(name, type, source));
            }
        }

        return arguments;
    }

    /// <summary>A parameter as a declaration: <c>struct point* p</c>.</summary>
    public static string Declare(DwarfParameter parameter) =>
        $"{(parameter.Type?.ToString() ?? "void").Replace(" *", "*", StringComparison.Ordinal)} {parameter.Name}".TrimEnd();

    static bool IsCopy(DwarfFunction function) => function.LinkageName is { } linked
        && (linked.Contains(".isra", StringComparison.Ordinal) || linked.Contains(".constprop", StringComparison.Ordinal) || linked.Contains(".part", StringComparison.Ordinal));

    /// <summary>Hands out registers and stack in the order of the parameters.</summary>
    sealed class Places
    {
        int _integers;
        int _vectors;
        int _stack = FirstStackArgument;

        public ArgumentSource Next(DataType type) => type switch
        {
            FloatType => _vectors++ < VectorRegisters ? new UnavailableSource("it is in a floating-point register, which the kernel does not show") : Stack(8, 8),
            StructType or ArrayType or VoidType => Aggregate(type),
            _ => Integer(),
        };

        public ArgumentSource Integer() =>
            _integers < _integerRegisters.Length ? new RegisterSource(PtRegs.Offset(_integerRegisters[_integers++])) : Stack(8, 8);

        ArgumentSource Aggregate(DataType type)
        {
            if (type.Size == 0)
            {
                return new UnavailableSource("its type is not known");
            }

            var words = (type.Size + 7) / 8;
            var floats = Floats(type, 0);
            if (words > 2 || (!floats && _integers + words > _integerRegisters.Length))
            {
                return Stack(type.Size, words > 1 && type.Alignment > 8 ? 16 : 8);
            }

            if (floats)
            {
                // Which of its halves went where is not worth finding out: at least one is in a vector register.
                _vectors++;
                return new UnavailableSource("it is, at least in part, in a floating-point register, which the kernel does not show");
            }

            var first = _integerRegisters[_integers];
            _integers += words;
            return words == 1
                ? new ContextSource(PtRegs.Offset(first))
                : new UnavailableSource("it is a structure in two registers, which can only be read as arg0 and its like");
        }

        StackSource Stack(int size, int alignment)
        {
            var at = (_stack - FirstStackArgument + alignment - 1) / alignment * alignment + FirstStackArgument;
            _stack = at + (size + 7) / 8 * 8;
            return new StackSource(at);
        }

        static bool Floats(DataType type, int depth) => type switch
        {
            FloatType => true,
            StructType structure => depth < 4 && structure.Fields.Any(field => Floats(field.Type, depth + 1)),
            ArrayType array => depth < 4 && Floats(array.Element, depth + 1),
            _ => false,
        };
    }
}
