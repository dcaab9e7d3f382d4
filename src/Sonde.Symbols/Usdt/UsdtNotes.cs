using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Sonde.Symbols.Elf;

namespace Sonde.Symbols.Usdt;

/// <summary>The statically defined probes of a file, from its section <c>.note.stapsdt</c>, with what <c>.note.sonde</c> calls their arguments.</summary>
/// <param name="Probes">The probes, in order of their first note.</param>
/// <param name="Malformed">How many notes could not be read and were left out.</param>
/// <param name="Problems">What was wrong with the first of them; at most 16.</param>
/// <remarks>
/// The format is that of systemtap's sys/sdt.h: a note "stapsdt" of type 3 holding three words (address, link-time base, semaphore) and three
/// strings (provider, name, arguments).
/// </remarks>
public sealed record UsdtNotes(IReadOnlyList<UsdtProbe> Probes, int Malformed, IReadOnlyList<string> Problems)
{
    const int MostProblems = 16;

    /// <summary>Longer names and argument strings are cut: no compiler makes them, and each is kept in memory and printed.</summary>
    const int LongestName = 1024;
    const int LongestArguments = 16384;

    static ReadOnlySpan<byte> Owner => "stapsdt\0"u8;

    /// <summary>Reads all notes. A bad one is counted and skipped; the others are not affected.</summary>
    /// <param name="file">The file.</param>
    /// <param name="debug">Its separate debug file, for symbols in arguments that were stripped; null for none.</param>
    /// <exception cref="ElfException">The section, or a symbol table, lies outside the file.</exception>
    public static UsdtNotes Read(ElfFile file, ElfFile? debug = null)
    {
        var reader = new Reader(file, debug);
        foreach (var section in file.Sections)
        {
            if (section.Type == ElfSectionType.Note && section.Name == ".note.stapsdt")
            {
                reader.ReadSection(section);
            }
        }

        return new(reader.Probes(), reader.Malformed, reader.Problems);
    }

    sealed class Reader(ElfFile file, ElfFile? debug)
    {
        readonly List<(string Provider, string Name)> _order = [];
        readonly Dictionary<(string Provider, string Name), List<UsdtLocation>> _locations = [];
        readonly Dictionary<string, IReadOnlyList<UsdtArgument>> _parsed = [];
        readonly UsdtSymbols _symbols = new(file, debug);
        readonly UsdtArgumentNames _names = UsdtArgumentNames.Read(file);
        readonly ElfSection? _base = file.TryGetSection(".stapsdt.base", out var section) ? section : null;

        public int Malformed { get; private set; }

        public List<string> Problems { get; } = [];

        public IReadOnlyList<UsdtProbe> Probes() => [.. _order.Select(key => new UsdtProbe(key.Provider, key.Name, _locations[key]))];

        public void ReadSection(ElfSection section)
        {
            var bytes = file.SectionBytes(section);
            var start = 0;
            while (start < bytes.Length)
            {
                var notes = new ElfNoteReader(bytes[start..], alignment: 4);
                while (notes.MoveNext())
                {
                    ReadNote(notes, section.Offset + (ulong)(start + notes.Offset));
                }

                if (!notes.Truncated)
                {
                    return;
                }

                Reject(section.Offset + (ulong)(start + notes.Position), "it ends after the section");
                if (NextNote(bytes, start + notes.Position + 4) is not { } next)
                {
                    return;
                }

                start = next;
            }
        }

        /// <summary>After a note whose sizes are wrong, the next one is found by its owner's name.</summary>
        static int? NextNote(ReadOnlySpan<byte> bytes, int from)
        {
            const int HeaderSize = 12;
            for (var at = from + HeaderSize; at < bytes.Length;)
            {
                var found = bytes[at..].IndexOf(Owner);
                if (found < 0)
                {
                    return null;
                }

                at += found;
                if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[(at - HeaderSize)..]) == Owner.Length)
                {
                    return at - HeaderSize;
                }

                at++;
            }

            return null;
        }

        void ReadNote(ElfNoteReader note, ulong offset)
        {
            const uint StapSdt = 3;
            const int WordsSize = 24;
            if (note.Type != StapSdt || !note.Owner.SequenceEqual(Owner[..^1]))
            {
                Reject(offset, "it is not a stapsdt note");
                return;
            }

            var descriptor = note.Descriptor;
            if (descriptor.Length < WordsSize)
            {
                Reject(offset, "it is too short");
                return;
            }

            var strings = descriptor[WordsSize..];
            if (!TryTakeString(ref strings, LongestName, out var provider) || !TryTakeString(ref strings, LongestName, out var name)
                || !TryTakeString(ref strings, LongestArguments, out var arguments))
            {
                Reject(offset, "its strings are not terminated");
                return;
            }

            var address = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
            var linkBase = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[8..]);
            var semaphore = BinaryPrimitives.ReadUInt64LittleEndian(descriptor[16..]);

            // The section moves with the code when a tool such as prelink shifts it; the note does not.
            var shift = _base is { } present && linkBase != 0 ? unchecked(present.Address - linkBase) : 0;
            address = unchecked(address + shift);
            semaphore = semaphore == 0 ? 0 : unchecked(semaphore + shift);
            Add(provider, name, new()
            {
                Address = address,
                FileOffset = OffsetIn(address, ElfSegmentAccess.Execute),
                Semaphore = semaphore == 0 ? null : new UsdtSemaphore(semaphore, OffsetIn(semaphore, ElfSegmentAccess.Write)),
                Arguments = _names.Name(provider, name, Arguments(arguments, address)),
                ArgumentText = arguments,
                NoteOffset = offset,
            });
        }

        void Add(string provider, string name, UsdtLocation location)
        {
            var key = (provider, name);
            if (!_locations.TryGetValue(key, out var locations))
            {
                _locations.Add(key, locations = []);
                _order.Add(key);
            }

            locations.Add(location);
        }

        IReadOnlyList<UsdtArgument> Arguments(string text, ulong address)
        {
            if (!_parsed.TryGetValue(text, out var arguments))
            {
                _parsed.Add(text, arguments = UsdtArgument.Parse(text, file.Machine));
            }

            return arguments.Count == 0 ? arguments : [.. arguments.Select(a => UsdtResolver.Resolve(a, _symbols, address))];
        }

        ulong? OffsetIn(ulong address, ElfSegmentAccess access) =>
            file.TryGetLoadSegment(address, out var segment)
            && (segment.Flags & (ElfSegmentAccess.Execute | ElfSegmentAccess.Write)) == access
            && file.TryGetFileOffset(address, out var offset)
                ? offset
                : null;

        void Reject(ulong offset, string what)
        {
            Malformed++;
            if (Problems.Count < MostProblems)
            {
                Problems.Add(string.Create(CultureInfo.InvariantCulture, $"{file.Name}+0x{offset:x}: USDT note left out: {what}"));
            }
        }

        static bool TryTakeString(ref ReadOnlySpan<byte> bytes, int longest, out string text)
        {
            var end = bytes.IndexOf((byte)0);
            text = end < 0 ? "" : Encoding.UTF8.GetString(bytes[..Math.Min(end, longest)]);
            bytes = end < 0 ? bytes : bytes[(end + 1)..];
            return end >= 0;
        }
    }
}
