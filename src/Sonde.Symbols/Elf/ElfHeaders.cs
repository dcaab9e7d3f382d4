namespace Sonde.Symbols.Elf;

/// <summary>The word size of an ELF file (<c>e_ident[EI_CLASS]</c>).</summary>
public enum ElfClass : byte
{
    /// <summary>32-bit: recognised, so that callers can say so, but not read any further.</summary>
    Elf32 = 1,

    /// <summary>64-bit.</summary>
    Elf64 = 2,
}

/// <summary>What kind of object an ELF file is (<c>e_type</c>).</summary>
public enum ElfType : ushort
{
    /// <summary>No type.</summary>
    None = 0,

    /// <summary>An object file that is not linked yet.</summary>
    Relocatable = 1,

    /// <summary>A program linked to fixed addresses.</summary>
    Executable = 2,

    /// <summary>A shared object or a position-independent program.</summary>
    Dynamic = 3,

    /// <summary>A core file.</summary>
    Core = 4,
}

/// <summary>The instruction set of an ELF file (<c>e_machine</c>); only those Sonde has a use for are named.</summary>
public enum ElfMachine : ushort
{
    /// <summary>Not stated.</summary>
    None = 0,

    /// <summary>i386.</summary>
    I386 = 3,

    /// <summary>x86-64.</summary>
    X8664 = 62,

    /// <summary>aarch64.</summary>
    AArch64 = 183,
}

/// <summary>What a program header describes (<c>p_type</c>).</summary>
public enum ElfSegmentType : uint
{
    /// <summary>An unused entry.</summary>
    Null = 0,

    /// <summary>A part of the file that is mapped.</summary>
    Load = 1,

    /// <summary>The dynamic linking table.</summary>
    Dynamic = 2,

    /// <summary>The path of the dynamic linker.</summary>
    Interpreter = 3,

    /// <summary>Notes.</summary>
    Note = 4,

    /// <summary>The image of thread-local storage.</summary>
    ThreadLocal = 7,

    /// <summary>The unwind table's index, which leads to <c>.eh_frame</c>.</summary>
    GnuEhFrame = 0x6474e550,
}

/// <summary>What a segment may be used for (<c>p_flags</c>).</summary>
[Flags]
public enum ElfSegmentAccess : uint
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Executed.</summary>
    Execute = 1,

    /// <summary>Written.</summary>
    Write = 2,

    /// <summary>Read.</summary>
    Read = 4,
}

/// <summary>What a section holds (<c>sh_type</c>); only those this reader looks at are named.</summary>
public enum ElfSectionType : uint
{
    /// <summary>Nothing.</summary>
    Null = 0,

    /// <summary>The program's own bytes.</summary>
    ProgramBits = 1,

    /// <summary>The full symbol table, which <c>strip</c> removes.</summary>
    SymbolTable = 2,

    /// <summary>Strings.</summary>
    StringTable = 3,

    /// <summary>Relocations with addends.</summary>
    Rela = 4,

    /// <summary>The dynamic linking table.</summary>
    Dynamic = 6,

    /// <summary>Notes.</summary>
    Note = 7,

    /// <summary>Zero bytes that take no room in the file.</summary>
    NoBits = 8,

    /// <summary>The symbols of dynamic linking, which survive <c>strip</c>.</summary>
    DynamicSymbols = 11,

    /// <summary>Packed relative relocations.</summary>
    Relr = 19,
}

/// <summary>Attributes of a section (<c>sh_flags</c>).</summary>
[Flags]
public enum ElfSectionAttributes : ulong
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Written at run time.</summary>
    Write = 1,

    /// <summary>Present in memory at run time.</summary>
    Allocated = 2,

    /// <summary>Machine code.</summary>
    Executable = 4,

    /// <summary>Thread-local.</summary>
    ThreadLocal = 0x400,

    /// <summary>Compressed in the file.</summary>
    Compressed = 0x800,
}

/// <summary>A program header: how a part of the file lies in memory (<c>Elf64_Phdr</c>).</summary>
/// <param name="Type">What it describes.</param>
/// <param name="Flags">What it may be used for.</param>
/// <param name="Offset">Where it starts in the file, in bytes.</param>
/// <param name="VirtualAddress">Where it starts in the file's own address space.</param>
/// <param name="FileSize">How many bytes of it are in the file.</param>
/// <param name="MemorySize">How many bytes of it are in memory; the rest is zero.</param>
/// <param name="Alignment">Its alignment in memory, in bytes.</param>
public readonly record struct ElfSegment(
    ElfSegmentType Type, ElfSegmentAccess Flags, ulong Offset, ulong VirtualAddress, ulong FileSize, ulong MemorySize, ulong Alignment)
{
    /// <summary>Whether the bytes in the file cover <paramref name="address"/>.</summary>
    public bool FileCovers(ulong address) => address >= VirtualAddress && address - VirtualAddress < FileSize;
}

/// <summary>A section header (<c>Elf64_Shdr</c>).</summary>
/// <param name="Index">Its place in the section header table.</param>
/// <param name="Name">Its name; empty when the name cannot be read.</param>
/// <param name="Type">What it holds.</param>
/// <param name="Flags">Its attributes.</param>
/// <param name="Address">Where it starts in the file's own address space; 0 when it is not in memory.</param>
/// <param name="Offset">Where it starts in the file, in bytes.</param>
/// <param name="Size">How many bytes it has in the file (in memory for <see cref="ElfSectionType.NoBits"/>).</param>
/// <param name="Link">Index of the section it belongs with; for symbol tables that of the strings.</param>
/// <param name="Info">Depends on the type.</param>
/// <param name="EntrySize">Size of one entry in bytes, for sections that are tables.</param>
public readonly record struct ElfSection(
    int Index, string Name, ElfSectionType Type, ElfSectionAttributes Flags, ulong Address, ulong Offset, ulong Size, uint Link, uint Info, ulong EntrySize);
