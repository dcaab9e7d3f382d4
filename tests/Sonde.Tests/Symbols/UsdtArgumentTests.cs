using System.Globalization;
using System.Text.Json;
using Sonde.Symbols.Elf;
using Sonde.Symbols.Usdt;
using Xunit;

namespace Sonde.Tests.Symbols;

public sealed class UsdtArgumentTests
{
    static readonly JsonElement[] _vectors = Load();

    public static TheoryData<string, string> Vectors =>
        [.. _vectors.Select(v => new TheoryDataRow<string, string>(v.GetProperty("arch").GetString()!, v.GetProperty("arg").GetString()!))];

    [Fact]
    public void The_table_has_both_machines()
    {
        Assert.Equal(79, _vectors.Count(v => v.GetProperty("arch").GetString() == "x86_64"));
        Assert.Equal(29, _vectors.Count(v => v.GetProperty("arch").GetString() == "aarch64"));
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Operand_is_read_as_the_table_says(string architecture, string text)
    {
        var vector = _vectors.First(v => v.GetProperty("arch").GetString() == architecture && v.GetProperty("arg").GetString() == text);
        var argument = Assert.Single(UsdtArgument.Parse(text, Machine(architecture)));

        Assert.Equal(text, argument.Text);
        Assert.Equal(vector.GetProperty("size").GetInt32(), argument.Size);
        Assert.Equal(vector.GetProperty("signed").GetBoolean(), argument.IsSigned);
        Assert.Equal(vector.GetProperty("float").GetBoolean(), argument.IsFloat);
        Assert.Equal(vector.GetProperty("kind").GetString(), argument.Kind switch
        {
            UsdtOperandKind.Register => "reg",
            UsdtOperandKind.Immediate => "imm",
            UsdtOperandKind.SymbolAddress => "sym_imm",
            UsdtOperandKind.Memory => "mem",
            _ => "unsupported",
        });

        Assert.Equal(Text("reg"), argument.Register?.Name);
        Assert.Equal(Text("base"), argument.Base?.Name);
        Assert.Equal(Text("index"), argument.Index?.Name);
        Assert.Equal(Text("symbol"), argument.Symbol);
        Assert.Equal(Text("modifier"), argument.Modifier);
        Assert.Equal(Text("segment"), argument.Segment);
        Assert.Equal(Text("extend"), argument.Extend == UsdtExtend.None ? null : argument.Extend.ToString().ToLowerInvariant());
        Assert.Equal(Number("disp", 0), argument.Displacement);
        Assert.Equal(Number("scale", 1), argument.Scale);
        Assert.Equal(Number("value", 0), argument.Written);

        var expected = vector.GetProperty("expected");
        if (argument.Kind == UsdtOperandKind.Unavailable)
        {
            Assert.Equal("unavailable", expected.GetProperty("result").GetString());
            Assert.Contains(expected.GetProperty("reason").GetString()!, argument.Unavailable, StringComparison.Ordinal);
            Assert.Equal("unavailable: " + argument.Unavailable, argument.Description);
            return;
        }

        Assert.Null(argument.Unavailable);
        foreach (var property in expected.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type":
                    Assert.Equal(property.Value.GetString(), argument.TypeName);
                    break;
                case "register":
                    Assert.Equal(property.Value.GetString(), argument.Register!.Value.Name);
                    break;
                case "take_bytes":
                    Assert.Equal(property.Value.GetInt32(), argument.Size);
                    break;
                case "shift_right_bits":
                    Assert.Equal(property.Value.GetInt32(), argument.RegisterShift);
                    break;
                case "value" when argument.IsFloat:
                    Assert.EndsWith(" " + property.Value.GetRawText(), argument.Description, StringComparison.Ordinal);
                    break;
                case "value":
                    Assert.Equal(Int128.Parse(property.Value.GetRawText(), CultureInfo.InvariantCulture), argument.Constant);
                    break;
                case "value_is":
                    Assert.EndsWith(property.Value.GetString()!, argument.Description, StringComparison.Ordinal);
                    break;
                case "read_from":
                    Assert.Equal(property.Value.GetString(), Formula(argument));
                    break;
                case "only":
                    Assert.Contains("the low 8 in " + argument.Register!.Value.Name, argument.Description, StringComparison.Ordinal);
                    break;
                default:
                    Assert.Fail($"the table expects {property.Name}, which nothing checks");
                    break;
            }
        }

        string? Text(string name) => vector.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            && !(name == "reg" && argument.Kind == UsdtOperandKind.Unavailable && argument.Register is null)
                ? value.GetString()
                : null;

        Int128 Number(string name, Int128 absent) =>
            vector.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
                ? Int128.Parse(value.GetRawText(), CultureInfo.InvariantCulture)
                : absent;
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("   ", 0)]
    [InlineData(":", 0)]
    [InlineData(" : ", 0)]
    [InlineData("8@%rax", 1)]
    [InlineData("  8@%rax\t-4@%esi  8@(%rdx,%rcx,8) ", 3)]
    [InlineData("8@%rax 8@%xmm0 -4@what? 8@$1", 4)]
    public void Arguments_are_separated_by_blanks(string text, int count) =>
        Assert.Equal(count, UsdtArgument.Parse(text, ElfMachine.X8664).Count);

