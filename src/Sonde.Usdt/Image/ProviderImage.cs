using System.Buffers.Binary;
using System.Text;

namespace Sonde.Usdt.Image;

/// <summary>The shared object of a provider: a stub, a semaphore and a note for each probe.</summary>
/// <remarks>
/// The notes are SystemTap's (<c>.note.stapsdt</c>, https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation), which every tracer reads. The names of
/// arguments, for which those have no room, stand in notes of our own: section <c>.note.sonde</c>, name "sonde", type 1, and in the description provider, probe
/// and one name for each argument, each with a NUL behind it.
/// </remarks>
sealed class ProviderImage
{
    const int SystemTapNote = 3, ArgumentNamesNote = 1, SymbolLength = 24, DynamicLength = 16;

    readonly string _provider;
    readonly IReadOnlyList<ProbeShape> _probes;
    readonly ProbeStub _stub;
    readonly ElfImage _image;
    readonly Section _code, _base, _names, _symbols, _hash, _semaphores;

    ProviderImage(string provider, IReadOnlyList<ProbeShape> probes, ProbeStub stub, int pageBytes)
    {
        (_provider, _probes, _stub) = (provider, probes, stub);
        _image = new ElfImage(stub.Machine, pageBytes);
        var names = SymbolNames(out var places);
        _code = _image.Add(new Section(".text", SectionType.Program, SectionPlace.Code, Math.Max(1, probes.Count) * ProbeStub.Stride, WriteCode) { Alignment = 16 });
        // Tools that know of prelinking compare where this section is with where the notes say it was.
        _base = _image.Add(new Section(".stapsdt.base", SectionType.Program, SectionPlace.Code, 1, static _ => { }) { Alignment = 1 });
        _names = _image.Add(new Section(".dynstr", SectionType.Strings, SectionPlace.Code, names.Length, names.CopyTo) { Alignment = 1 });
        _symbols = _image.Add(new Section(".dynsym", SectionType.DynamicSymbols, SectionPlace.Code, (1 + probes.Count) * SymbolLength, contents => WriteSymbols(contents, places))
        {
            Link = _names, EntryLength = SymbolLength,
        });
        _hash = _image.Add(new Section(".hash", SectionType.Hash, SectionPlace.Code, 4 * (2 + 1 + 1 + probes.Count), WriteHash) { Link = _symbols, EntryLength = 4 });
        // In the data, because older dynamic linkers write into it.
        _image.Add(new Section(".dynamic", SectionType.Dynamic, SectionPlace.Data, 7 * DynamicLength, contents => WriteDynamic(contents, names.Length, places[^1]))
        {
            Link = _names, EntryLength = DynamicLength,
        });
        _semaphores = _image.Add(new Section(".probes", SectionType.Program, SectionPlace.Data, Math.Max(1, 2 * probes.Count), static _ => { }) { Alignment = 2 });
        var notes = Notes("stapsdt", SystemTapNote, probes.Select(Describe));
        _image.Add(new Section(".note.stapsdt", SectionType.Note, SectionPlace.File, notes.Length, contents => WriteNotes(notes, contents)) { Alignment = 4 });
        var named = Notes("sonde", ArgumentNamesNote, probes.Where(static probe => probe.ArgumentNames.Count > 0).Select(NameArguments));
        if (named.Length > 0)
        {
            _image.Add(new Section(".note.sonde", SectionType.Note, SectionPlace.File, named.Length, named.CopyTo) { Alignment = 4 });
        }

        Bytes = _image.Write();
    }

    /// <summary>The file.</summary>
    public byte[] Bytes { get; }

    /// <summary>Where the pages begin that are mapped writable; those before are executable.</summary>
    public int DataOffset => _image.DataOffset;

    /// <summary>Where what is mapped ends.</summary>
    public int MappedEnd => _image.DataEnd;

    /// <summary>Where a probe's stub lies in the file and the mapping.</summary>
    public int StubOffset(int probe) => _code.Offset + probe * ProbeStub.Stride;

    /// <summary>Where a probe's semaphore lies in the file and the mapping.</summary>
    public int SemaphoreOffset(int probe) => _semaphores.Offset + 2 * probe;

    /// <summary>Builds the image of a provider.</summary>
    public static ProviderImage Build(string provider, IReadOnlyList<ProbeShape> probes, ProbeStub stub, int pageBytes) => new(provider, probes, stub, pageBytes);

    void WriteCode(Span<byte> contents)
    {
        for (var i = 0; i < contents.Length; i++)
        {
            contents[i] = _stub.Return[i % _stub.Return.Length];
        }

        for (var i = 0; i < _probes.Count; i++)
        {
            _stub.Code.CopyTo(contents[(i * ProbeStub.Stride)..]);
        }
    }

