namespace Sonde.Symbols.Dwarf;

/// <summary>A row of a unit's line table: from its address on, code belongs to its line.</summary>
readonly record struct LineRow(ulong Address, uint File, uint Line, ushort Column, bool IsStatement, bool EndsSequence);

/// <summary>The source files of a unit and the rows that map code to them (DWARF 5 section 6.2).</summary>
sealed class LineTable
{
    const int MostRows = 1 << 22;

    readonly DwarfUnit _unit;
    readonly List<string> _directories = [];
    readonly List<(string Name, ulong Directory)> _files = [];
    readonly int _programStart;
    readonly int _programEnd;
    readonly bool _isVersion5;
    readonly byte _minimumLength;
    readonly bool _defaultIsStatement;
    readonly sbyte _lineBase;
    readonly byte _lineRange;
    readonly byte _opcodeBase;
    readonly byte[] _operandCounts;

    LineTable(DwarfUnit unit, ulong offset)
    {
        _unit = unit;
        var reader = unit.Data.Lines.ReaderAt(offset);
        var length = reader.ReadUnitLength(out var is64);
        if (length > (ulong)reader.Remaining)
        {
            throw reader.Error("a line table ends after the section");
        }

        _programEnd = reader.Position + (int)length;
        Length = (int)length;
        var version = reader.ReadUInt16();
        if (version is < 2 or > 5)
        {
            throw reader.Error($"unknown version {version} of a line table");
        }

        _isVersion5 = version == 5;
        if (_isVersion5)
        {
            reader.Skip(2); // sizes of addresses and segment selectors
        }

        var headerLength = reader.ReadOffset(is64);
        if (headerLength > (ulong)(_programEnd - reader.Position))
        {
            throw reader.Error("the header of a line table ends after it");
        }

        _programStart = reader.Position + (int)headerLength;
        _minimumLength = reader.ReadByte();
        if (version >= 4)
        {
            reader.ReadByte(); // operations per instruction, more than 1 only on VLIW machines
        }

        _defaultIsStatement = reader.ReadByte() != 0;
        _lineBase = unchecked((sbyte)reader.ReadByte());
        _lineRange = Math.Max(reader.ReadByte(), (byte)1);
        _opcodeBase = Math.Max(reader.ReadByte(), (byte)1);
        _operandCounts = reader.Take((ulong)_opcodeBase - 1).ToArray();
        if (_isVersion5)
        {
            ReadEntries(ref reader, is64, (name, _) => _directories.Add(name));
            ReadEntries(ref reader, is64, (name, directory) => _files.Add((name, directory)));
        }
        else
        {
            ReadOldEntries(ref reader);
        }
    }

    /// <summary>How many bytes of the section it takes.</summary>
    public int Length { get; }

    /// <summary>The table of a unit; null when it has none.</summary>
    public static LineTable? Read(DwarfUnit unit) => unit.Root.StatementList is { } offset ? new(unit, offset) : null;

    /// <summary>The number of the first file.</summary>
    public uint FirstFile => _isVersion5 ? 0U : 1;

    public int FileCount => _files.Count;

    /// <summary>The path of a file, with the directory the compiler ran in when it is relative.</summary>
    public string PathOf(uint file)
    {
        if (file - FirstFile >= (uint)_files.Count)
        {
            return "";
        }

        var (name, directory) = _files[(int)(file - FirstFile)];
        var compilationDirectory = _unit.Root.Directory ?? "";
        var folder = _isVersion5
            ? directory < (ulong)_directories.Count ? _directories[(int)directory] : ""
            : directory == 0 ? compilationDirectory : directory - 1 < (ulong)_directories.Count ? _directories[(int)(directory - 1)] : "";
        return Join(compilationDirectory, Join(folder, name));
    }

    /// <summary>The files a path names: the whole of it, or its last parts.</summary>
    public HashSet<uint> FilesNamed(string path)
    {
        var found = new HashSet<uint>();
        var name = path[(path.LastIndexOf('/') + 1)..];
        for (var i = 0; i < _files.Count; i++)
        {
            // Most files are told apart by their last part, which costs nothing.
            if (_files[i].Name.EndsWith(name, StringComparison.Ordinal) && PathOf((uint)i + FirstFile) is var whole && EndsWithPath(Plain(whole), Plain(path)))
            {
                found.Add((uint)i + FirstFile);
            }
        }

        return found;

        static bool EndsWithPath(string whole, string end) =>
            whole == end || (whole.EndsWith(end, StringComparison.Ordinal) && end.Length > 0 && end[0] != '/' && whole[^(end.Length + 1)] == '/');

        static string Plain(string path)
        {
            path = path.Replace("/./", "/", StringComparison.Ordinal);
            return path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        }
    }

