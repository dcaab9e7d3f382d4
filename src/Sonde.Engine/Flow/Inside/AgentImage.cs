using System.Buffers.Binary;
using System.Text;
using Sonde.Usdt.Image;

namespace Sonde.Engine.Flow.Inside;

/// <summary>The agent as a shared object that an interpreter loads as an extension module.</summary>
sealed class AgentImage
{
    /// <summary>The module's name, and with PyInit_ before it the name of the function that makes it.</summary>
    public const string ModuleName = "sonde_agent";

    const int SymbolLength = 24, DynamicLength = 16, RelocationLength = 24, PageBytes = 4096;
    const ushort Machine = 62; // EM_X86_64

    readonly AgentCode _code;
    readonly List<string> _symbolNames;
    readonly ElfImage _image = new(Machine, PageBytes);
    readonly Section _text, _names, _symbols, _hash, _relocations, _data;
    readonly byte[] _nameBytes;
    readonly List<int> _namePlaces = [];

    AgentImage(AgentCode code)
    {
        _code = code;
        _symbolNames = [$"PyInit_{ModuleName}", .. code.Imports];
        var names = new List<byte> { 0 };
        foreach (var name in _symbolNames)
        {
            _namePlaces.Add(names.Count);
            names.AddRange(Encoding.ASCII.GetBytes(name));
            names.Add(0);
        }

        _nameBytes = [.. names];
        _text = _image.Add(new Section(".text", SectionType.Program, SectionPlace.Code, code.Length, contents => code.CopyTo(contents, _text!.Offset, _data!.Offset)) { Alignment = 64 });
        _names = _image.Add(new Section(".dynstr", SectionType.Strings, SectionPlace.Code, _nameBytes.Length, _nameBytes.CopyTo) { Alignment = 1 });
        _symbols = _image.Add(new Section(".dynsym", SectionType.DynamicSymbols, SectionPlace.Code, (1 + _symbolNames.Count) * SymbolLength, WriteSymbols)
        {
            Link = _names, EntryLength = SymbolLength,
        });
        _hash = _image.Add(new Section(".hash", SectionType.Hash, SectionPlace.Code, 4 * (3 + 1 + _symbolNames.Count), WriteHash) { Link = _symbols, EntryLength = 4 });
        var relocations = code.Imports.Count + code.Data.Pointers(static _ => 0).Count();
        _relocations = _image.Add(new Section(".rela.dyn", SectionType.Relocations, SectionPlace.Code, relocations * RelocationLength, WriteRelocations)
        {
            Link = _symbols, EntryLength = RelocationLength,
        });
        _image.Add(new Section(".dynamic", SectionType.Dynamic, SectionPlace.Data, 9 * DynamicLength, WriteDynamic) { Link = _names, EntryLength = DynamicLength });
        _data = _image.Add(new Section(".data", SectionType.Program, SectionPlace.Data, code.Data.Length, code.Data.CopyTo) { Alignment = 64 });
    }

    /// <summary>The file.</summary>
    public static byte[] Write(AgentCode code) => new AgentImage(code)._image.Write();

    void WriteSymbols(Span<byte> contents)
    {
        const byte globalFunction = 1 << 4 | 2, global = 1 << 4;
        for (var i = 0; i < _symbolNames.Count; i++)
        {
            var symbol = contents[((1 + i) * SymbolLength)..];
            BinaryPrimitives.WriteInt32LittleEndian(symbol, _namePlaces[i]);
            symbol[4] = i == 0 ? globalFunction : global;
            if (i == 0)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(symbol[6..], (ushort)_image.NumberOf(_text));
                BinaryPrimitives.WriteInt64LittleEndian(symbol[8..], _text.Offset + _code.OffsetOf(AgentCode.Initialise));
            }
        }
    }

    /// <summary>One bucket, whose chain is all symbols.</summary>
    void WriteHash(Span<byte> contents)
    {
        BinaryPrimitives.WriteInt32LittleEndian(contents, 1);
        BinaryPrimitives.WriteInt32LittleEndian(contents[4..], 1 + _symbolNames.Count);
        for (var i = 0; i < _symbolNames.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(contents[(8 + 4 * i + (i > 0 ? 4 : 0))..], i + 1);
        }
    }

    /// <summary>System V ABI, AMD64 supplement, 4.4.1: R_X86_64_64 for what is imported, R_X86_64_RELATIVE for the object's own addresses.</summary>
    void WriteRelocations(Span<byte> contents)
    {
        const long absolute = 1, relative = 8;
        var at = 0;
        for (var i = 0; i < _code.Imports.Count; i++)
        {
            Write(contents, _data.Offset + _code.Data.Import(_code.Imports[i]), (long)(2 + i) << 32 | absolute, 0);
        }

        foreach (var (place, target, inCode) in _code.Data.Pointers(_code.OffsetOf))
        {
            Write(contents, _data.Offset + place, relative, target + (inCode ? _text.Offset : _data.Offset));
        }

        void Write(Span<byte> all, long place, long kind, long addend)
        {
            BinaryPrimitives.WriteInt64LittleEndian(all[at..], place);
            BinaryPrimitives.WriteInt64LittleEndian(all[(at + 8)..], kind);
            BinaryPrimitives.WriteInt64LittleEndian(all[(at + 16)..], addend);
            at += RelocationLength;
        }
    }

    void WriteDynamic(Span<byte> contents)
    {
        const int hash = 4, stringTable = 5, symbolTable = 6, relocations = 7, relocationsLength = 8, relocationLength = 9, stringsLength = 10, symbolLength = 11;
        (long Tag, long Value)[] entries =
        [
            (hash, _hash.Offset), (stringTable, _names.Offset), (symbolTable, _symbols.Offset), (stringsLength, _nameBytes.Length), (symbolLength, SymbolLength),
            (relocations, _relocations.Offset), (relocationsLength, _relocations.Length), (relocationLength, RelocationLength), (0, 0),
        ];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(contents[(i * DynamicLength)..], entries[i].Tag);
            BinaryPrimitives.WriteInt64LittleEndian(contents[(i * DynamicLength + 8)..], entries[i].Value);
        }
    }
}
