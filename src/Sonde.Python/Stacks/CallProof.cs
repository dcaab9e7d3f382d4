using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Symbols;

namespace Sonde.Python.Stacks;

/// <summary>Proves that an instruction of one function really calls another, from what CPython itself keeps about the call.</summary>
/// <remarks>
/// Two frames read at different moments can look like a caller and its callee and never have been. A frame below another must be at an instruction that calls
/// it: by a name or constant that the call expression loads, by the object in the caller's variable or global of that name, by the function version in the
/// call's inline cache, or because the operator there is what a special method stands for.
/// </remarks>
sealed class CallProof(PythonRuntime runtime)
{
    readonly IMemory _memory = runtime.Memory;
    readonly RuntimeLayout _layout = runtime.Layout;
    readonly ObjectReader _objects = new(runtime.Memory, runtime.Version, runtime.Layout.Calls, ValueLayout.For(runtime.Version));
    readonly List<Entry> _globals = [];

    /// <summary>The special methods of operators by the operand of BINARY_OP (Include/opcode.h, <c>NB_ADD</c> and following); in-place forms follow from 13 on.</summary>
    static readonly string[] _operators = ["add", "and", "floordiv", "lshift", "matmul", "mul", "mod", "or", "pow", "rshift", "sub", "truediv", "xor"];

    /// <summary>Whether the caller's instruction calls the callee.</summary>
    /// <param name="caller">The caller's code.</param>
    /// <param name="offset">Its instruction, in bytes.</param>
    /// <param name="callerFrame">Its frame.</param>
    /// <param name="callee">The callee's code.</param>
    /// <param name="function">The callee's function object; 0 when unknown (up to 3.10).</param>
    public bool Proves(CodeObject caller, int offset, ulong callerFrame, CodeObject callee, ulong function)
    {
        if (caller.Body is not { IsHidden: false } body || body.IndexOf(offset) is not (>= 0 and var at))
        {
            return false;
        }

        var instruction = body.Instructions[at];
        return body.Opcodes.CallOf(instruction.Opcode) switch
        {
            null => false,
            "call" => IsNamed(body, caller, at, callerFrame, callee) || IsSpecialised(body, caller, instruction, callee, function),
            "iterate" => IsSpecial(callee, "next anext iter aiter await getitem len length_hint") || IsNamed(body, caller, at, callerFrame, callee),
            "attribute" => body.NameOf(instruction) == callee.Name || IsSpecial(callee, "getattr getattribute setattr delattr get set delete"),
            "import" => callee.Name is "<module>" or "__getattr__" || callee.File.StartsWith("<frozen importlib", StringComparison.Ordinal),
            "operate" => IsSpecial(callee, OperatorOf(instruction.Operand)),
            var stems => IsSpecial(callee, stems),
        };
    }

    static string OperatorOf(int operand) => operand < _operators.Length ? _operators[operand]
        : operand < 2 * _operators.Length ? _operators[operand - _operators.Length]
        : "getitem missing class_getitem";

