using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

sealed partial class AgentCode
{
    /// <summary>A callback of <c>sys.monitoring</c>: <c>PyObject *(PyObject *self, PyObject *const *args, Py_ssize_t n)</c>, the code object the first argument.</summary>
    void WriteCallback(string name, FlowEventKind kind)
    {
        var (idle, unwanted, full, none) = (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        var isEntry = kind is FlowEventKind.Call or FlowEventKind.Resume;
        Begin(name);
        Enter();
        LoadData(rbx, AgentData.Control);
        _code.mov(r13, __qword_ptr[rbx + ControlRing]);
        _code.test(r13, r13);
        _code.je(idle);
        _code.mov(r12, __qword_ptr[rsi]);
        CallImport("PyThreadState_Get");
        _code.mov(rsi, __qword_ptr[rax + _layout.Calls.ThreadFrame]);
        if (_layout.Calls.CFrameFrame is { } inCFrame)
        {
            _code.mov(rsi, __qword_ptr[rsi + inCFrame]);
        }

        _code.mov(rdi, __qword_ptr[rsi + _layout.Calls.FramePrevious]);
        _code.mov(rcx, __qword_ptr[rax + _layout.ThreadNativeId]);
        RequireThread(full);
        if (isEntry || _options.FiltersCode)
        {
            FindCode(isEntry, unwanted);
        }

        WriteEvent(isEntry, full, idle, () => _code.or(rax, (int)kind));
        _code.Label(ref none);
        LoadData(rax, Data.Import("_Py_NoneStruct"));
        Leave();
        _code.Label(ref full);
        _code.inc(__qword_ptr[r13 + (isEntry ? LostEntriesAt : LostExitsAt)]);
        _code.jmp(none);
        if (_options.FiltersCode)
        {
            _code.Label(ref unwanted);
            _code.nop();
        }

        // None of what these two events stand for can be disabled by place; both objects are immortal.
        _code.Label(ref idle);
        if (name is "py_throw" or "py_unwind")
        {
            _code.jmp(none);
        }
        else
        {
            LoadData(rax, AgentData.Disable);
            Leave();
        }
    }

    /// <summary>Announces the thread that rcx stands for unless it is the one announced last; goes to <paramref name="full"/> when there was no room to.</summary>
    void RequireThread(Label full)
    {
        var same = _code.CreateLabel();
        _code.cmp(rcx, __qword_ptr[rbx + ControlThread]);
        _code.je(same);
        _code.call(FunctionLabel("announce_thread"));
        _code.test(eax, eax);
        _code.je(full);
        _code.Label(ref same);
    }

    /// <summary>
    /// Looks the code object up in the table; on an entry, one that is new there is sent. With filters, goes to <paramref name="unwanted"/> when it has been decided that
    /// its calls are.
    /// </summary>
    void FindCode(bool isEntry, Label unwanted)
    {
        var (slow, found) = (_code.CreateLabel(), _code.CreateLabel());
        ComputeIdentity();
        const ulong golden = 0x9e3779b97f4a7c15; // 2⁶⁴ divided by the golden ratio (include/linux/hash.h)
        _code.mov(rdx, golden);
        _code.imul(rdx, r12);
        _code.shr(rdx, 64 - SlotBits);
        _code.shl(rdx, 5);
        _code.lea(rdx, __[rbx + rdx + TableAt]);
        _code.cmp(__qword_ptr[rdx + SlotCode], r12);
        _code.jne(slow);
        _code.cmp(__qword_ptr[rdx + SlotIdentity], rax);
        _code.je(found);
        _code.Label(ref slow);
        _code.mov(ecx, isEntry ? 1 : 0);
        _code.call(FunctionLabel("find_code"));
        _code.Label(ref found);
        if (_options.FiltersCode)
        {
            var wanted = _code.CreateLabel();
            _code.test(rdx, rdx);
            _code.je(wanted);
            _code.mov(eax, __dword_ptr[rdx + SlotNumber]);
            _code.sub(rdx, rbx);
            _code.sub(rdx, TableAt);
            _code.shr(rdx, 3);
            _code.cmp(eax, __dword_ptr[r13 + rdx + DecisionsAt]);
            _code.je(unwanted);
            _code.Label(ref wanted);
            _code.nop();
        }
    }

    /// <summary>Mixes what distinguishes code objects of one address into rax, as <see cref="FlowProgram"/> does: a code object's memory is used again after it is freed.</summary>
    void ComputeIdentity()
    {
        var calls = _layout.Calls;
        int[] fields = [calls.CodeName, calls.CodeFile, calls.CodeLineTable, .. calls.CodeVersion is { } version ? [version & ~7] : Array.Empty<int>()];
        _code.mov(rax, __qword_ptr[r12 + (calls.CodeFirstLine & ~7)]);
        foreach (var field in fields)
        {
            _code.rol(rax, 13);
            _code.xor(rax, __qword_ptr[r12 + field]);
        }
    }

    /// <summary>Writes the record of an event: r12 the code object, rsi the frame, rdi its parent.</summary>
    void WriteEvent(bool isEntry, Label full, Label idle, Action addKind)
    {
        var abandoned = _code.CreateLabel();
        var size = isEntry ? EntrySize : ExitSize;
        var written = _code.CreateLabel();
        // The heartbeat before the room: without a reader there is none.
        ReadTime();
        _code.mov(rdx, rax);
        _code.sub(rdx, __qword_ptr[r13 + HeartbeatAt]);
        _code.cmp(rdx, __qword_ptr[rbx + ControlAge]);
        _code.jg(abandoned);
        PackTime();
        addKind();
        Reserve(size, full);
        _code.mov(__qword_ptr[r9], rax);
        _code.mov(__qword_ptr[r9 + 8], r12);
        if (isEntry)
        {
            _code.mov(__qword_ptr[r9 + 16], rsi);
        }

        _code.mov(__qword_ptr[r9 + (isEntry ? 24 : 16)], rdi);
        Publish(size);
        _code.jmp(written);
        _code.Label(ref abandoned);
        _code.mov(__qword_ptr[rbx + ControlRing], 0);
        _code.mov(__qword_ptr[r13 + StateAt], Abandoned);
        _code.jmp(idle);
        _code.Label(ref written);
        _code.nop();
    }

    /// <summary>Finds room for a record: r9 where it goes, r8 the head. Uses no other register.</summary>
    void Reserve(int size, Label full)
    {
        _code.mov(r8, __qword_ptr[rbx + ControlHead]);
        _code.lea(r9, __[r8 + size]);
        _code.sub(r9, __qword_ptr[r13 + TailAt]);
        _code.cmp(r9, __qword_ptr[rbx + ControlBytes]);
        _code.ja(full);
        _code.mov(r9, r8);
        _code.and(r9, __qword_ptr[rbx + ControlMask]);
        _code.lea(r9, __[r13 + r9 + RingAt]);
    }

    /// <summary>The time stamp counter in rax and the processor in ecx (Linux keeps its number in the low 12 bits of IA32_TSC_AUX, arch/x86/kernel/cpu/common.c).</summary>
    void ReadTime()
    {
        if (_options.HasProcessorRegister)
        {
            _code.rdtsc();
            _code.rdpid(rcx);
        }
        else
        {
            _code.rdtscp();
        }

        _code.shl(rdx, 32);
        _code.or(rax, rdx);
    }

    void PackTime()
    {
        _code.shl(rax, TimeShift);
        _code.and(ecx, (1 << ProcessorBits) - 1);
        _code.shl(ecx, KindBits);
        _code.or(rax, rcx);
    }

    /// <summary>Makes the record visible: x86 keeps the order of stores.</summary>
    void Publish(int size)
    {
        _code.add(r8, size);
        _code.mov(__qword_ptr[rbx + ControlHead], r8);
        _code.mov(__qword_ptr[r13 + HeadAt], r8);
    }

    /// <summary>Sends the id and name of the thread that runs; rcx is what it is known by. Leaves rax not zero when that succeeded, and r12, rsi and rdi as they were.</summary>
    void WriteAnnounceThread()
    {
        const int getThreadId = 186, processControl = 157, getName = 16;
        var full = _code.CreateLabel();
        Begin("announce_thread");
        _code.push(rsi);
        _code.push(rdi);
        _code.push(rcx);
        _code.mov(__qword_ptr[rbx + ControlThread], 0);
        Reserve(ThreadSize, full);
        _code.mov(eax, getThreadId);
        _code.syscall();
        _code.mov(__qword_ptr[r9 + 8], rax);
        _code.lea(rsi, __[r9 + 16]);
        _code.mov(edi, getName);
        _code.mov(eax, processControl);
        _code.syscall();
        ReadTime();
        PackTime();
        _code.or(rax, ThreadKind);
        _code.mov(__qword_ptr[r9], rax);
        Publish(ThreadSize);
        _code.mov(rcx, __qword_ptr[rsp]);
        _code.mov(__qword_ptr[rbx + ControlThread], rcx);
        _code.pop(rcx);
        _code.pop(rdi);
        _code.pop(rsi);
        _code.mov(eax, 1);
        _code.ret();
        _code.Label(ref full);
        _code.pop(rcx);
        _code.pop(rdi);
        _code.pop(rsi);
        _code.xor(eax, eax);
        _code.ret();
    }
}
