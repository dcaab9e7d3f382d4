namespace Sonde.Symbols.Dwarf;

/// <summary>Where the functions and types of each name are. Only hashes are kept; the names are compared where they stand.</summary>
sealed class NameIndex
{
    readonly DwarfData _data;
    readonly Entry[] _entries;

    NameIndex(DwarfData data, Entry[] entries)
    {
        _data = data;
        _entries = entries;
    }

    /// <summary>Every function once.</summary>
    public IEnumerable<DieReference> Functions => _entries.Where(e => e is { IsFunction: true, IsLinkageName: false }).OrderBy(e => e.Unit).ThenBy(e => e.Offset).Select(ReferenceOf);

    /// <summary>Reads the outer entries of all units: those of the unit itself, of namespaces and of classes.</summary>
    public static NameIndex Read(DwarfData data)
    {
        var entries = new List<Entry>();
        for (var i = 0; i < data.Units.Length; i++)
        {
            new Scan(data.Units[i], i, entries).Run();
        }

        for (var i = 0; i < data.TypeUnits.Length; i++)
        {
            new Scan(data.TypeUnits[i], data.Units.Length + i, entries).Run();
        }

        entries.Sort();
        return new(data, [.. entries]);
    }

    /// <summary>The entries of a name, or of a linkage name, in order of the file.</summary>
    public IEnumerable<DieReference> Find(string name, bool isFunction)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(name);
        var hash = NameHash.Of(bytes);
        var at = Array.BinarySearch(_entries, new Entry(hash, false, false, -1, 0));
        for (at = at < 0 ? ~at : at; at < _entries.Length && _entries[at].Hash == hash; at++)
        {
            if (_entries[at].IsFunction == isFunction && HasName(_entries[at], bytes))
            {
                yield return ReferenceOf(_entries[at]);
            }
        }
    }

    bool HasName(Entry entry, byte[] name)
    {
        foreach (var die in ReferenceOf(entry).Read()?.WithOrigins() ?? [])
        {
            if ((entry.IsLinkageName
                    ? die.TryGet(DwarfAttribute.LinkageName, out var value) || die.TryGet(DwarfAttribute.MipsLinkageName, out value)
                    : die.TryGet(DwarfAttribute.Name, out value))
                && die.Unit.TryGetText(value, out var text))
            {
                return text.SequenceEqual(name);
            }
        }

        return false;
    }

    DieReference ReferenceOf(Entry entry) =>
        new(entry.Unit < _data.Units.Length ? _data.Units[entry.Unit] : _data.TypeUnits[entry.Unit - _data.Units.Length], entry.Offset);

    readonly record struct Entry(uint Hash, bool IsFunction, bool IsLinkageName, int Unit, ulong Offset) : IComparable<Entry>
    {
        public int CompareTo(Entry other)
        {
            var order = Hash.CompareTo(other.Hash);
            order = order != 0 ? order : Unit.CompareTo(other.Unit);
            order = order != 0 ? order : Offset.CompareTo(other.Offset);
            return order != 0 ? order : IsLinkageName.CompareTo(other.IsLinkageName);
        }
    }

    /// <summary>One pass over a unit that makes no objects of the entries it passes.</summary>
    readonly struct Scan(DwarfUnit unit, int index, List<Entry> entries)
    {
        public void Run()
        {
            if (unit.FirstDie >= unit.End)
            {
                return;
            }

            var reader = unit.ReaderAt(unit.FirstDie);
            for (var depth = 0; !reader.AtEnd;)
            {
                var offset = (ulong)reader.Position;
                if (unit.ReadAbbreviation(ref reader) is not { } abbreviation)
                {
                    depth--;
                    continue;
                }

                var found = Read(ref reader, abbreviation);
                Add(offset, abbreviation.Tag, found);
                if (!abbreviation.HasChildren)
                {
                    continue;
                }

                if (HoldsNames(abbreviation.Tag))
                {
                    depth++;
                }
                else if (found.Sibling > (ulong)reader.Position && found.Sibling <= unit.End)
                {
                    reader = unit.ReaderAt(found.Sibling);
                }
                else
                {
                    unit.SkipChildren(ref reader);
                }
            }
        }

        Attributes Read(ref DwarfReader reader, Abbreviation abbreviation)
        {
            var found = default(Attributes);
            foreach (var (attribute, form, constant) in abbreviation.Attributes)
            {
                var value = AttributeValue.Read(ref reader, form, constant, unit);
                switch (attribute)
                {
                    case DwarfAttribute.Name:
                        found.Name = value;
                        break;
                    case DwarfAttribute.LinkageName or DwarfAttribute.MipsLinkageName:
                        found.LinkageName = value;
                        break;
                    case DwarfAttribute.Declaration:
                        found.IsDeclaration = value.Number != 0;
                        break;
                    case DwarfAttribute.Specification or DwarfAttribute.AbstractOrigin:
                        found.HasOrigin = true;
                        break;
                    case DwarfAttribute.Sibling when value.Form is DwarfForm.Reference1 or DwarfForm.Reference2 or DwarfForm.Reference4 or DwarfForm.Reference8 or DwarfForm.ReferenceUnsigned:
                        found.Sibling = unchecked(unit.Offset + value.Number);
                        break;
                }
            }

            return found;
        }

        void Add(ulong offset, DwarfTag tag, in Attributes found)
        {
            var isFunction = tag == DwarfTag.Subprogram;
            if (found.IsDeclaration || (!isFunction && !IsType(tag)))
            {
                return;
            }

            if (found.HasOrigin)
            {
                // The name stands elsewhere.
                if (unit.ReadDie(offset) is { } die)
                {
                    AddInherited(die, isFunction, isLinkageName: false, DwarfAttribute.Name, DwarfAttribute.Name);
                    AddInherited(die, isFunction, isLinkageName: true, DwarfAttribute.LinkageName, DwarfAttribute.MipsLinkageName);
                }

                return;
            }

            AddName(found.Name, offset, isFunction, isLinkageName: false);
            AddName(found.LinkageName, offset, isFunction, isLinkageName: true);
        }

        void AddInherited(Die die, bool isFunction, bool isLinkageName, DwarfAttribute attribute, DwarfAttribute older)
        {
            foreach (var origin in die.WithOrigins())
            {
                if ((origin.TryGet(attribute, out var value) || origin.TryGet(older, out value)) && origin.Unit.TryGetText(value, out var text))
                {
                    entries.Add(new(NameHash.Of(text), isFunction, isLinkageName, index, die.Offset));
                    return;
                }
            }
        }

        void AddName(AttributeValue value, ulong offset, bool isFunction, bool isLinkageName)
        {
            if (value.Form != 0 && unit.TryGetText(value, out var text) && !text.IsEmpty)
            {
                entries.Add(new(NameHash.Of(text), isFunction, isLinkageName, index, offset));
            }
        }

        static bool HoldsNames(DwarfTag tag) => tag is DwarfTag.CompileUnit or DwarfTag.Namespace or DwarfTag.Module or DwarfTag.StructureType
            or DwarfTag.ClassType or DwarfTag.UnionType or DwarfTag.PartialUnit or DwarfTag.TypeUnit or DwarfTag.SkeletonUnit;

        static bool IsType(DwarfTag tag) => tag is DwarfTag.StructureType or DwarfTag.ClassType or DwarfTag.UnionType or DwarfTag.EnumerationType
            or DwarfTag.Typedef or DwarfTag.BaseType or DwarfTag.TemplateAlias or DwarfTag.InterfaceType;

        struct Attributes
        {
            public AttributeValue Name;
            public AttributeValue LinkageName;
            public bool IsDeclaration;
            public bool HasOrigin;
            public ulong Sibling;
        }
    }
}
