namespace Sonde.Symbols.Dwarf;

/// <summary>One property in the form of an entry.</summary>
/// <param name="Attribute">Which.</param>
/// <param name="Form">How it is stored.</param>
/// <param name="Constant">Its value, for <see cref="DwarfForm.ImplicitConstant"/>.</param>
readonly record struct AttributeForm(DwarfAttribute Attribute, DwarfForm Form, long Constant);

/// <summary>The form that many entries share.</summary>
sealed record Abbreviation(DwarfTag Tag, bool HasChildren, AttributeForm[] Attributes);

/// <summary>A table of <c>.debug_abbrev</c> (DWARF 5 section 7.5.3).</summary>
sealed class Abbreviations
{
    const int MostAttributes = 128;

    /// <summary>Compilers number from 1 without gaps, so most are found by index.</summary>
    readonly List<Abbreviation> _dense = [];
    readonly Dictionary<ulong, Abbreviation> _others = [];

    /// <summary>How many bytes of the section the table takes.</summary>
    public int Length { get; private set; }

    public static Abbreviations Read(DwarfSection section, ulong offset)
    {
        var table = new Abbreviations();
        var attributes = new List<AttributeForm>();
        var reader = section.ReaderAt(offset);
        while (!reader.AtEnd)
        {
            var code = reader.ReadUnsigned();
            if (code == 0)
            {
                break;
            }

            var tag = (DwarfTag)reader.ReadUnsigned();
            var hasChildren = reader.ReadByte() != 0;
            attributes.Clear();
            while (true)
            {
                var attribute = reader.ReadUnsigned();
                var form = (DwarfForm)reader.ReadUnsigned();
                var constant = form == DwarfForm.ImplicitConstant ? reader.ReadSigned() : 0;
                if (attribute == 0 && form == 0)
                {
                    break;
                }

                // Attributes may take no bytes in an entry, so their number bounds the time it takes to read one.
                if (attributes.Count == MostAttributes)
                {
                    throw reader.Error("an entry has too many attributes");
                }

                attributes.Add(new((DwarfAttribute)Math.Min(attribute, ushort.MaxValue), form, constant));
            }

            var abbreviation = new Abbreviation(tag, hasChildren, [.. attributes]);
            if (code == (ulong)table._dense.Count + 1)
            {
                table._dense.Add(abbreviation);
            }
            else
            {
                table._others.TryAdd(code, abbreviation);
            }
        }

        table.Length = reader.Position - (int)offset;
        return table;
    }

    public Abbreviation? Find(ulong code) =>
        code - 1 < (ulong)_dense.Count ? _dense[(int)(code - 1)] : _others.GetValueOrDefault(code);
}