    [Fact]
    public void A_bad_operand_leaves_its_neighbours_in_place()
    {
        var arguments = UsdtArgument.Parse("8@[x22, 20 -4@[sp, 12] 8@x3", ElfMachine.AArch64);

        Assert.Equal(
            [UsdtOperandKind.Unavailable, UsdtOperandKind.Memory, UsdtOperandKind.Register], arguments.Select(a => a.Kind));
        Assert.Equal("8@[x22, 20", arguments[0].Text);
        Assert.Equal(12, arguments[1].Displacement);
    }

    [Theory]
    [InlineData("8@%rax", "8 unsigned bytes in rax")]
    [InlineData("-1@%ah", "1 signed byte in bits 8-15 of rax")]
    [InlineData("1@$-56", "1 unsigned byte, constant 200")]
    [InlineData("8@16(%rsp)", "8 unsigned bytes at [rsp+16]")]
    [InlineData("-8@-24(%rax,%rdi,8)", "8 signed bytes at [rax+rdi*8-24]")]
    [InlineData("4@%fs:tls_i@tpoff", "4 unsigned bytes at [fs base+tpoff(tls_i)]")]
    [InlineData("8@%fs:16", "8 unsigned bytes at [fs base+16]")]
    [InlineData("-4@80+mp_(%rip)", "4 signed bytes at mp_+80")]
    [InlineData("8@gint@GOTPCREL(%rip)", "8 unsigned bytes at the global offset table's slot of gint")]
    [InlineData("24@16(%rbp)", "24 bytes at [rbp+16]")]
    [InlineData("8f@%rdx", "8-byte float in rdx")]
    [InlineData("8@4096", "8 unsigned bytes at [4096]")]
    [InlineData("8@%bogus", "unavailable: unknown register bogus")]
    public void Is_described_in_words(string text, string description) =>
        Assert.Equal(description, Assert.Single(UsdtArgument.Parse(text, ElfMachine.X8664)).Description);

    [Theory]
    [InlineData("0@%rax")]
    [InlineData("99999999999999999999@%rax")]
    [InlineData("100000@(%rax)")]
    [InlineData("8@$99999999999999999999999999999999999999999999")]
    [InlineData("8@(%rax,%rbx,3)")]
    [InlineData("8@(%eax)")]
    [InlineData("8@(%rax")]
    [InlineData("8@(%rax))")]
    [InlineData("8@$-sym")]
    [InlineData("8@a+b(%rip)")]
    [InlineData("8@%gs:")]
    [InlineData("8@")]
    [InlineData("@")]
    [InlineData("8@%st(0)")]
    public void What_cannot_be_read_is_unavailable(string text)
    {
        var argument = Assert.Single(UsdtArgument.Parse(text, ElfMachine.X8664));

        Assert.Equal(UsdtOperandKind.Unavailable, argument.Kind);
        Assert.NotEmpty(argument.Unavailable!);
    }

    [Fact]
    public void Any_text_is_read_without_an_exception()
    {
        const string Alphabet = "0123456789-+fx@$%(),.[]#: \tabcdrsipGOTPCREL_lo12";
        for (var seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            var text = random.Next(2) == 0
                ? new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => Alphabet[random.Next(Alphabet.Length)])])
                : Mutate(_vectors[random.Next(_vectors.Length)].GetProperty("arg").GetString()!, random);
            foreach (var machine in new[] { ElfMachine.X8664, ElfMachine.AArch64, ElfMachine.None })
            {
                foreach (var argument in UsdtArgument.Parse(text, machine))
                {
                    Assert.NotEmpty(argument.Description);
                    Assert.Equal(argument.Kind == UsdtOperandKind.Unavailable, argument.Unavailable is not null);
                }
            }
        }

        static string Mutate(string text, Random random)
        {
            var characters = text.ToList();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var at = random.Next(characters.Count + 1);
                if (random.Next(3) == 0 && at < characters.Count)
                {
                    characters.RemoveAt(at);
                }
                else
                {
                    characters.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                }
            }

            return new([.. characters]);
        }
    }

    static string Formula(UsdtArgument argument)
    {
        if (argument.Modifier == "GOTPCREL")
        {
            return $"got_slot({argument.Symbol})";
        }

        var terms = new List<string>();
        if (argument.Segment is { } segment)
        {
            terms.Add($"{segment}_base");
        }

        if (argument.Symbol is { } symbol)
        {
            terms.Add(argument.Modifier switch
            {
                null => $"address({symbol})",
                "tpoff" => $"tp_offset({symbol})",
                var modifier => $"{modifier}({symbol})",
            });
        }

        if (argument.Base is { } register && register.Name != "rip")
        {
            terms.Add(register.Name);
        }

        if (argument.Index is { } index)
        {
            var extended = argument.Extend == UsdtExtend.None ? index.Name : $"{index.Name}({argument.Extend.ToString().ToLowerInvariant()})";
            terms.Add(string.Create(CultureInfo.InvariantCulture, $"{extended}*{argument.Scale}"));
        }

        if (argument.Displacement != 0)
        {
            terms.Add(argument.Displacement.ToString(CultureInfo.InvariantCulture));
        }

        return string.Join(" + ", terms);
    }

    static ElfMachine Machine(string architecture) => architecture == "x86_64" ? ElfMachine.X8664 : ElfMachine.AArch64;

    static JsonElement[] Load()
    {
        using var stream = typeof(UsdtArgumentTests).Assembly.GetManifestResourceStream("usdt_args.json")!;
        return [.. JsonDocument.Parse(stream).RootElement.GetProperty("entries").EnumerateArray()];
    }
}
