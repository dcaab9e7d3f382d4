using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Tables;

/// <summary>A function as the symbol tables of a file name it.</summary>
public readonly struct FunctionSymbol : IEquatable<FunctionSymbol>
{
    readonly SymbolTable _table;
    readonly int _index;

    internal FunctionSymbol(SymbolTable table, int index, ulong address, ulong size, ElfSymbolBinding binding)
    {
        _table = table;
        _index = index;
        Address = address;
        Size = size;
        Binding = binding;
    }

    /// <summary>The name without a version (<c>memcpy</c> for <c>memcpy@@GLIBC_2.14</c>), not demangled. It is decoded once and kept.</summary>
    public string Name => _table is null ? "" : _table.NameOf(_index);

    /// <summary>The bytes of <see cref="Name"/> in the file's string table.</summary>
    public ReadOnlySpan<byte> NameBytes => _table is null ? [] : _table.NameBytesOf(_index);

    /// <summary>Address of the first instruction, in the file's own address space.</summary>
    public ulong Address { get; }

    /// <summary>Size in bytes; 0 when the symbol table does not say.</summary>
    public ulong Size { get; }

    /// <summary>How far the name is visible while linking.</summary>
    public ElfSymbolBinding Binding { get; }

    /// <summary>Where the first instruction is in the file.</summary>
    /// <returns>False when it is in no mapped part of the file.</returns>
    public bool TryGetFileOffset(out ulong offset)
    {
        offset = 0;
        return _table is not null && _table.File.TryGetFileOffset(Address, out offset);
    }

    /// <inheritdoc/>
    public bool Equals(FunctionSymbol other) => ReferenceEquals(_table, other._table) && _index == other._index;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is FunctionSymbol other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_table, _index);

    /// <summary>Whether both are the same entry of the same table.</summary>
    public static bool operator ==(FunctionSymbol left, FunctionSymbol right) => left.Equals(right);

    /// <summary>Whether they are different entries.</summary>
    public static bool operator !=(FunctionSymbol left, FunctionSymbol right) => !left.Equals(right);

    /// <summary>The name and address, for debugging.</summary>
    public override string ToString() => $"{Name}@0x{Address:x}";

    /// <summary>The name up to its version.</summary>
    internal static ReadOnlySpan<byte> WithoutVersion(ReadOnlySpan<byte> name)
    {
        var at = name.IndexOf((byte)'@');
        return at > 0 ? name[..at] : name;
    }

    internal static string Decode(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
}
