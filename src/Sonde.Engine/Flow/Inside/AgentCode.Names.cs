using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using static Sonde.Engine.Flow.Inside.AgentMemory;

namespace Sonde.Engine.Flow.Inside;

sealed partial class AgentCode
{
    /// <summary>
    /// The rest of the search for a code object (r12, identity rax) from the slot rdx on; when ecx is not 0 and it is new, it is sent. Leaves its slot in rdx, or 0 when
    /// there is none. rsi and rdi stay as they were.
    /// </summary>
    void WriteFindCode()
    {
        var (next, other, take, none) = (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        Begin("find_code");
        _code.mov(r8, rdx);
        _code.mov(r9d, Probes);
        _code.Label(ref next);
        _code.cmp(__qword_ptr[rdx + SlotCode], r12);
        _code.je(other);
        _code.cmp(__qword_ptr[rdx + SlotCode], 0);
        _code.je(take);
        _code.add(rdx, SlotBytes);
        _code.dec(r9d);
        _code.jne(next);
        // All are taken by others: the first makes way.
        _code.mov(rdx, r8);
        _code.jmp(take);

        _code.Label(ref other);
        var found = _code.CreateLabel();
        _code.cmp(__qword_ptr[rdx + SlotIdentity], rax);
        _code.je(found);
        _code.Label(ref take);
        _code.test(ecx, ecx);
        _code.je(none);
        _code.jmp(FunctionLabel("send_code"));
        _code.Label(ref none);
        _code.xor(edx, edx);
        _code.Label(ref found);
        _code.ret();
    }

    /// <summary>Sends the code object r12 and puts it, with the identity rax, into the slot rdx; without room for the record, the table stays as it was and rdx becomes 0.</summary>
    void WriteSendCode()
    {
        var full = _code.CreateLabel();
        var calls = _layout.Calls;
        Begin("send_code");
        _code.push(rsi);
        _code.push(rdi);
        _code.mov(r10, rdx);
        _code.mov(r11, rax);
        Reserve(CodeRecordSize, full);
        // From here r9 is where a record of the kernel's programs would begin, whose fields these are.
        ReadTime();
        PackTime();
        _code.or(rax, CodeKind);
        _code.mov(__qword_ptr[r9], rax);
        _code.mov(rax, __qword_ptr[rbx + ControlCodes]);
        _code.inc(rax);
        _code.mov(__qword_ptr[rbx + ControlCodes], rax);
        _code.mov(__qword_ptr[r10 + SlotCode], r12);
        _code.mov(__qword_ptr[r10 + SlotIdentity], r11);
        _code.mov(__dword_ptr[r10 + SlotNumber], eax);
        _code.mov(__dword_ptr[r9 + 8], eax);
        _code.mov(rax, r10);
        _code.sub(rax, rbx);
        _code.sub(rax, TableAt);
        _code.shr(rax, 5);
        _code.mov(__dword_ptr[r9 + 12], eax);
        _code.mov(__qword_ptr[InCodeRecord(FlowRecord.CodeAddress)], r12);
        _code.mov(__qword_ptr[InCodeRecord(FlowRecord.CodeIdentity)], r11);
        _code.mov(rax, __qword_ptr[r12 + calls.ObjectType]);
        _code.mov(__qword_ptr[InCodeRecord(FlowRecord.CodeType)], rax);
        _code.mov(eax, __dword_ptr[r12 + calls.CodeFlags]);
        _code.mov(__dword_ptr[InCodeRecord(FlowRecord.CodeFlags)], eax);
        _code.mov(eax, __dword_ptr[r12 + calls.CodeFirstLine]);
        _code.mov(__dword_ptr[InCodeRecord(FlowRecord.CodeFirstLine)], eax);
        CopyText(calls.CodeName, FlowRecord.CodeName);
        CopyText(calls.CodeFile, FlowRecord.CodeFile);
        Publish(CodeRecordSize);
        _code.mov(rdx, r10);
        _code.pop(rdi);
        _code.pop(rsi);
        _code.ret();
        _code.Label(ref full);
        _code.inc(__qword_ptr[r13 + LostCodesAt]);
        _code.xor(edx, edx);
        _code.pop(rdi);
        _code.pop(rsi);
        _code.ret();
    }

    static AssemblerMemoryOperand InCodeRecord(int field) => r9 + (CodeHeader + field - FlowRecord.CodeAddress);

    /// <summary>Copies the string that a field of the code object points to into the record at r9. Uses rax, rcx, rdx, rsi and rdi.</summary>
    void CopyText(int field, int part)
    {
        var calls = _layout.Calls;
        var (missing, compact, copy, done) = (_code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        _code.mov(rax, __qword_ptr[r12 + field]);
        _code.test(rax, rax);
        _code.je(missing);
        _code.mov(rcx, __qword_ptr[rax + calls.TextLength]);
        _code.mov(__qword_ptr[InCodeRecord(part + FlowRecord.TextLength)], rcx);
        _code.mov(edx, __dword_ptr[rax + calls.TextState]);
        _code.mov(__dword_ptr[InCodeRecord(part + FlowRecord.TextState)], edx);
        // Only in a compact string do the characters follow the head.
        _code.test(edx, 1 << 5);
        _code.je(missing);
        // min(length, capacity) * bytes per character, again at most the capacity
        AtMostCapacity();
        _code.lea(rsi, __[rax + calls.TextAscii]);
        _code.test(edx, 1 << 6);
        _code.jne(copy);
        _code.lea(rsi, __[rax + calls.TextCompact]);
        _code.Label(ref copy);
        _code.shr(edx, 2);
        _code.and(edx, 7);
        _code.imul(rcx, rdx);
        AtMostCapacity();
        _code.mov(__dword_ptr[InCodeRecord(part + FlowRecord.TextCopied)], ecx);
        _code.lea(rdi, InCodeRecord(part + FlowRecord.TextBytes));
        _code.rep.movsb();
        _code.jmp(done);
        _code.Label(ref missing);
        _code.mov(__dword_ptr[InCodeRecord(part + FlowRecord.TextCopied)], -1);
        _code.Label(ref done);
        _code.nop();
    }

    /// <summary>Makes rcx, unsigned, the capacity of a record's string if it is more.</summary>
    void AtMostCapacity()
    {
        var within = _code.CreateLabel();
        _code.cmp(rcx, FlowRecord.TextCapacity);
        _code.jbe(within);
        _code.mov(ecx, FlowRecord.TextCapacity);
        _code.Label(ref within);
        _code.nop();
    }
}