    /// <summary>Whether a function is the special method of one of the stems: <c>__add__</c>, <c>__radd__</c> or <c>__iadd__</c> of "add".</summary>
    static bool IsSpecial(CodeObject callee, string stems)
    {
        var name = callee.Name.AsSpan();
        if (name.Length < 5 || !name.StartsWith("__") || !name.EndsWith("__"))
        {
            return false;
        }

        name = name[2..^2];
        foreach (var range in stems.AsSpan().Split(' '))
        {
            var stem = stems.AsSpan(range);
            if (name.SequenceEqual(stem) || (name.Length == stem.Length + 1 && name[0] is 'r' or 'i' && name[1..].SequenceEqual(stem)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether the expression that the instruction belongs to loads the callee, or something of its name.</summary>
    bool IsNamed(CodeBody body, CodeObject caller, int at, ulong callerFrame, CodeObject callee)
    {
        if (caller.Locate(body.Instructions[at].Offset) is not { } whole)
        {
            return false;
        }

        if (LeavesBlock(body, caller, at, whole))
        {
            return IsSpecial(callee, "exit aexit");
        }

        const int farthest = 4000;
        for (var i = at; i >= 0 && at - i < farthest; i--)
        {
            var instruction = body.Instructions[i];
            var kind = body.Opcodes.OperandOf(instruction.Opcode);
            if (kind == OperandKind.None || caller.Locate(instruction.Offset) is not { } part || !Contains(whole, part))
            {
                continue;
            }

            if (kind == OperandKind.Constant ? CodeBody.Item(body.Constants, instruction.Operand) == callee.Address
                : body.NameOf(instruction) is { } name ? Names(name, callee) || IsGlobal(body, instruction, callerFrame, callee)
                : IsVariable(body, instruction, callerFrame, callee))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the call is the one at the end of a <c>with</c> block. Since 3.11 it lies, like the three times None that it passes, at the whole statement (Python/compile.c,
    /// <c>compiler_call_exit_with_nones</c>), and so over everything that the block calls.
    /// </summary>
    static bool LeavesBlock(CodeBody body, CodeObject caller, int at, in SourceSpan whole)
    {
        const int passed = 3;
        var constants = 0;
        for (var i = at; whole.Column >= 0 && i >= 0 && constants < passed && caller.Locate(body.Instructions[i].Offset) == whole; i--)
        {
            constants += body.Opcodes.OperandOf(body.Instructions[i].Opcode) == OperandKind.Constant ? 1 : 0;
        }

        return constants == passed;
    }

    static bool Contains(in SourceSpan whole, in SourceSpan part) => whole.Column < 0
        ? part.Line >= whole.Line && part.EndLine <= whole.EndLine
        : (part.Line > whole.Line || (part.Line == whole.Line && part.Column >= whole.Column))
            && (part.EndLine < whole.EndLine || (part.EndLine == whole.EndLine && part.EndColumn <= whole.EndColumn));

    /// <summary>Whether a name is the callee's, or that of the class which calls the callee when it is called or inherited from.</summary>
    static bool Names(string name, CodeObject callee)
    {
        if (name == callee.Name)
        {
            return true;
        }

        var suffix = "." + callee.Name;
        return callee.Name is "__init__" or "__new__" or "__call__" or "__init_subclass__" or "__prepare__" && callee.Function.EndsWith(suffix, StringComparison.Ordinal)
            && callee.Function.AsSpan()[..^suffix.Length] is var owner && owner[(owner.LastIndexOf('.') + 1)..].SequenceEqual(name);
    }

    /// <summary>Whether the caller's variable holds the callee.</summary>
    bool IsVariable(CodeBody body, in PythonInstruction instruction, ulong callerFrame, CodeObject callee)
    {
        var isCell = body.Opcodes.OperandOf(instruction.Opcode) == OperandKind.Cell;
        var index = isCell ? body.Variables.Count + instruction.Operand : body.VariableOf(instruction);
        var name = isCell ? CodeBody.Item(body.Cells, instruction.Operand) : CodeBody.Item(body.Variables, index);
        return name is not null && (Names(name, callee)
            || (_memory.TryReadWord(unchecked(callerFrame + (ulong)_layout.FrameLocals + 8 * (ulong)index), out var slot) && Holds(slot & ~(ulong)_layout.Calls.CodeTagMask, callee)));
    }

    /// <summary>Whether the caller's global variable of the name that an instruction loads holds the callee.</summary>
    bool IsGlobal(CodeBody body, in PythonInstruction instruction, ulong callerFrame, CodeObject callee)
    {
        const int most = 1 << 14;
        var index = body.Opcodes.OperandOf(instruction.Opcode) == OperandKind.NameTwice ? instruction.Operand >> 1 : instruction.Operand;
        var name = CodeBody.Item(body.NameObjects, index);
        if (name == 0 || !_memory.TryReadWord(unchecked(callerFrame + (ulong)_layout.FrameGlobals), out var globals))
        {
            return false;
        }

        _objects.Begin();
        _globals.Clear();
        DictionaryReader.TryRead(_objects, globals, most, _globals, out _);
        // Names are interned: one string object for all of the same text.
        foreach (var entry in _globals)
        {
            if (entry.Key == name)
            {
                return Holds(entry.Value, callee);
            }
        }

        return false;
    }

    /// <summary>Whether an object is a function of the callee's code, a method of it, or a cell with either.</summary>
    bool Holds(ulong value, CodeObject callee)
    {
        // A cell's content and a method's function lie at the same place: Include/cpython/cellobject.h, classobject.h.
        const int inner = 16;
        for (var depth = 0; depth < 3 && value != 0; depth++)
        {
            if (_memory.TryReadWord(unchecked(value + (ulong)_layout.FunctionCode), out var code) && code == callee.Address)
            {
                return true;
            }

            _memory.TryReadWord(unchecked(value + inner), out value);
        }

        return false;
    }

    /// <summary>Whether the call has specialised itself to the callee (3.11 and later).</summary>
    bool IsSpecialised(CodeBody body, CodeObject caller, in PythonInstruction instruction, CodeObject callee, ulong function)
    {
        // As it is now: it may have specialised itself since the code was read.
        Span<byte> now = stackalloc byte[8];
        if (!_memory.TryRead(unchecked(caller.Instructions + (ulong)instruction.Offset), now))
        {
            return false;
        }

        var current = instruction with { Opcode = now[0] };
        if (body.Opcodes.InitializerCalls.Contains(current.Opcode))
        {
            return callee.Name == "__init__";
        }

        var version = body.CalledVersion(current, now[2..]);
        return version != 0 && function != 0 && _memory.TryReadInt32(unchecked(function + (ulong)_layout.FunctionVersion), out var actual) && (uint)actual == version
            && _memory.TryReadWord(unchecked(function + (ulong)_layout.FunctionCode), out var code) && code == callee.Address;
    }
}
