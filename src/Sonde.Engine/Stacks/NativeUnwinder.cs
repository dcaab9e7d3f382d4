using System.Buffers.Binary;
using System.Globalization;
using Sonde.Symbols;
using Sonde.Symbols.Unwind;

namespace Sonde.Engine.Stacks;

/// <summary>A step of a walk up a stack.</summary>
/// <param name="Address">Where the frame runs, or returns to.</param>
/// <param name="IsInterrupted">Whether it runs at that address, or was interrupted there by a signal, and does not return to it after a call.</param>
/// <param name="Trust">How the frame was found.</param>
readonly record struct NativeStep(ulong Address, bool IsInterrupted, FrameTrust Trust)
{
    /// <summary>An address within the instruction that runs or calls.</summary>
    public ulong Instruction => IsInterrupted ? Address : Address - 1;
}

/// <summary>Walks the stack of a thread of machine code (x86-64): by unwind tables, by frame pointers where there is none, and no further than it can be sure.</summary>
sealed class NativeUnwinder(NativeModules modules)
{
    /// <summary>Deep recursion in C; more is a loop in a damaged stack.</summary>
    const int MostFrames = 1 << 14;

    /// <summary>How far above the stack pointer a frame is searched that a register should lead to.</summary>
    const int SearchedBytes = 16 << 10;

    /// <summary>How many places of those are tried.</summary>
    const int MostTries = 64;

    /// <summary>Walks from a thread's innermost frame to its first.</summary>
    /// <param name="registers">The innermost frame's registers, of which the instruction and stack pointers must be known.</param>
    /// <param name="memory">The stack.</param>
    /// <param name="steps">Receives the frames, innermost first.</param>
    /// <returns>Why it ended before the thread's first frame; null when it did not.</returns>
    public string? Walk(FrameRegisters registers, IMemory memory, List<NativeStep> steps) => Walk(registers, memory, steps, isInterrupted: true, FrameTrust.Table, searches: true);

    string? Walk(FrameRegisters registers, IMemory memory, List<NativeStep> steps, bool isInterrupted, FrameTrust trust, bool searches)
    {
        while (true)
        {
            var step = new NativeStep(registers.Pc, isInterrupted, trust);
            steps.Add(step);
            if (steps.Count >= MostFrames)
            {
                return string.Create(CultureInfo.InvariantCulture, $"more than {MostFrames} frames");
            }

            var isMapped = modules.TryFind(step.Instruction, out var place);
            if (!isMapped)
            {
                return string.Create(CultureInfo.InvariantCulture, $"no code is mapped at 0x{registers.Pc:x}");
            }

            if (modules.RowAt(place) is not { } row)
            {
                if (!TryFollowFramePointer(registers, memory, out registers))
                {
                    return place.Mapping.Path.Length > 0 ? $"no unwind table for {place.Mapping.Path}" : string.Create(CultureInfo.InvariantCulture, $"no unwind table for the code at 0x{step.Address:x}, which is in no file");
                }

                (isInterrupted, trust) = (false, FrameTrust.FramePointer);
                continue;
            }

            switch (FrameStep.Step(row, registers, memory, out var caller))
            {
                case StepResult.Caller:
                    (registers, isInterrupted, trust) = (caller, row.IsSignalFrame, FrameTrust.Table);
                    continue;
                case StepResult.End:
                    return null;
                case StepResult.UnknownRegister when searches && TrySearch(row, place, registers, memory, steps):
                    return null;
                case StepResult.UnknownRegister:
                    return $"a register that leads to the caller in {place.Mapping.Path} is not known while the thread waits";
                case StepResult.Unreadable:
                    return "the stack cannot be read any further";
                default:
                    return $"the unwind table of {place.Mapping.Path} leads nowhere";
            }
        }
    }

    bool TryFollowFramePointer(in FrameRegisters frame, IMemory memory, out FrameRegisters caller)
    {
        caller = frame;
        if (!frame.TryGet(FrameRegister.Rbp, out var pointer) || pointer < frame.Sp || (pointer & 7) != 0
            || !TryReadWord(memory, pointer, out var saved) || !TryReadWord(memory, pointer + 8, out var target) || CallBefore(target, out _) == Call.None)
        {
            return false;
        }

        caller = FrameRegisters.At(target, pointer + 16);
        caller.Set(FrameRegister.Rbp, saved);
        return true;
    }

    /// <summary>
    /// Finds the frame of a function whose frame pointer is not known. Of the places that a return address lies at, those come first whose call is to this very
    /// function; the first from which the tables lead to the thread's beginning is it.
    /// </summary>
    bool TrySearch(UnwindRow row, CodePlace place, FrameRegisters registers, IMemory memory, List<NativeStep> steps)
    {
        if (row.FrameAddress is not { Kind: FrameAddressKind.Register, Register: FrameRegister.Rbp, Value: > 0 and < 4096 } rule
            || row.ReturnAddress is not { Kind: RegisterRuleKind.AtOffset, Value: -8 })
        {
            return false;
        }

        var function = place.File!.Unwind!.TryFindRange(place.Address, out var start, out _) ? start : 0;
        // The ABI has the stack pointer a multiple of 16 at a call.
        List<(ulong FrameAddress, Call Call)> candidates = [];
        for (var at = (registers.Sp + 16) & ~15UL; at <= registers.Sp + SearchedBytes; at += 16)
        {
            if (!TryReadWord(memory, at - 8, out var target))
            {
                break;
            }

            var call = CallBefore(target, out var called);
            if (call != Call.None)
            {
                var isOurs = call == Call.Direct && modules.TryFind(called, out var there) && there.File == place.File && there.Address == function;
                candidates.Add((at, isOurs ? Call.Ours : call));
            }
        }

        foreach (var (frameAddress, _) in candidates.OrderByDescending(candidate => candidate.Call).Take(MostTries))
        {
            var guess = registers;
            guess.Set(FrameRegister.Rbp, unchecked(frameAddress - (ulong)rule.Value));
            if (FrameStep.Step(row, guess, memory, out var caller) == StepResult.Caller)
            {
                List<NativeStep> rest = [];
                if (Walk(caller, memory, rest, row.IsSignalFrame, FrameTrust.Searched, searches: false) is null)
                {
                    steps.AddRange(rest);
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>What kind of call ends right before an address.</summary>
    Call CallBefore(ulong address, out ulong target)
    {
        const int longest = 7;
        target = 0;
        if (address < longest || !modules.TryFind(address - 1, out var place) || place.File is not { } file)
        {
            return Call.None;
        }

        var code = file.Elf.ReadCode(place.Address + 1 - longest, longest);
        if (code.Length < longest)
        {
            return Call.None;
        }

        if (code[2] == 0xe8)
        {
            target = unchecked(address + (ulong)BinaryPrimitives.ReadInt32LittleEndian(code[3..]));
            return Call.Direct;
        }

        // call r/m64: opcode ff, the operation 2 in the middle bits of the byte after it; of 2, 3, 4, 6 or 7 bytes.
        foreach (var length in (ReadOnlySpan<int>)[2, 3, 4, 6, 7])
        {
            if (code[longest - length] == 0xff && (code[longest - length + 1] >> 3 & 7) == 2)
            {
                return Call.Indirect;
            }
        }

        return Call.None;
    }

    static bool TryReadWord(IMemory memory, ulong address, out ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        var read = memory.TryRead(address, bytes);
        value = read ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
        return read;
    }

    /// <summary>From what says least to what says most.</summary>
    enum Call
    {
        None,
        Direct,
        Indirect,
        Ours,
    }
}
