using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>What the arguments of probes are called, from a file's section <c>.note.sonde</c>.</summary>
/// <remarks>
/// SystemTap's notes have no room for names. So Sonde's own providers write a second note for each probe, which other tools pass over: owner "sonde",
/// type 1, holding provider, probe and the arguments' names in order, each ended by a NUL.
/// </remarks>
sealed class UsdtArgumentNames
{
    const uint ArgumentNamesNote = 1;
    const int MostNames = 12;
    const int LongestName = 512;

    readonly Dictionary<(string Provider, string Probe), string[]> _names = [];

    /// <summary>Reads the names of all probes of a file. Notes that are damaged or of another kind are passed over: what they lack is only names.</summary>
    /// <exception cref="ElfException">The section lies outside the file.</exception>
    public static UsdtArgumentNames Read(ElfFile file)
    {
        var names = new UsdtArgumentNames();
        if (file.TryGetSection(".note.sonde", out var section) && section.Type == ElfSectionType.Note)
        {
            var notes = new ElfNoteReader(file.SectionBytes(section), alignment: 4);
            while (notes.MoveNext())
            {
                if (notes.Type == ArgumentNamesNote && notes.Owner.SequenceEqual("sonde"u8))
                {
                    names.Add(notes.Descriptor);
                }
            }
        }

        return names;
    }

    /// <summary>A probe's arguments with their names, where there is one for each.</summary>
    public IReadOnlyList<UsdtArgument> Name(string provider, string probe, IReadOnlyList<UsdtArgument> arguments) =>
        _names.TryGetValue((provider, probe), out var names) && names.Length == arguments.Count
            ? [.. arguments.Zip(names, static (argument, name) => argument with { Name = name })]
            : arguments;

    void Add(ReadOnlySpan<byte> description)
    {
        if (description.IsEmpty || description[^1] != 0)
        {
            return;
        }

        var strings = new List<string>();
        foreach (var part in description[..^1].Split((byte)0))
        {
            // Provider, probe and names; what has more, or longer ones, is nothing we wrote.
            if (strings.Count == 2 + MostNames || part.End.Value - part.Start.Value > LongestName)
            {
                return;
            }

            strings.Add(Encoding.UTF8.GetString(description[part]));
        }

        if (strings.Count > 2)
        {
            _names.TryAdd((strings[0], strings[1]), [.. strings[2..]]);
        }
    }
}
