using Iced.Intel;
using Sonde.Python.Inside;
using Sonde.Python.Layouts;
using static Iced.Intel.AssemblerRegisters;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

/// <remarks>
/// Up to 3.11 a profile function belongs to a thread. It is put into the threads that there are, and into each new one before it has run anything: whoever starts a thread
/// does so by calling a C function (<c>_thread.start_new_thread</c>), after which the profile function is called (<c>PyTrace_C_RETURN</c>) with the lock still held and
/// the new thread's state already in the interpreter's list. One made by C code (<c>PyGILState_Ensure</c>) is found at the next such call or change of threads.
/// </remarks>
sealed partial class AgentCode
{
    // Include/cpython/pystate.h
    const int TraceCall = 0, TraceReturn = 3, TraceCReturn = 6;

    const string Profile = "profile", ProfileAll = "profile_all";

    /// <summary><c>int profile(PyObject *, PyFrameObject *, int what, PyObject *result)</c>.</summary>
    void WriteProfileFunction()
    {
        var (called, created, idle, full, fullExit, nothing) =
            (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        Begin(Profile);
        _code.cmp(edx, TraceReturn);
        _code.je(called);
        _code.test(edx, edx);
        _code.je(called);
        _code.cmp(edx, TraceCReturn);
        _code.je(created);
        _code.xor(eax, eax);
        _code.ret();

        _code.Label(ref called);
        Enter();
        LoadData(rbx, AgentData.Control);
        _code.mov(r13, __qword_ptr[rbx + ControlRing]);
        _code.test(r13, r13);
        _code.je(idle);
        if (_layout.FrameObjectFrame is { } inner)
        {
            _code.mov(rsi, __qword_ptr[rsi + inner]);
        }

        _code.mov(r12, __qword_ptr[rsi + _layout.Calls.FrameCode]);
        _code.mov(rdi, __qword_ptr[rsi + _layout.Calls.FramePrevious]);
        var exit = _code.CreateLabel();
        _code.cmp(edx, TraceCall);
        _code.jne(exit);
        TellResumption();
        RequireCurrentThread(full);
        FindCode(isEntry: true, nothing);
        WriteEvent(isEntry: true, full, idle, () => _code.or(rax, r14));
        _code.Label(ref nothing);
        _code.xor(eax, eax);
        Leave();

        _code.Label(ref exit);
        TellWayOut();
        RequireCurrentThread(fullExit);
        if (_options.FiltersCode)
        {
            FindCode(isEntry: false, nothing);
        }

        WriteEvent(isEntry: false, fullExit, idle, () => _code.or(rax, r14));
        _code.xor(eax, eax);
        Leave();

        _code.Label(ref full);
        _code.inc(__qword_ptr[r13 + LostEntriesAt]);
        _code.jmp(nothing);
        _code.Label(ref fullExit);
        _code.inc(__qword_ptr[r13 + LostExitsAt]);
        _code.jmp(nothing);

        // use_tracing follows when the interpreter comes back from here (call_trace, Python/ceval.c).
        _code.Label(ref idle);
        CallImport("PyThreadState_Get");
        _code.mov(__qword_ptr[rax + _layout.ThreadProfileFunction], 0);
        _code.jmp(nothing);

        // An agent that was stopped goes at once, also from threads that call no Python: in 3.11 what is injected may wait for ever in a thread that is traced, when more
        // comes meanwhile (RESUME looks for pending calls again and again, which are not made while others are; DO_TRACING, Python/ceval.c).
        var (unneeded, leave) = (_code.CreateLabel(), _code.CreateLabel());
        _code.Label(ref created);
        _code.push(rbx);
        LoadData(rbx, AgentData.Control);
        _code.mov(rax, __qword_ptr[rbx + ControlRing]);
        _code.test(rax, rax);
        _code.je(unneeded);
        _code.cmp(__qword_ptr[rax + HeartbeatAt], 0);
        _code.jl(unneeded);
        ProfileNewThreads(leave);
        _code.jmp(leave);
        _code.Label(ref unneeded);
        CallImport("PyThreadState_Get");
        _code.mov(__qword_ptr[rax + _layout.ThreadProfileFunction], 0);
        _code.Label(ref leave);
        _code.pop(rbx);
        _code.xor(eax, eax);
        _code.ret();
    }

    /// <summary>Gives every thread the profile function if the newest one does not have it; the newest is the first of the list. The stack must be aligned.</summary>
    void ProfileNewThreads(Label known)
    {
        LoadData(rdi, AgentData.Interpreter);
        CallImport("PyInterpreterState_ThreadHead");
        _code.lea(rcx, __[FunctionLabel(Profile)]);
        _code.cmp(__qword_ptr[rax + _layout.ThreadProfileFunction], rcx);
        _code.je(known);
        _code.call(FunctionLabel(ProfileAll));
    }

    /// <summary>New threads set what was announced back to nothing, so pthread_self, which the next thread may have again, tells threads apart.</summary>
    void RequireCurrentThread(Label full)
    {
        _code.mov(rcx, __qword_ptr.fs[0]);
        RequireThread(full);
    }

    /// <summary>r14: whether the frame rsi is called or goes on. Up to 3.10 f_lasti is negative before a start; in 3.11 a start is at a RESUME with operand 0.</summary>
    void TellResumption()
    {
        var (resumed, told) = (_code.CreateLabel(), _code.CreateLabel());
        _code.mov(r14d, (int)FlowEventKind.Call);
        if (_layout.FrameObjectFrame is null)
        {
            _code.cmp(__dword_ptr[rsi + _layout.Calls.FrameInstruction], 0);
            _code.jl(told);
        }
        else
        {
            var found = _code.CreateLabel();
            _code.mov(rax, __qword_ptr[rsi + _layout.Calls.FrameInstruction]);
            _code.movzx(ecx, __byte_ptr[rax]);
            foreach (var opcode in _layout.Calls.ResumeOpcodes)
            {
                _code.cmp(ecx, opcode);
                _code.je(found);
            }

            _code.jmp(resumed);
            _code.Label(ref found);
            _code.test(__byte_ptr[rax + 1], _layout.Calls.ResumeLocationMask);
            _code.je(told);
        }

        _code.Label(ref resumed);
        _code.mov(r14d, (int)FlowEventKind.Resume);
        _code.Label(ref told);
        _code.nop();
    }

    /// <summary>r14: how the frame rsi of the code object r12 is left, with the result rcx: NULL for an exception; a generator suspends unless it is at a RETURN_VALUE.</summary>
    void TellWayOut()
    {
        var told = _code.CreateLabel();
        _code.mov(r14d, (int)FlowEventKind.Raise);
        _code.test(rcx, rcx);
        _code.je(told);
        _code.mov(r14d, (int)FlowEventKind.Return);
        _code.test(__dword_ptr[r12 + _layout.Calls.CodeFlags], CallLayout.GeneratorFlags);
        _code.je(told);
        if (_layout.CodeInstructions is { } instructions)
        {
            _code.mov(rax, __qword_ptr[r12 + instructions]);
            _code.movsxd(rcx, __dword_ptr[rsi + _layout.Calls.FrameInstruction]);
            _code.cmp(__byte_ptr[rax + rcx * _layout.InstructionUnit + AgentLayout.BytesContents], AgentLayout.ReturnValue);
        }
        else
        {
            _code.mov(rax, __qword_ptr[rsi + _layout.Calls.FrameInstruction]);
            _code.cmp(__byte_ptr[rax], AgentLayout.ReturnValue);
        }

        _code.je(told);
        _code.mov(r14d, (int)FlowEventKind.Suspend);
        _code.Label(ref told);
        _code.nop();
    }

    /// <summary><c>install()</c>: gives every thread the profile function. Returns 0, or how many threads have one of somebody else; then nothing is changed.</summary>
    void WriteInstall()
    {
        var refused = _code.CreateLabel();
        Begin(Install);
        Enter();
        LoadData(rbx, AgentData.Control);
        _code.xor(r14d, r14d);
        ForEachThread(() =>
        {
            var free = _code.CreateLabel();
            _code.cmp(__qword_ptr[r12 + _layout.ThreadProfileFunction], 0);
            _code.je(free);
            _code.inc(r14);
            _code.Label(ref free);
            _code.nop();
        });
        _code.test(r14, r14);
        _code.jne(refused);
        _code.call(FunctionLabel(ProfileAll));
        _code.Label(ref refused);
        _code.mov(rdi, r14);
        CallImport("PyLong_FromLong");
        Leave();

        Begin(ProfileAll);
        _code.push(r12);
        ForEachThread(() =>
        {
            var taken = _code.CreateLabel();
            _code.cmp(__qword_ptr[r12 + _layout.ThreadProfileFunction], 0);
            _code.jne(taken);
            _code.lea(rax, __[FunctionLabel(Profile)]);
            _code.mov(__qword_ptr[r12 + _layout.ThreadProfileFunction], rax);
            SetUseTracing(_layout.UseTracingValue);
            _code.mov(__qword_ptr[rbx + ControlThread], 0);
            _code.Label(ref taken);
            _code.nop();
        });
        _code.pop(r12);
        _code.ret();
    }

    /// <summary><c>remove()</c>: takes the profile function from every thread that still has it. Returns, and leaves in the shared memory, how many threads have one of somebody else now.</summary>
    void WriteRemove()
    {
        Begin(Remove);
        Enter();
        _code.xor(r14d, r14d);
        ForEachThread(() =>
        {
            var (ours, next) = (_code.CreateLabel(), _code.CreateLabel());
            _code.mov(rax, __qword_ptr[r12 + _layout.ThreadProfileFunction]);
            _code.lea(rcx, __[FunctionLabel(Profile)]);
            _code.cmp(rax, rcx);
            _code.je(ours);
            _code.test(rax, rax);
            _code.je(next);
            _code.inc(r14);
            _code.jmp(next);
            _code.Label(ref ours);
            _code.mov(__qword_ptr[r12 + _layout.ThreadProfileFunction], 0);
            _code.cmp(__qword_ptr[r12 + _layout.ThreadTraceFunction], 0);
            _code.jne(next);
            SetUseTracing(0);
            _code.Label(ref next);
            _code.nop();
        });
        var told = _code.CreateLabel();
        LoadData(rbx, AgentData.Control);
        _code.mov(rax, __qword_ptr[rbx + ControlShared]);
        _code.test(rax, rax);
        _code.je(told);
        _code.mov(__qword_ptr[rax + OthersAt], r14);
        _code.Label(ref told);
        _code.mov(rdi, r14);
        CallImport("PyLong_FromLong");
        Leave();
    }

    /// <summary>Does something for every thread of the interpreter, its state in r12. The stack must be aligned.</summary>
    void ForEachThread(Action write)
    {
        var (next, end) = (_code.CreateLabel(), _code.CreateLabel());
        LoadData(rdi, AgentData.Interpreter);
        CallImport("PyInterpreterState_ThreadHead");
        _code.mov(r12, rax);
        _code.Label(ref next);
        _code.test(r12, r12);
        _code.je(end);
        write();
        _code.mov(rdi, r12);
        CallImport("PyThreadState_Next");
        _code.mov(r12, rax);
        _code.jmp(next);
        _code.Label(ref end);
        _code.nop();
    }

    /// <summary>Sets the flag of the thread r12 that makes the evaluation loop look for its profile and trace functions.</summary>
    void SetUseTracing(int value)
    {
        _code.lea(rax, __[r12 + _layout.ThreadUseTracing]);
        if (_layout.UseTracingIsInCFrame)
        {
            _code.mov(rax, __qword_ptr[rax]);
        }

        if (_layout.UseTracingIsByte)
        {
            _code.mov(__byte_ptr[rax], value);
        }
        else
        {
            _code.mov(__dword_ptr[rax], value);
        }
    }
}
