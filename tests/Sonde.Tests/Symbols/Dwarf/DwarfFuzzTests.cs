using Sonde.Symbols.Dwarf;
using Sonde.Symbols.Elf;
using Xunit;

namespace Sonde.Tests.Symbols.Dwarf;

public sealed class DwarfFuzzTests
{
    [Theory]
    [InlineData("gcc", "-gdwarf-2 -O0")]
    [InlineData("gcc", "-gdwarf-4 -O2 -fdebug-types-section")]
    [InlineData("gcc", "-gdwarf-5 -O2")]
    [InlineData("clang-14", "-gdwarf-5 -O2")]
    public void Damaged_information_gives_nothing_worse_than_an_ElfException(string compiler, string options)
    {
        var (original, _) = Compiled.Build(compiler, Compiled.C, options);
        var ranges = ElfFile.Parse(original, "whole").Sections.Where(s => s.Name.StartsWith(".debug_", StringComparison.Ordinal) && s.Size > 0).ToArray();
        for (var seed = 0; seed < 150; seed++)
        {
            var random = new Random(seed);
            var bytes = (byte[])original.Clone();
            for (var i = random.Next(1, 10); i > 0; i--)
            {
                var section = ranges[random.Next(ranges.Length)];
                var at = (int)section.Offset + random.Next((int)section.Size);
                bytes[at] = random.Next(4) switch
                {
                    0 => 0xff,
                    1 => 0,
                    2 => (byte)(bytes[at] ^ 1 << random.Next(8)),
                    _ => (byte)random.Next(256),
                };
            }

            ReadEverything(ElfFile.Parse(bytes, "damaged"));
        }
    }

    static void ReadEverything(ElfFile file)
    {
        if (Try(() => DwarfFile.Open(file)) is not { } dwarf)
        {
            return;
        }

        foreach (var name in new[] { "add", "walk", "main", "twice", "hidden" })
        {
            foreach (var function in Try(() => dwarf.FindFunctions(name)) ?? [])
            {
                Try(() => function.Parameters.Select(p => (p.Name, p.Location)).ToArray());
                Try(() => function.IsVariadic);
                Try(() => function.IsExternal);
                Try(() => function.Line);
                Visit(() => function.ReturnType);
                foreach (var parameter in Try(() => function.Parameters) ?? [])
                {
                    Visit(() => parameter.Type);
                }
            }

            Try(() => dwarf.FindInlined(name));
        }

        Try(() => dwarf.FunctionNames.ToArray());
        Try(() => dwarf.SplitFile);
        Visit(() => dwarf.FindType("struct node"));
        Visit(() => dwarf.FindType("point_t"));
        for (var line = 20; line < 60; line += 4)
        {
            Try(() => dwarf.FindAddresses("sample.c", line));
        }

        for (ulong address = file.Entry - 256; address < file.Entry + 1024; address += 97)
        {
            Try(() => dwarf.TryFindLine(address, out _));
            Try(() => dwarf.FindFunction(address)?.Name);
            Try(() => dwarf.FindFrames(address));
        }
    }

    /// <summary>Walks all that a type refers to, within limits: damaged types may go on for ever.</summary>
    static void Visit(Func<DwarfType?> first)
    {
        var seen = new HashSet<DwarfType>(ReferenceEqualityComparer.Instance);
        var queue = new Queue<Func<DwarfType?>>([first]);
        while (seen.Count < 200 && queue.TryDequeue(out var next))
        {
            if (Try(next) is not { } type || !seen.Add(type))
            {
                continue;
            }

            Try(() => (type.Size, type.ToString(), type.Underlying?.Name));
            switch (type)
            {
                case DwarfStructure structure:
                    foreach (var member in Try(() => structure.Members) ?? [])
                    {
                        queue.Enqueue(() => member.Type);
                    }

                    break;
                case DwarfPointer pointer:
                    queue.Enqueue(() => pointer.Target);
                    break;
                case DwarfTypedef alias:
                    queue.Enqueue(() => alias.Target);
                    break;
                case DwarfQualifiedType qualified:
                    queue.Enqueue(() => qualified.Target);
                    break;
                case DwarfArray array:
                    queue.Enqueue(() => array.Element);
                    break;
                case DwarfEnumeration enumeration:
                    Try(() => enumeration.Values.Count);
                    break;
                case DwarfFunctionType function:
                    Try(() => function.Parameters.Count);
                    break;
            }
        }
    }

    static T? Try<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ElfException e)
        {
            Assert.NotEmpty(e.What);
            return default;
        }
    }
}
