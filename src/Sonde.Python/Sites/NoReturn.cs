using Iced.Intel;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Unwind;

namespace Sonde.Python.Sites;

/// <summary>Tells which calls never come back, so that what follows them in memory is not taken for what follows them in time.</summary>
sealed class NoReturn
{
    /// <summary>Functions that end in nothing but further calls like these are shorter than this.</summary>
    const ulong MostBytes = 400;

    static readonly string[] _names =
    [
        "abort", "exit", "_exit", "__assert_fail", "__stack_chk_fail", "__fortify_fail", "__chk_fail",
        "_Py_FatalErrorFunc", "_Py_FatalErrorFormat", "_Py_FatalError_TstateNULL", "Py_FatalError", "Py_Exit",
    ];

    readonly ElfFile _image;
    readonly IReadOnlyList<FrameDescription> _functions;
    readonly Dictionary<ulong, bool> _known = [];
    readonly Lazy<Dictionary<ulong, ElfSymbol>> _imports;

    /// <summary>Prepares to answer for calls within an image.</summary>
    public NoReturn(ElfFile image, IReadOnlyList<FrameDescription> functions)
    {
        _image = image;
        _functions = functions;
        _imports = new(() => ImportStub.ReadWords(image));
        foreach (var name in _names)
        {
            if (image.TryFindSymbol(name, out var symbol))
            {
                _known[symbol.Value] = true;
            }
        }
    }

    /// <summary>Whether an instruction is a call that never returns.</summary>
    public bool IsCall(in Instruction instruction) =>
        instruction.FlowControl == FlowControl.Call && IsFunction(instruction.NearBranchTarget);

    bool IsFunction(ulong address)
    {
        if (!_known.TryGetValue(address, out var result))
        {
            result = ImportStub.TryRead(_image, address, out var word) ? IsImport(word) : EndsOnlyInCalls(address);
            _known[address] = result;
        }

        return result;
    }

    bool IsImport(ulong word)
    {
        if (!_imports.Value.TryGetValue(word, out var symbol))
        {
            return false;
        }

        if (_names.AsSpan().Contains(symbol.Name))
        {
            return true;
        }

        return symbol.IsDefined && (_known.TryGetValue(symbol.Value, out var result) ? result : EndsOnlyInCalls(symbol.Value));
    }

    /// <summary>A function without a return and without a jump out of itself cannot come back.</summary>
    bool EndsOnlyInCalls(ulong address)
    {
        if (!EhFrame.TryFind(_functions, address, out var function) || function.Start != address || function.End - function.Start >= MostBytes)
        {
            return false;
        }

        foreach (var instruction in InterpreterCode.Decode(_image, function))
        {
            switch (instruction.FlowControl)
            {
                case FlowControl.Return or FlowControl.IndirectBranch:
                case FlowControl.UnconditionalBranch or FlowControl.ConditionalBranch when !function.Contains(instruction.NearBranchTarget):
                    return false;
            }
        }

        return true;
    }
}
