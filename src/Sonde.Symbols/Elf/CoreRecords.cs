using Sonde.Symbols.Unwind;

namespace Sonde.Symbols.Elf;

/// <summary>A thread in a core file (<c>struct elf_prstatus</c>, include/uapi/linux/elfcore.h).</summary>
/// <param name="Tid">Its number in the process's own pid namespace.</param>
/// <param name="Registers">Its registers.</param>
/// <param name="ThreadPointer">Where its thread-local storage is (fs): what <c>pthread_self()</c> gives.</param>
/// <param name="Signal">The signal it was handling or died of; 0 for none.</param>
public readonly record struct CoreThread(int Tid, FrameRegisters Registers, ulong ThreadPointer, int Signal);

/// <summary>The signal that made the kernel write a core file (<c>siginfo_t</c>, include/uapi/asm-generic/siginfo.h).</summary>
/// <param name="Number">The signal.</param>
/// <param name="Code">Why it was sent: above 0 the kernel's reason, else who sent it.</param>
/// <param name="Address">For faults the address that was touched, or the instruction.</param>
/// <param name="SenderPid">For signals of processes the sender.</param>
/// <param name="SenderUid">For signals of processes the sender's user.</param>
public readonly record struct CoreSignal(int Number, int Code, ulong Address, int SenderPid, uint SenderUid);

/// <summary>A part of a file that the process had mapped (note <c>NT_FILE</c>).</summary>
/// <param name="Start">The first address.</param>
/// <param name="End">The address after it.</param>
/// <param name="Offset">Offset in the file of the first byte.</param>
/// <param name="Path">The file, as the process saw it.</param>
public readonly record struct CoreMapping(ulong Start, ulong End, ulong Offset, string Path);

/// <summary>A piece of the process's memory (<c>PT_LOAD</c>).</summary>
/// <param name="Start">The first address.</param>
/// <param name="Size">Its size in memory.</param>
/// <param name="Offset">Where its bytes begin in the core file.</param>
/// <param name="StoredBytes">How many of them are there, from the first on: fewer than the size where the kernel left out what is in files.</param>
/// <param name="MissingBytes">How many after those should be there and are not, for the file was cut short.</param>
/// <param name="Access">What the process could do with it.</param>
public readonly record struct CoreSegment(ulong Start, ulong Size, ulong Offset, ulong StoredBytes, ulong MissingBytes, ElfSegmentAccess Access)
{
    /// <summary>Whether an address lies in it.</summary>
    public bool Contains(ulong address) => address >= Start && address - Start < Size;
}
