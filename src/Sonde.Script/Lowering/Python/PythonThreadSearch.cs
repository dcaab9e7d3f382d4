using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes the function that finds the Python frame the current thread runs, when no register of the probe holds it.</summary>
/// <remarks>
/// The process is looked up by its number; one that is not known is asked about. In a Python process the thread's state is the one in the interpreters' lists
/// whose <c>thread_id</c> is the thread pointer; of several, in sub-interpreters, that of the oldest interpreter that has frames, since one that only made an interpreter has a
/// state without any in it. Found once it is remembered by the thread's number, and held against the thread pointer and its neighbours in
/// the list at each use: memory of a state that is gone is not read as one. A process that began another program, or has the number of one that ended, has
/// other memory (<c>task_struct.mm</c>), and is asked about again.
/// Parameter: the walk, which is given the frame and the interpreter's number.
/// </remarks>
sealed class PythonThreadSearch(IrProgram program, PythonMaps maps, PythonSends sends, KernelThreadLayout threads)
{
    /// <summary>The function's answer when the thread runs no Python now.</summary>
    public const int None = 0;

    /// <summary>Its answer when the frame is there.</summary>
    public const int Found = 1;

    /// <summary>Its answer when that could not be told, which is counted.</summary>
    public const int Unknown = 2;

    /// <summary>The most thread states that are looked at.</summary>
    const int MostThreads = 8192;

    /// <summary>A new thread gets its state in a moment: so often it is looked for without delay.</summary>
    const int FirstSearches = 64;

    /// <summary>Later a thread without a state is looked for again after this time, in nanoseconds.</summary>
    const long ThreadPatienceNs = 10_000_000;

    /// <summary>How long an answer about a process is waited for before it is asked about again.</summary>
    const long AnswerPatienceNs = 100_000_000;

    IrBuilder _ir = null!;
    VirtualRegister _walk;

