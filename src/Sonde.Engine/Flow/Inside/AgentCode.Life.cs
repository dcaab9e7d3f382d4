using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

sealed partial class AgentCode
{
    // arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/mman-common.h
    const int MapCall = 9, UnmapCall = 11, AdviseCall = 28;
    const int ReadWrite = 3, MapShared = 1, MapPrivateAnonymous = 0x22, DontFork = 10, WipeOnFork = 18;

    /// <summary>
    /// <c>start(descriptor, DISABLE)</c>: maps the shared memory, which Sonde has filled with pages, and makes the private one. Returns 0, or an error number, negative. Needs Linux
    /// 4.14, for memory that a child finds empty.
    /// </summary>
    void WriteStart()
    {
        var (failed, failedShared, failedPrivate, done) = (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        var shared = SharedSize(_options.RingBytes);
        Begin(Start);
        Enter();
        _code.mov(rax, __qword_ptr[rsi + 8]);
        StoreData(AgentData.Disable, rax);
        _code.mov(rdi, __qword_ptr[rsi]);
        CallImport("PyLong_AsLong");
        _code.mov(r8, rax);
        _code.xor(edi, edi);
        _code.mov(rsi, (long)shared);
        _code.mov(edx, ReadWrite);
        _code.mov(r10d, MapShared);
        _code.xor(r9d, r9d);
        SystemCall(MapCall, failed);
        _code.mov(r13, rax);
        _code.mov(rdi, r13);
        _code.mov(rsi, (long)shared);
        _code.mov(edx, DontFork);
        SystemCall(AdviseCall, failedShared);
        _code.xor(edi, edi);
        _code.mov(rsi, (long)ControlSize);
        _code.mov(edx, ReadWrite);
        _code.mov(r10d, MapPrivateAnonymous);
        _code.mov(r8, -1L);
        _code.xor(r9d, r9d);
        SystemCall(MapCall, failedShared);
        _code.mov(rbx, rax);
        _code.mov(rdi, rbx);
        _code.mov(rsi, (long)ControlSize);
        _code.mov(edx, WipeOnFork);
        SystemCall(AdviseCall, failedPrivate);
        if (!_layout.UsesMonitoring)
        {
            CallImport("PyInterpreterState_Main");
            StoreData(AgentData.Interpreter, rax);
        }

        Touch(r13, shared);
        _code.mov(__qword_ptr[rbx + ControlRing], r13);
        _code.mov(__qword_ptr[rbx + ControlShared], r13);
        Store(rbx + ControlMask, _options.RingBytes - 1);
        Store(rbx + ControlBytes, _options.RingBytes);
        Store(rbx + ControlAge, _options.PatienceTicks);
        Store(r13 + RingBytesAt, _options.RingBytes);
        Store(r13 + StateAt, Running);
        ReadTime();
        _code.mov(__qword_ptr[r13 + HeartbeatAt], rax);
        Store(r13 + MagicAt, unchecked((long)Magic));
        StoreData(AgentData.Control, rbx);
        _code.xor(eax, eax);
        _code.jmp(done);

        _code.Label(ref failedPrivate);
        _code.mov(r14, rax);
        Unmap(rbx, ControlSize);
        _code.mov(rax, r14);
        _code.Label(ref failedShared);
        _code.mov(r14, rax);
        Unmap(r13, shared);
        _code.mov(rax, r14);
        _code.Label(ref failed);
        _code.nop();
        _code.Label(ref done);
        _code.mov(rdi, rax);
        CallImport("PyLong_FromLong");
        Leave();
    }

    /// <summary><c>stop()</c>: gives the memory back. Called when nothing can call the callbacks any more.</summary>
    void WriteStop()
    {
        var (done, wiped) = (_code.CreateLabel(), _code.CreateLabel());
        Begin(Stop);
        Enter();
        LoadData(rbx, AgentData.Control);
        AddressOfData(rax, AgentData.Idle);
        StoreData(AgentData.Control, rax);
        _code.cmp(rbx, rax);
        _code.je(done);
        _code.mov(r13, __qword_ptr[rbx + ControlShared]);
        _code.test(r13, r13);
        _code.je(wiped);
        Unmap(r13, SharedSize(_options.RingBytes));
        _code.Label(ref wiped);
        Unmap(rbx, ControlSize);
        _code.Label(ref done);
        _code.xor(edi, edi);
        CallImport("PyLong_FromLong");
        Leave();
    }

    /// <summary>Has the kernel enter pages, which are all there, into the process's tables. Of a large ring that takes a while, in which the program's other threads go on. Uses r12 and r14.</summary>
    void Touch(AssemblerRegister64 address, int length)
    {
        const int page = 4096;
        var next = _code.CreateLabel();
        CallImport("PyEval_SaveThread");
        _code.mov(r14, rax);
        _code.mov(r12, address);
        _code.mov(rcx, (long)(length / page));
        _code.Label(ref next);
        _code.mov(al, __byte_ptr[r12]);
        _code.add(r12, page);
        _code.dec(rcx);
        _code.jnz(next);
        _code.mov(rdi, r14);
        CallImport("PyEval_RestoreThread");
    }

    void Unmap(AssemblerRegister64 address, int length)
    {
        _code.mov(rdi, address);
        _code.mov(rsi, (long)length);
        _code.mov(eax, UnmapCall);
        _code.syscall();
    }

    void Store(AssemblerMemoryOperand where, long value)
    {
        _code.mov(rax, value);
        _code.mov(__qword_ptr[where], rax);
    }

    /// <summary>A system call; its result, or the negative error number that leads to <paramref name="failed"/>, is in rax. Uses rcx and r11.</summary>
    void SystemCall(int number, Label failed)
    {
        const int lastError = -4095;
        _code.mov(eax, number);
        _code.syscall();
        _code.cmp(rax, lastError);
        _code.jae(failed);
    }
}