    /// <summary>The names of the symbols and last of the object itself.</summary>
    byte[] SymbolNames(out int[] places)
    {
        var bytes = new List<byte> { 0 };
        places = new int[_probes.Count + 1];
        for (var i = 0; i <= _probes.Count; i++)
        {
            places[i] = bytes.Count;
            bytes.AddRange(Encoding.UTF8.GetBytes(i < _probes.Count ? _probes[i].Name : $"{_provider}.so"));
            bytes.Add(0);
        }

        return [.. bytes];
    }

    void WriteSymbols(Span<byte> contents, int[] places)
    {
        const byte globalFunction = 1 << 4 | 2;
        for (var i = 0; i < _probes.Count; i++)
        {
            var symbol = contents[((1 + i) * SymbolLength)..];
            BinaryPrimitives.WriteInt32LittleEndian(symbol, places[i]);
            symbol[4] = globalFunction;
            BinaryPrimitives.WriteUInt16LittleEndian(symbol[6..], (ushort)_image.NumberOf(_code));
            BinaryPrimitives.WriteInt64LittleEndian(symbol[8..], StubOffset(i));
            BinaryPrimitives.WriteInt64LittleEndian(symbol[16..], _stub.Code.Length);
        }
    }

    /// <summary>One bucket, whose chain is all symbols.</summary>
    void WriteHash(Span<byte> contents)
    {
        BinaryPrimitives.WriteInt32LittleEndian(contents, 1);
        BinaryPrimitives.WriteInt32LittleEndian(contents[4..], 1 + _probes.Count);
        BinaryPrimitives.WriteInt32LittleEndian(contents[8..], _probes.Count > 0 ? 1 : 0);
        for (var i = 1; i < _probes.Count; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(contents[(12 + 4 * i)..], i + 1);
        }
    }

    void WriteDynamic(Span<byte> contents, int namesLength, int objectName)
    {
        const int hash = 4, stringTable = 5, symbolTable = 6, stringsLength = 10, symbolLength = 11, soname = 14;
        (long Tag, long Value)[] entries =
        [
            (soname, objectName), (hash, _hash.Offset), (stringTable, _names.Offset), (symbolTable, _symbols.Offset),
            (stringsLength, namesLength), (symbolLength, SymbolLength), (0, 0),
        ];
        for (var i = 0; i < entries.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(contents[(i * DynamicLength)..], entries[i].Tag);
            BinaryPrimitives.WriteInt64LittleEndian(contents[(i * DynamicLength + 8)..], entries[i].Value);
        }
    }

    /// <summary>A note's description without its addresses, which come first: 3 × 8 bytes.</summary>
    byte[] Describe(ProbeShape probe) => [.. new byte[24], .. Encoding.UTF8.GetBytes($"{_provider}\0{probe.Name}\0{_stub.Describe(probe.Arguments)}\0")];

    byte[] NameArguments(ProbeShape probe) => Encoding.UTF8.GetBytes($"{_provider}\0{probe.Name}\0{string.Join('\0', probe.ArgumentNames)}\0");

    /// <summary>Notes one behind the other: lengths of name and description, type, then both, each filled up to 4 bytes.</summary>
    static byte[] Notes(string name, int type, IEnumerable<byte[]> descriptions)
    {
        using var notes = new MemoryStream();
        using var writer = new BinaryWriter(notes);
        foreach (var description in descriptions)
        {
            writer.Write(name.Length + 1);
            writer.Write(description.Length);
            writer.Write(type);
            WriteFilled(Encoding.ASCII.GetBytes(name + "\0"));
            WriteFilled(description);
        }

        writer.Flush();
        return notes.ToArray();

        void WriteFilled(byte[] bytes)
        {
            writer.Write(bytes);
            writer.Write(new byte[-bytes.Length & 3]);
        }
    }

    /// <summary>The notes with the addresses of stub, base and semaphore put in.</summary>
    void WriteNotes(byte[] notes, Span<byte> contents)
    {
        const int header = 12, name = 8;
        notes.CopyTo(contents);
        var at = 0;
        for (var i = 0; i < _probes.Count; i++)
        {
            var description = contents[(at + header + name)..];
            BinaryPrimitives.WriteInt64LittleEndian(description, StubOffset(i));
            BinaryPrimitives.WriteInt64LittleEndian(description[8..], _base.Offset);
            BinaryPrimitives.WriteInt64LittleEndian(description[16..], SemaphoreOffset(i));
            var length = BinaryPrimitives.ReadInt32LittleEndian(contents[(at + 4)..]);
            at += header + name + length + (-length & 3);
        }
    }
}
