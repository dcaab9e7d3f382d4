using System.Buffers.Binary;

namespace Sonde.Symbols.Unwind;

/// <summary>What came of a step from a frame to its caller.</summary>
public enum StepResult
{
    /// <summary>The caller's registers are found.</summary>
    Caller,

    /// <summary>There is no caller: the thread began here.</summary>
    End,

    /// <summary>A register that leads to the caller is not known.</summary>
    UnknownRegister,

    /// <summary>Memory that leads to the caller cannot be read.</summary>
    Unreadable,

    /// <summary>The rules do not lead to a caller, or to one that lies deeper in the stack.</summary>
    Contradiction,
}

/// <summary>One step up a stack by the rules of an unwind table.</summary>
public static class FrameStep
{
    /// <summary>Finds the caller's registers.</summary>
    /// <param name="row">The rules for where the frame is.</param>
    /// <param name="frame">The frame's registers.</param>
    /// <param name="memory">The stack.</param>
    /// <param name="caller">The caller's registers; those that were not saved and may have changed are unknown.</param>
    public static StepResult Step(UnwindRow row, in FrameRegisters frame, IMemory memory, out FrameRegisters caller)
    {
        caller = frame;
        if (row.ReturnAddress.Kind == RegisterRuleKind.Undefined)
        {
            return StepResult.End;
        }

        var result = FindFrameAddress(row, frame, memory, out var frameAddress);
        if (result != StepResult.Caller)
        {
            return result;
        }

        for (var register = 0; register < FrameRegister.Rip; register++)
        {
            var rule = row[register];
            if (rule.Kind != RegisterRuleKind.Same)
            {
                Apply(row, rule, register, frame, frameAddress, memory, ref caller);
            }
            else if (!row.IsSignalFrame && !IsPreserved(register))
            {
                caller.Forget(register);
            }
        }

        // A rule for rsp itself is there in signal frames only; else it is the frame address by definition.
        if (row[FrameRegister.Rsp].Kind == RegisterRuleKind.Same)
        {
            caller.Set(FrameRegister.Rsp, frameAddress);
        }

        Apply(row, row.ReturnAddress, FrameRegister.Rip, frame, frameAddress, memory, ref caller);
        if (!caller.TryGet(FrameRegister.Rip, out var pc) || !caller.TryGet(FrameRegister.Rsp, out var sp))
        {
            return row.ReturnAddress.Kind == RegisterRuleKind.Same ? StepResult.Contradiction : StepResult.Unreadable;
        }

        if (row.ReturnAddress.Kind == RegisterRuleKind.Same || (sp <= frame.Sp && !row.IsSignalFrame))
        {
            return StepResult.Contradiction;
        }

        return pc == 0 ? StepResult.End : StepResult.Caller;
    }

    static StepResult FindFrameAddress(UnwindRow row, in FrameRegisters frame, IMemory memory, out ulong address)
    {
        var rule = row.FrameAddress;
        switch (rule.Kind)
        {
            case FrameAddressKind.Register:
                var known = frame.TryGet(rule.Register, out var from);
                address = unchecked(from + (ulong)rule.Value);
                return known ? StepResult.Caller : StepResult.UnknownRegister;
            case FrameAddressKind.Expression:
                return new FrameExpression(row.Expression(rule.Value, rule.Length), frame, memory).TryEvaluate(null, out address) ? StepResult.Caller : StepResult.UnknownRegister;
            default:
                address = 0;
                return StepResult.Contradiction;
        }
    }

    static void Apply(UnwindRow row, RegisterRule rule, int register, in FrameRegisters frame, ulong frameAddress, IMemory memory, ref FrameRegisters caller)
    {
        var known = true;
        var value = 0UL;
        switch (rule.Kind)
        {
            case RegisterRuleKind.AtOffset:
                known = TryReadWord(memory, unchecked(frameAddress + (ulong)rule.Value), out value);
                break;
            case RegisterRuleKind.Offset:
                value = unchecked(frameAddress + (ulong)rule.Value);
                break;
            case RegisterRuleKind.Register:
                known = frame.TryGet((int)Math.Clamp(rule.Value, -1, FrameRegister.Count), out value);
                break;
            case RegisterRuleKind.AtExpression:
                known = new FrameExpression(row.Expression(rule.Value, rule.Length), frame, memory).TryEvaluate(frameAddress, out var place) && TryReadWord(memory, place, out value);
                break;
            case RegisterRuleKind.Expression:
                known = new FrameExpression(row.Expression(rule.Value, rule.Length), frame, memory).TryEvaluate(frameAddress, out value);
                break;
            default:
                known = false;
                break;
        }

        if (known)
        {
            caller.Set(register, value);
        }
        else
        {
            caller.Forget(register);
        }
    }

    /// <summary>Whether a function must give a register back as it found it (System V ABI for AMD64, figure 3.4).</summary>
    static bool IsPreserved(int register) => register is FrameRegister.Rbx or FrameRegister.Rbp or FrameRegister.Rsp or (>= FrameRegister.R12 and < FrameRegister.Rip);

    static bool TryReadWord(IMemory memory, ulong address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        var read = memory.TryRead(address, bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }
}