    /// <summary>Runs the table's program. Each sequence of rows ends with one that only marks its end.</summary>
    /// <remarks>Sequences whose code the linker left out are not in the result.</remarks>
    public List<LineRow> Rows()
    {
        var rows = new List<LineRow>();
        var sequence = 0;
        var reader = _unit.Data.Lines.ReaderAt((ulong)_programStart, (ulong)_programEnd);
        var state = new State(_defaultIsStatement);
        while (!reader.AtEnd && rows.Count < MostRows)
        {
            var opcode = reader.ReadByte();
            if (opcode >= _opcodeBase)
            {
                var adjusted = opcode - _opcodeBase;
                state.Advance((ulong)(adjusted / _lineRange) * _minimumLength);
                state.AdvanceLine(_lineBase + adjusted % _lineRange);
                rows.Add(state.Row(false));
                continue;
            }

            switch (opcode)
            {
                case 0:
                    if (RunExtended(ref reader, ref state))
                    {
                        rows.Add(state.Row(true));
                        if (new AddressRange(rows[sequence].Address, ulong.MaxValue).IsDiscarded)
                        {
                            rows.RemoveRange(sequence, rows.Count - sequence);
                        }

                        sequence = rows.Count;
                        state = new State(_defaultIsStatement);
                    }

                    break;
                case 1: // copy
                    rows.Add(state.Row(false));
                    break;
                case 2: // advance_pc
                    state.Advance(unchecked(reader.ReadUnsigned() * _minimumLength));
                    break;
                case 3: // advance_line
                    state.AdvanceLine(reader.ReadSigned());
                    break;
                case 4: // set_file
                    state.File = (uint)Math.Min(reader.ReadUnsigned(), uint.MaxValue);
                    break;
                case 5: // set_column
                    state.Column = (ushort)Math.Min(reader.ReadUnsigned(), ushort.MaxValue);
                    break;
                case 6: // negate_stmt
                    state.IsStatement = !state.IsStatement;
                    break;
                case 7 or 10 or 11: // set_basic_block, set_prologue_end, set_epilogue_begin
                    break;
                case 8: // const_add_pc
                    state.Advance((ulong)((255 - _opcodeBase) / _lineRange) * _minimumLength);
                    break;
                case 9: // fixed_advance_pc
                    state.Advance(reader.ReadUInt16());
                    break;
                default:
                    for (var i = 0; i < _operandCounts[opcode - 1]; i++)
                    {
                        reader.ReadUnsigned();
                    }

                    break;
            }
        }

        // A sequence without an end is damaged, and where its last row ends is not known.
        rows.RemoveRange(sequence, rows.Count - sequence);
        return rows;
    }

    /// <returns>Whether the sequence ends.</returns>
    static bool RunExtended(ref DwarfReader reader, ref State state)
    {
        var length = reader.ReadUnsigned();
        if (length == 0)
        {
            return false;
        }

        if (length > (ulong)reader.Remaining)
        {
            throw reader.Error("an instruction of a line table is cut short");
        }

        var end = reader.Position + (int)length;
        var operation = reader.ReadByte();
        if (operation == 2 && end - reader.Position is 4 or 8)
        {
            state.Address = reader.ReadNumber(end - reader.Position); // set_address
        }

        reader.Skip((ulong)(end - reader.Position));
        return operation == 1;
    }

    void ReadOldEntries(ref DwarfReader reader)
    {
        while (reader.ReadText() is { IsEmpty: false } directory)
        {
            _directories.Add(DwarfSection.Decode(directory));
        }

        while (reader.ReadText() is { IsEmpty: false } name)
        {
            _files.Add((DwarfSection.Decode(name), reader.ReadUnsigned()));
            reader.ReadUnsigned(); // time of modification
            reader.ReadUnsigned(); // size
        }
    }

    void ReadEntries(ref DwarfReader reader, bool is64, Action<string, ulong> add)
    {
        const ulong Path = 1;
        const ulong DirectoryIndex = 2;
        var formats = new (ulong Content, DwarfForm Form)[reader.ReadByte()];
        for (var i = 0; i < formats.Length; i++)
        {
            formats[i] = (reader.ReadUnsigned(), (DwarfForm)reader.ReadUnsigned());
        }

        var count = reader.ReadUnsigned();
        if (count > (ulong)reader.Remaining)
        {
            throw reader.Error("a line table has more files than bytes");
        }

        for (ulong i = 0; i < count; i++)
        {
            var name = "";
            ulong directory = 0;
            foreach (var (content, form) in formats)
            {
                var at = reader.Position;
                if (form is DwarfForm.TextOffset or DwarfForm.LineTextOffset)
                {
                    var offset = reader.ReadOffset(is64);
                    name = content == Path ? DwarfSection.Decode((form == DwarfForm.TextOffset ? _unit.Data.Texts : _unit.Data.LineTexts).TextAt(offset)) : name;
                    continue;
                }

                var value = AttributeValue.Read(ref reader, form, 0, _unit);
                if (content == Path)
                {
                    name = value.Form == DwarfForm.Text
                        ? DwarfSection.Decode(_unit.Data.Lines.Bytes.Slice(at, value.Length))
                        : _unit.TextOf(value) ?? "";
                }
                else if (content == DirectoryIndex)
                {
                    directory = value.Number;
                }
            }

            add(name, directory);
        }
    }

    static string Join(string directory, string name) =>
        directory.Length == 0 || name.StartsWith('/') ? name : directory.EndsWith('/') ? directory + name : $"{directory}/{name}";

    struct State(bool isStatement)
    {
        public ulong Address { get; set; }

        public uint File { get; set; } = 1;

        public ushort Column { get; set; }

        public bool IsStatement { get; set; } = isStatement;

        uint _line = 1;

        public void Advance(ulong bytes) => Address = unchecked(Address + bytes);

        public void AdvanceLine(long count) => _line = unchecked((uint)(_line + count));

        public readonly LineRow Row(bool ends) => new(Address, File, _line, Column, IsStatement, ends);
    }
}
