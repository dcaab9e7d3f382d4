namespace Sonde.Python.Layouts;

/// <summary>What the operand of an instruction that loads something names.</summary>
enum OperandKind : byte
{
    /// <summary>Nothing of interest.</summary>
    None,

    /// <summary>It is the upper part of the next instruction's operand.</summary>
    Extended,

    /// <summary>An index into <c>co_names</c>.</summary>
    Name,

    /// <summary>Twice an index into <c>co_names</c>, and a flag.</summary>
    NameTwice,

    /// <summary>Four times an index into <c>co_names</c>, and flags.</summary>
    NameFourTimes,

    /// <summary>An index into <c>co_consts</c>.</summary>
    Constant,

    /// <summary>An index into the variables.</summary>
    Variable,

    /// <summary>Two indices into the variables, of four bits each.</summary>
    Variables,

    /// <summary>An index into the cells and free variables, up to 3.10.</summary>
    Cell,
}

/// <summary>What the instructions of a version load, and which Python functions they can call.</summary>
sealed partial class BytecodeLayout
{
    readonly OperandKind[] _operands = new OperandKind[256];
    readonly string?[] _calls = new string?[256];
    readonly byte[] _caches = new byte[256];

    /// <param name="operands">Lines of an operand's kind and the opcodes that have it.</param>
    /// <param name="calls">Lines of what opcodes call, and the opcodes: "call", "iterate", "attribute", "import", "operate", or the stems of special methods' names.</param>
    /// <param name="caches">Lines of a number of cache entries and the opcodes that have as many behind them (3.11 and later).</param>
    BytecodeLayout(string operands, string calls, string caches = "")
    {
        foreach (var (kind, opcode) in Parse(operands))
        {
            _operands[opcode] = kind switch
            {
                "extended" => OperandKind.Extended,
                "name" => OperandKind.Name,
                "name/2" => OperandKind.NameTwice,
                "name/4" => OperandKind.NameFourTimes,
                "constant" => OperandKind.Constant,
                "variable" => OperandKind.Variable,
                "variables" => OperandKind.Variables,
                _ => OperandKind.Cell,
            };
        }

        foreach (var (kind, opcode) in Parse(calls))
        {
            _calls[opcode] = kind;
        }

        foreach (var (count, opcode) in Parse(caches))
        {
            _caches[opcode] = byte.Parse(count, System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    /// <summary>The opcodes of tools that stand in an instruction's place without telling which (INSTRUMENTED_LINE, INSTRUMENTED_INSTRUCTION).</summary>
    public IReadOnlyList<byte> Hidden { get; init; } = [];

    /// <summary>The calls specialised to a function, whose version is in the second and third cache entry.</summary>
    public IReadOnlyList<byte> VersionedCalls { get; init; } = [];

    /// <summary>The calls specialised to a class whose <c>__init__</c> is a Python function.</summary>
    public IReadOnlyList<byte> InitializerCalls { get; init; } = [];

    /// <summary>What an instruction's operand names.</summary>
    public OperandKind OperandOf(byte opcode) => _operands[opcode];

    /// <summary>What an instruction can call: a word of the table, or null.</summary>
    public string? CallOf(byte opcode) => _calls[opcode];

    /// <summary>How many cache entries of two bytes follow an instruction.</summary>
    public int CachesOf(byte opcode) => _caches[opcode];

    static IEnumerable<(string Kind, byte Opcode)> Parse(string table)
    {
        foreach (var line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            foreach (var range in line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var dash = range.IndexOf('-', StringComparison.Ordinal);
                var first = Number(dash < 0 ? range : range[..dash]);
                var last = Number(range[(dash + 1)..]);
                for (var opcode = first; opcode <= last; opcode++)
                {
                    yield return (line[..colon], (byte)opcode);
                }
            }
        }
    }

    static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
