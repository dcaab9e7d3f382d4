using Iced.Intel;
using Sonde.Python.Inside;
using static Iced.Intel.AssemblerRegisters;

namespace Sonde.Engine.Flow.Inside;

/// <summary>The machine code of an agent, written for one interpreter and one session (x86-64, System V calling convention).</summary>
/// <remarks>
/// It runs while its thread holds the interpreter lock and never gives that up, so it is alone in its memory. It calls nothing that could run Python code, and changes
/// no object. Registers that it keeps throughout: rbx the private memory, r13 the shared memory, r12 the code object.
/// </remarks>
sealed partial class AgentCode
{
    /// <summary>The function that makes the module.</summary>
    public const string Initialise = "initialise";

    /// <summary>Functions of the module.</summary>
    public const string Start = "start", Stop = "stop", Install = "install", Remove = "remove";

    /// <summary>The callbacks of <c>sys.monitoring</c>: its event, the name in the module, and what it means.</summary>
    public static readonly (string Event, string Name, FlowEventKind Kind)[] Callbacks =
    [
        ("PY_START", "py_start", FlowEventKind.Call), ("PY_RESUME", "py_resume", FlowEventKind.Resume), ("PY_THROW", "py_throw", FlowEventKind.Resume),
        ("PY_RETURN", "py_return", FlowEventKind.Return), ("PY_YIELD", "py_yield", FlowEventKind.Suspend), ("PY_UNWIND", "py_unwind", FlowEventKind.Raise),
    ];

    readonly AgentLayout _layout;
    readonly AgentOptions _options;
    readonly Dictionary<string, int> _offsets = [];
    Assembler _code = new(64);
    Dictionary<string, Label> _functions = [];
    ulong _dataAddress;

    public AgentCode(AgentLayout layout, AgentOptions options)
    {
        (_layout, _options) = (layout, options);
        AgentMethod[] control = [new(Start, AgentMethod.Fast), new(Stop, AgentMethod.None)];
        if (layout.UsesMonitoring)
        {
            Imports = ["PyModuleDef_Init", "PyLong_FromLong", "PyLong_AsLong", "PyEval_SaveThread", "PyEval_RestoreThread", "_Py_NoneStruct", "PyThreadState_Get"];
            Data = new AgentData(Imports, [.. control, .. Callbacks.Select(each => new AgentMethod(each.Name, AgentMethod.Fast))]);
        }
        else
        {
            Imports = ["PyModuleDef_Init", "PyLong_FromLong", "PyLong_AsLong", "PyEval_SaveThread", "PyEval_RestoreThread", "PyThreadState_Get", "PyInterpreterState_Main", "PyInterpreterState_ThreadHead", "PyThreadState_Next"];
            Data = new AgentData(Imports, [.. control, new(Install, AgentMethod.None), new(Remove, AgentMethod.None)]);
        }

        // Where the code lies changes none of its lengths.
        Length = Assemble(0, 1 << 16).Length;
    }

    /// <summary>The symbols of the interpreter that it uses.</summary>
    public IReadOnlyList<string> Imports { get; }

    /// <summary>What it keeps and is known by.</summary>
    public AgentData Data { get; }

    /// <summary>Its length in bytes.</summary>
    public int Length { get; }

    /// <summary>Where a function begins.</summary>
    public int OffsetOf(string function) => _offsets[function];

    /// <summary>Writes the code for where it and the data will lie.</summary>
    public void CopyTo(Span<byte> contents, int codeAddress, int dataAddress) => Assemble((ulong)codeAddress, (ulong)dataAddress).CopyTo(contents);

    byte[] Assemble(ulong address, ulong dataAddress)
    {
        _code = new Assembler(64);
        _dataAddress = dataAddress;
        _functions = [];
        WriteInitialise();
        WriteStart();
        WriteStop();
        if (_layout.UsesMonitoring)
        {
            foreach (var (_, name, kind) in Callbacks)
            {
                WriteCallback(name, kind);
            }
        }
        else
        {
            WriteProfileFunction();
            WriteInstall();
            WriteRemove();
        }

        WriteAnnounceThread();
        WriteFindCode();
        WriteSendCode();
        using var bytes = new MemoryStream();
        var result = _code.Assemble(new StreamCodeWriter(bytes), address, BlockEncoderOptions.ReturnNewInstructionOffsets);
        foreach (var (name, label) in _functions)
        {
            _offsets[name] = (int)(result.GetLabelRIP(label) - address);
        }

        return bytes.ToArray();
    }

    /// <summary>Begins a function.</summary>
    void Begin(string name)
    {
        var label = FunctionLabel(name);
        _code.Label(ref label);
        _functions[name] = label;
    }

    /// <summary>The label of a function that may be written later.</summary>
    Label FunctionLabel(string name)
    {
        if (!_functions.TryGetValue(name, out var label))
        {
            label = _code.CreateLabel(name);
            _functions.Add(name, label);
        }

        return label;
    }

    /// <summary>A word of the data.</summary>
    MemoryOperand InData(int offset) => new(Register.RIP, (long)_dataAddress + offset);

    void LoadData(Register register, int offset) => _code.AddInstruction(Instruction.Create(Code.Mov_r64_rm64, register, InData(offset)));

    void StoreData(int offset, Register register) => _code.AddInstruction(Instruction.Create(Code.Mov_rm64_r64, InData(offset), register));

    void AddressOfData(Register register, int offset) => _code.AddInstruction(Instruction.Create(Code.Lea_r64_m, register, InData(offset)));

    void CallImport(string name) => _code.AddInstruction(Instruction.Create(Code.Call_rm64, InData(Data.Import(name))));

    void WriteInitialise()
    {
        Begin(Initialise);
        AddressOfData(rdi, Data.ModuleAt);
        _code.AddInstruction(Instruction.Create(Code.Jmp_rm64, InData(Data.Import("PyModuleDef_Init"))));
    }

    /// <summary>Saves the registers that a callback uses, with the stack aligned for calls.</summary>
    void Enter()
    {
        _code.push(rbx);
        _code.push(r12);
        _code.push(r13);
        _code.push(r14);
        _code.sub(rsp, 8);
    }

    void Leave()
    {
        _code.add(rsp, 8);
        _code.pop(r14);
        _code.pop(r13);
        _code.pop(r12);
        _code.pop(rbx);
        _code.ret();
    }
}

/// <summary>What a session asks of its agent.</summary>
/// <param name="RingBytes">Size of the ring; a power of two.</param>
/// <param name="FiltersCode">Whether decisions about code objects will come.</param>
/// <param name="PatienceTicks">The age of the heartbeat, in ticks of the time stamp counter, at which Sonde is taken for dead.</param>
/// <param name="HasProcessorRegister">Whether the processor has an instruction for its own number (RDPID), which costs less than RDTSCP.</param>
readonly record struct AgentOptions(int RingBytes, bool FiltersCode, long PatienceTicks, bool HasProcessorRegister);
