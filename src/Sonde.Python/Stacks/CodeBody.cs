using Sonde.Python.Layouts;

namespace Sonde.Python.Stacks;

/// <summary>An instruction of a code object.</summary>
/// <param name="Offset">Where it begins, in bytes from the first instruction.</param>
/// <param name="Opcode">Its opcode, specialised or instrumented ones as they are in memory.</param>
/// <param name="Operand">Its operand, with the upper parts that instructions before it hold.</param>
readonly record struct PythonInstruction(int Offset, byte Opcode, int Operand);

/// <summary>The instructions of a code object and what they name.</summary>
sealed class CodeBody
{
    readonly List<PythonInstruction> _instructions = [];

    /// <param name="opcodes">The opcodes of the version.</param>
    /// <param name="bytes">The instructions.</param>
    /// <param name="caches">Whether instructions have cache entries behind them (3.11 and later).</param>
    public CodeBody(BytecodeLayout opcodes, byte[] bytes, bool caches)
    {
        Opcodes = opcodes;
        var extended = 0;
        for (var at = 0; at + 1 < bytes.Length; at += 2)
        {
            var opcode = bytes[at];
            var operand = extended << 8 | bytes[at + 1];
            if (opcodes.OperandOf(opcode) == OperandKind.Extended)
            {
                extended = operand;
                continue;
            }

            extended = 0;
            _instructions.Add(new(at, opcode, operand));
            IsHidden |= opcodes.Hidden.Contains(opcode);
            at += caches ? 2 * opcodes.CachesOf(opcode) : 0;
        }
    }

    /// <summary>The opcodes of the version.</summary>
    public BytecodeLayout Opcodes { get; }

    /// <summary>Whether a tool has put instructions in the place of others, so that some cannot be told.</summary>
    public bool IsHidden { get; }

    /// <summary>The names that instructions load, as texts.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The names that instructions load, as the addresses of string objects.</summary>
    public required IReadOnlyList<ulong> NameObjects { get; init; }

    /// <summary>The names of variables.</summary>
    public required IReadOnlyList<string> Variables { get; init; }

    /// <summary>The names of cells and free variables, up to 3.10.</summary>
    public required IReadOnlyList<string> Cells { get; init; }

    /// <summary>The addresses of constants.</summary>
    public required IReadOnlyList<ulong> Constants { get; init; }

    /// <summary>All instructions in order.</summary>
    public IReadOnlyList<PythonInstruction> Instructions => _instructions;

    /// <summary>The index of the instruction that an offset lies in, its cache entries included; -1 when there is none.</summary>
    public int IndexOf(int offset)
    {
        int low = 0, high = _instructions.Count - 1;
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (_instructions[middle].Offset <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    /// <summary>The text that an instruction loads by name; null when it loads none.</summary>
    public string? NameOf(in PythonInstruction instruction) => Opcodes.OperandOf(instruction.Opcode) switch
    {
        OperandKind.Name => Item(Names, instruction.Operand),
        OperandKind.NameTwice => Item(Names, instruction.Operand >> 1),
        OperandKind.NameFourTimes => Item(Names, instruction.Operand >> 2),
        _ => null,
    };

    /// <summary>The index of a variable that an instruction loads; -1 when it loads none. With two variables, the one loaded last.</summary>
    public int VariableOf(in PythonInstruction instruction) => Opcodes.OperandOf(instruction.Opcode) switch
    {
        OperandKind.Variable => instruction.Operand,
        OperandKind.Variables => instruction.Operand & 15,
        _ => -1,
    };

    /// <summary>An item, or the type's default where a damaged operand leads to none.</summary>
    public static T? Item<T>(IReadOnlyList<T> items, int index) => index >= 0 && index < items.Count ? items[index] : default;

    /// <summary>The function version in the cache of a call specialised to one (<c>_PyCallCache.func_version</c>, Include/internal/pycore_code.h); 0 when it is none.</summary>
    public uint CalledVersion(in PythonInstruction instruction, ReadOnlySpan<byte> cache)
    {
        const int version = 2;
        return Opcodes.VersionedCalls.Contains(instruction.Opcode) && cache.Length >= version + 4 ? System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(cache[version..]) : 0;
    }
}