    /// <summary>Writes it.</summary>
    public IrFunction Write()
    {
        var function = new IrFunction("python_find", 1);
        program.Functions.Add(function);
        _ir = new IrBuilder(function);
        _walk = function.Parameters[0];
        var (none, unreadable, have) = (_ir.NewBlock("none"), _ir.NewBlock("unreadable"), _ir.NewBlock("have"));
        var task = _ir.Call(Helper.GetCurrentTask);
        ReadKernel(PythonMaps.WalkMemory, task, threads.Memory, none);
        ReadKernel(PythonMaps.WalkThreadPointer, task, threads.ThreadPointer, none);
        // Threads of the kernel have no memory.
        var user = _ir.NewBlock("user");
        _ir.Branch(Condition.Equal, Walked(PythonMaps.WalkMemory), 0, none, user);
        _ir.MoveTo(user);
        FindProcess(none);
        var row = PythonRows.Find(_ir, maps, _walk);
        var state = FindThread(row, none, unreadable, have);

        _ir.MoveTo(have);
        row = PythonRows.Find(_ir, maps, _walk);
        var found = _ir.NewBlock("found");
        var result = FindFrame(_ir, row, new IrAddress(_walk, PythonMaps.WalkWord), state, found, none, unreadable);
        _ir.MoveTo(found);
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkFrameAddress), result);
        _ir.Return(Found);

        _ir.MoveTo(unreadable);
        sends.CountLoss(_ir, LossKind.Python);
        _ir.Return(Unknown);
        _ir.MoveTo(none);
        _ir.Return(None);
        return function;
    }

    /// <summary>Goes to <paramref name="found"/> with the innermost frame of a thread state, or to <paramref name="none"/>.</summary>
    static VirtualRegister FindFrame(IrBuilder ir, VirtualRegister row, IrAddress word, VirtualRegister state, BasicBlock found, BasicBlock none, BasicBlock unreadable)
    {
        var (direct, inside, nested) = (ir.NewBlock("direct"), ir.NewBlock("inside"), ir.NewBlock("nested"));
        var result = ir.Copy(PythonRows.Pointer(ir, word, ir.Arithmetic(IrOperation.Add, state, PythonRows.Number(ir, row, PythonImageRow.ThreadFrame)), unreadable));
        ir.Branch(Condition.Equal, PythonRows.Number(ir, row, PythonImageRow.FrameInCFrame), 0, direct, inside);
        ir.MoveTo(inside);
        ir.Branch(Condition.Equal, result, 0, none, nested);
        ir.MoveTo(nested);
        var at = ir.Arithmetic(IrOperation.Add, result, ir.Arithmetic(IrOperation.Subtract, PythonRows.Number(ir, row, PythonImageRow.FrameInCFrame), 1));
        ir.Move(result, PythonRows.Pointer(ir, word, at, unreadable));
        ir.Jump(direct);
        ir.MoveTo(direct);
        ir.Branch(Condition.Equal, result, 0, none, found);
        return result;
    }

    VirtualRegister Walked(int offset) => _ir.Load(Size.Double, new IrAddress(_walk, offset));

    VirtualRegister Pointer(VirtualRegister from, BasicBlock unreadable) => PythonRows.Pointer(_ir, new IrAddress(_walk, PythonMaps.WalkWord), from, unreadable);

    void ReadKernel(int to, VirtualRegister task, int field, BasicBlock failed)
    {
        var read = _ir.NewBlock("kernel_read");
        var answer = _ir.Call(Helper.ProbeReadKernel, new IrAddress(_walk, to), 8, _ir.Arithmetic(IrOperation.Add, task, field));
        _ir.Branch(Condition.Equal, answer, 0, read, failed);
        _ir.MoveTo(read);
    }

    /// <summary>Goes on for a process that is known to run Python.</summary>
    void FindProcess(BasicBlock none)
    {
        var (known, fresh, adopt, same, other, python, waiting, asked, ask) =
            (_ir.NewBlock("process"), _ir.NewBlock("process_new"), _ir.NewBlock("adopt"), _ir.NewBlock("same"), _ir.NewBlock("other"), _ir.NewBlock("python"), _ir.NewBlock("waiting"), _ir.NewBlock("asked"), _ir.NewBlock("ask"));
        var process = _ir.Call(Helper.MapLookupElem, maps.Processes!, new IrAddress(_walk, PythonMaps.WalkProcess));
        _ir.Branch(Condition.Equal, process, 0, ask, known);
        _ir.MoveTo(known);
        var memory = _ir.Load(Size.Double, new IrAddress(process, PythonMaps.ProcessMemory));
        _ir.Branch(Condition.Equal, memory, 0, adopt, fresh);
        _ir.MoveTo(adopt);
        _ir.Store(Size.Double, new IrAddress(process, PythonMaps.ProcessMemory), Walked(PythonMaps.WalkMemory));
        _ir.Jump(same);
        _ir.MoveTo(fresh);
        _ir.Branch(Condition.Equal, memory, Walked(PythonMaps.WalkMemory), same, ask);
        _ir.MoveTo(same);
        _ir.Branch(Condition.Equal, _ir.Load(Size.Word, new IrAddress(process, PythonMaps.ProcessState)), (int)PythonProcessState.Python, python, other);
        _ir.MoveTo(other);
        _ir.Branch(Condition.Less, _ir.Call(Helper.KtimeGetNs), _ir.Load(Size.Double, new IrAddress(process, PythonMaps.ProcessUntil)), waiting, ask);
        _ir.MoveTo(waiting);
        _ir.Branch(Condition.Equal, _ir.Load(Size.Word, new IrAddress(process, PythonMaps.ProcessState)), (int)PythonProcessState.Asked, asked, none);
        _ir.MoveTo(ask);
        Ask();
        _ir.Jump(asked);
        _ir.MoveTo(asked);
        sends.CountLoss(_ir, LossKind.PythonProcess);
        _ir.Return(Unknown);
        _ir.MoveTo(python);
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkImage), _ir.Load(Size.Word, new IrAddress(process, PythonMaps.ProcessImage)));
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkHead), _ir.Load(Size.Double, new IrAddress(process, PythonMaps.ProcessHead)));
    }

    /// <summary>Asks user space what the process runs.</summary>
    void Ask()
    {
        var value = _ir.Function.NewSlot("process", PythonMaps.ProcessSize);
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ProcessState), (int)PythonProcessState.Asked);
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ProcessHead), 0);
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ProcessMemory), Walked(PythonMaps.WalkMemory));
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ProcessUntil), _ir.Arithmetic(IrOperation.Add, _ir.Call(Helper.KtimeGetNs), AnswerPatienceNs));
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Processes!, new IrAddress(_walk, PythonMaps.WalkProcess), value, 0]));
        _ir.Store(Size.Double, new IrAddress(value), sends.ProcessAction);
        _ir.Store(Size.Double, new IrAddress(value, PythonProcessRecord.Process), Walked(PythonMaps.WalkProcess));
        _ir.Store(Size.Double, new IrAddress(value, PythonProcessRecord.Memory), Walked(PythonMaps.WalkMemory));
        _ir.Add(new IrCallHelper(null, Helper.RingbufOutput, [sends.Ring, value, PythonProcessRecord.Size, 0]));
    }

    /// <summary>Goes to <paramref name="have"/> with the thread state.</summary>
    VirtualRegister FindThread(VirtualRegister row, BasicBlock none, BasicBlock unreadable, BasicBlock have)
    {
        var state = _ir.Function.NewRegister();
        var searches = _ir.Constant(0);
        var key = _ir.Function.NewSlot("thread", 8);
        var (known, pointed, own, stateless, search, verify) =
            (_ir.NewBlock("thread_known"), _ir.NewBlock("thread_pointed"), _ir.NewBlock("thread_own"), _ir.NewBlock("stateless"), _ir.NewBlock("search"), _ir.NewBlock("verify"));
        _ir.Store(Size.Double, new IrAddress(key), _ir.Extend(_ir.Call(Helper.GetCurrentPidTgid), 32, isSigned: false));
        var thread = _ir.Call(Helper.MapLookupElem, maps.Threads!, key);
        _ir.Branch(Condition.Equal, thread, 0, search, known);
        _ir.MoveTo(known);
        _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadPointer)), Walked(PythonMaps.WalkThreadPointer), pointed, search);
        _ir.MoveTo(pointed);
        _ir.Branch(Condition.Equal, _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadMemory)), Walked(PythonMaps.WalkMemory), own, search);
        _ir.MoveTo(own);
        _ir.Move(searches, _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadSearches)));
        _ir.Move(state, _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadAddress)));
        _ir.Branch(Condition.Equal, state, 0, stateless, verify);
        _ir.MoveTo(stateless);
        var late = _ir.NewBlock("late");
        _ir.Branch(Condition.Less, searches, FirstSearches, search, late);
        _ir.MoveTo(late);
        _ir.Branch(Condition.Less, _ir.Call(Helper.KtimeGetNs), _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadUntil)), none, search);
        _ir.MoveTo(verify);
        var (verified, frameless) = (_ir.NewBlock("verified"), _ir.NewBlock("frameless"));
        Verify(row, state, search, verified);
        // The thread may run in another interpreter than when its state was found.
        _ir.MoveTo(verified);
        FindFrame(_ir, row, new IrAddress(_walk, PythonMaps.WalkWord), state, have, frameless, search);
        _ir.MoveTo(frameless);
        _ir.Branch(Condition.Less, _ir.Call(Helper.KtimeGetNs), _ir.Load(Size.Double, new IrAddress(thread, PythonMaps.ThreadUntil)), none, search);

        _ir.MoveTo(search);
        Search(key, state, searches, none, unreadable, have);
        return state;
    }

    /// <summary>Whether a state is still this thread's, and in the list.</summary>
    void Verify(VirtualRegister row, VirtualRegister state, BasicBlock gone, BasicBlock holds)
    {
        var (linked, before, after, alone) = (_ir.NewBlock("linked"), _ir.NewBlock("before"), _ir.NewBlock("after"), _ir.NewBlock("alone"));
        var id = Pointer(_ir.Arithmetic(IrOperation.Add, state, PythonRows.Number(_ir, row, PythonImageRow.ThreadId)), gone);
        var same = _ir.NewBlock("same_thread");
        _ir.Branch(Condition.Equal, id, Walked(PythonMaps.WalkThreadPointer), same, gone);
        _ir.MoveTo(same);
        var links = PythonRows.Number(_ir, row, PythonImageRow.ThreadLinks);
        var answer = _ir.Call(Helper.ProbeReadUser, new IrAddress(_walk, PythonMaps.WalkLinks), 16, _ir.Arithmetic(IrOperation.Add, state, links));
        _ir.Branch(Condition.Equal, answer, 0, linked, gone);
        _ir.MoveTo(linked);
        var previous = Walked(PythonMaps.WalkLinks);
        _ir.Branch(Condition.NotEqual, previous, 0, before, after);
        _ir.MoveTo(before);
        _ir.Branch(Condition.Equal, Pointer(_ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Add, previous, links), 8), gone), state, holds, gone);
        _ir.MoveTo(after);
        var next = Walked(PythonMaps.WalkLinks + 8);
        _ir.Branch(Condition.NotEqual, next, 0, alone, holds);
        _ir.MoveTo(alone);
        _ir.Branch(Condition.Equal, Pointer(_ir.Arithmetic(IrOperation.Add, next, links), gone), state, holds, gone);
    }

    void Search(StackSlot key, VirtualRegister state, VirtualRegister searches, BasicBlock none, BasicBlock unreadable, BasicBlock have)
    {
        var holder = _ir.Function.NewSlot("walk", 8);
        var value = _ir.Function.NewSlot("thread_value", PythonMaps.ThreadSize);
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkThread), 0);
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkFound), 0);
        _ir.Store(Size.Double, new IrAddress(_walk, PythonMaps.WalkInterpreter), Pointer(Walked(PythonMaps.WalkHead), unreadable));
        _ir.Store(Size.Double, new IrAddress(holder), _walk);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [MostThreads, WriteTurn(), holder, 0]));
        _ir.Move(state, Walked(PythonMaps.WalkFound));
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ThreadAddress), state);
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ThreadPointer), Walked(PythonMaps.WalkThreadPointer));
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ThreadMemory), Walked(PythonMaps.WalkMemory));
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ThreadSearches), _ir.Arithmetic(IrOperation.Add, searches, 1));
        _ir.Store(Size.Double, new IrAddress(value, PythonMaps.ThreadUntil), _ir.Arithmetic(IrOperation.Add, _ir.Call(Helper.KtimeGetNs), ThreadPatienceNs));
        _ir.Add(new IrCallHelper(null, Helper.MapUpdateElem, [maps.Threads!, key, value, 0]));
        _ir.Branch(Condition.NotEqual, state, 0, have, none);
    }

    /// <summary>One thread state, or the step to the next interpreter.</summary>
    IrFunction WriteTurn()
    {
        var function = new IrFunction("python_thread", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var walk = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var row = PythonRows.Find(ir, maps, walk);
        var word = new IrAddress(walk, PythonMaps.WalkWord);
        var (thread, interpreter, there, found, other, end) =
            (ir.NewBlock("thread"), ir.NewBlock("interpreter"), ir.NewBlock("there"), ir.NewBlock("found"), ir.NewBlock("other"), ir.NewBlock("end"));
        var state = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkThread));
        ir.Branch(Condition.Equal, state, 0, interpreter, thread);
        ir.MoveTo(interpreter);
        var current = ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkInterpreter));
        ir.Branch(Condition.Equal, current, 0, end, there);
        ir.MoveTo(there);
        var newest = PythonRows.Pointer(ir, word, ir.Arithmetic(IrOperation.Add, current, PythonRows.Number(ir, row, PythonImageRow.InterpreterThreads)), end);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkThread), newest);
        var following = PythonRows.Pointer(ir, word, ir.Arithmetic(IrOperation.Add, current, PythonRows.Number(ir, row, PythonImageRow.InterpreterNext)), end);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkInterpreter), following);
        ir.Return(0);

        ir.MoveTo(thread);
        var id = PythonRows.Pointer(ir, word, ir.Arithmetic(IrOperation.Add, state, PythonRows.Number(ir, row, PythonImageRow.ThreadId)), end);
        ir.Branch(Condition.Equal, id, ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkThreadPointer)), found, other);
        ir.MoveTo(found);
        var (withFrames, bare, firstFound) = (ir.NewBlock("with_frames"), ir.NewBlock("bare"), ir.NewBlock("first_found"));
        // What cannot be read is told when this is the only one.
        FindFrame(ir, row, word, state, withFrames, bare, bare);
        ir.MoveTo(bare);
        ir.Branch(Condition.Equal, ir.Load(Size.Double, new IrAddress(walk, PythonMaps.WalkFound)), 0, firstFound, other);
        ir.MoveTo(firstFound);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkFound), state);
        ir.Jump(other);
        // The lists begin with the newest interpreter.
        ir.MoveTo(withFrames);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkFound), state);
        ir.Jump(other);
        ir.MoveTo(other);
        var next = PythonRows.Pointer(ir, word, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, state, PythonRows.Number(ir, row, PythonImageRow.ThreadLinks)), 8), end);
        ir.Store(Size.Double, new IrAddress(walk, PythonMaps.WalkThread), next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }
}
