using System.Buffers.Binary;
using System.Text;

namespace Sonde.Engine.Flow.Inside;

/// <summary>The writable part of an agent: pointers to its memory, addresses that the dynamic linker fills in, and the tables that make it an extension module.</summary>
/// <remarks>PyModuleDef and PyMethodDef: Include/moduleobject.h and Include/methodobject.h, part of the stable ABI since 3.2.</remarks>
sealed class AgentData
{
    /// <summary>Where the private memory is; what is at <see cref="Idle"/> before and after.</summary>
    public const int Control = 0;

    /// <summary><c>sys.monitoring.DISABLE</c>.</summary>
    public const int Disable = 8;

    /// <summary>The interpreter whose threads have the profile function.</summary>
    public const int Interpreter = 16;

    /// <summary>A private memory without a ring.</summary>
    public const int Idle = 64;

    const int ImportsAt = 128, ModuleSize = 104, MethodSize = 32, RefCount = 0, ModuleName = 40, ModuleMethods = 64, MethodCode = 8, MethodFlags = 16;

    readonly IReadOnlyList<string> _imports;
    readonly IReadOnlyList<AgentMethod> _methods;
    readonly List<(int At, int Target)> _texts = [];
    readonly byte[] _bytes;
    readonly int _methodsAt;

    public AgentData(IReadOnlyList<string> imports, IReadOnlyList<AgentMethod> methods)
    {
        (_imports, _methods) = (imports, methods);
        ModuleAt = ImportsAt + 8 * imports.Count;
        _methodsAt = ModuleAt + ModuleSize;
        var text = new List<byte>();
        var textAt = _methodsAt + MethodSize * (methods.Count + 1);
        AddText(ModuleAt + ModuleName, AgentImage.ModuleName);
        for (var i = 0; i < methods.Count; i++)
        {
            AddText(_methodsAt + MethodSize * i, methods[i].Name);
        }

        _bytes = new byte[textAt + text.Count];
        text.CopyTo(_bytes, textAt);
        BinaryPrimitives.WriteInt64LittleEndian(_bytes.AsSpan(ModuleAt + RefCount), 1);
        for (var i = 0; i < methods.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_methodsAt + MethodSize * i + MethodFlags), methods[i].Flags);
        }

        void AddText(int at, string name)
        {
            _texts.Add((at, textAt + text.Count));
            text.AddRange(Encoding.ASCII.GetBytes(name));
            text.Add(0);
        }
    }

    public int Length => _bytes.Length;

    /// <summary>The module's definition.</summary>
    public int ModuleAt { get; }

    /// <summary>Where the address of an imported symbol is.</summary>
    public int Import(string name) => ImportsAt + 8 * _imports.ToList().IndexOf(name);

    public void CopyTo(Span<byte> contents) => _bytes.CopyTo(contents);

    /// <summary>The words that hold addresses of the object itself: where, and what of it, as offsets in the data or, for methods, in the code.</summary>
    public IEnumerable<(int At, int Target, bool InCode)> Pointers(Func<string, int> codeOf)
    {
        yield return (Control, Idle, false);
        yield return (ModuleAt + ModuleMethods, _methodsAt, false);
        foreach (var (at, target) in _texts)
        {
            yield return (at, target, false);
        }

        for (var i = 0; i < _methods.Count; i++)
        {
            yield return (_methodsAt + MethodSize * i + MethodCode, codeOf(_methods[i].Name), true);
        }
    }
}

/// <summary>A function of the agent that Python code can call.</summary>
/// <param name="Name">Its name, in the module and in the code.</param>
/// <param name="Flags">How it takes arguments: <see cref="Fast"/>, <see cref="None"/>, <see cref="One"/>.</param>
readonly record struct AgentMethod(string Name, int Flags)
{
    /// <summary>METH_FASTCALL: an array of arguments and their number (3.7 and later).</summary>
    public const int Fast = 0x80;

    /// <summary>METH_NOARGS.</summary>
    public const int None = 4;

    /// <summary>METH_O: one argument.</summary>
    public const int One = 8;
}
