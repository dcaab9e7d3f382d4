using System.Globalization;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Sonde.Usdt.Generator;
using Xunit;

namespace Sonde.Tests.Usdt;

/// <summary>What the source generator writes for partial methods, and what it says of those it cannot write.</summary>
public sealed class UsdtGeneratorTests
{
    const string Shop = """
        using System;
        using Sonde.Usdt;

        namespace Example.Web;

        [UsdtProvider("shop")]
        public static partial class Shop
        {
            /// <summary>An order was placed.</summary>
            [UsdtProbe] public static partial void OrderPlaced(long id, string sku, double total);

            [UsdtProbe("closing")] internal static partial void OnClosing();

            [UsdtProbe]
            public static partial void EveryKind(
                sbyte a, byte b, short c, ushort d, int e, uint f, nint g, nuint h, bool i, char j, float k, DayOfWeek day);
        }

        partial record Cart<T>
        {
            [UsdtProbe] partial void HTTPItemAdded(byte[]? @event, ReadOnlyMemory<byte> rest, ulong item = 3);

            partial struct Line
            {
                static bool IsChangedEnabled => false;

                [UsdtProbe] private static partial void Changed(string? text);
            }
        }
        """;

    [Fact]
    public void A_provider_is_one_file_with_the_probes_of_all_its_types()
    {
        var run = Run(Shop, out var compiled);
        Assert.Empty(run.Diagnostics);
        Assert.Empty(compiled.GetDiagnostics(TestContext.Current.CancellationToken).Where(static diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning).Select(static diagnostic => diagnostic.ToString()));
        Golden.Check("usdt-generated.txt", string.Concat(run.GeneratedTrees.Select(static tree => $"==== {Path.GetFileName(tree.FilePath)}\n{tree}")));
    }

    [Theory]
    [InlineData("partial class C { [UsdtProbe] void Said(int a) { } }", "USDT001: 'Said' cannot be a probe: it is no partial method that returns void and has no body; write 'partial void Said(…);'")]
    [InlineData("partial class C { [UsdtProbe] public partial int Said(int a); }", "USDT001")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(int a); partial void Said(int a) { } }", "USDT001")]
    [InlineData("class C { [UsdtProbe] partial void Said(int a); }", "USDT002: 'Said' cannot be a probe: its type 'C' is not partial; write 'partial class C'")]
    [InlineData("struct D { partial struct C { [UsdtProbe] partial void Said(int a); } }", "USDT002: 'Said' cannot be a probe: its type 'D' is not partial; write 'partial struct D'")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(System.DateTime when); }", "USDT003: Parameter 'when' of probe 'Said' is of type 'System.DateTime', which tracers cannot be passed; pass an integer of any size, an enumeration, nint, bool, char, float, double, string, byte[] or ReadOnlyMemory<byte>")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(int? perhaps); }", "USDT003")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(int[] several); }", "USDT003")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(System.ReadOnlySpan<byte> several); }", "USDT003")]
    [InlineData("partial class C<T> { [UsdtProbe] partial void Said(T any); }", "USDT003")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l, int m); }", "USDT004: Probe 'Said' has 13 parameters, and tracers can be passed 12; leave some out, or put several into one text")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(ref int a); }", "USDT005: Parameter 'a' of probe 'Said' is passed by reference, which a probe cannot be; remove 'ref'")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(in int a); }", "USDT005")]
    [InlineData("partial class C { [UsdtProbe(\"a:b\")] partial void Said(); }", "USDT006: 'a:b' cannot be the name of a probe; give it 1 to 128 characters, none of them a colon, a slash, a blank or a control character")]
    [InlineData("[UsdtProvider(\"\")] partial class C { [UsdtProbe] partial void Said(); }", "USDT006: '' cannot be the name of a provider")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(); [UsdtProbe(\"said\")] partial void Told(); }", "USDT007: Provider 'my_shop' has the probe 'said' twice; give this one another name: [UsdtProbe(\"…\")]")]
    [InlineData("partial class C { [UsdtProbe] partial void Said<T>(int a); }", "USDT008")]
    [InlineData("partial class C { [UsdtProbe] partial void Said(int a); [UsdtProbe(\"b\")] partial void Said(long a); }", "USDT009: 'Said' cannot be a probe: another probe of 'my_shop' is a method of this name; give this one another")]
    public void What_is_wrong_is_said_with_what_to_write(string source, string message)
    {
        var diagnostic = Assert.Single(Run("using Sonde.Usdt; " + source, out _).Diagnostics);
        Assert.StartsWith(message, $"{diagnostic.Id}: {diagnostic.GetMessage(CultureInfo.InvariantCulture)}", StringComparison.Ordinal);
        Assert.Equal(DiagnosticSeverity.Error, diagnostic.Severity);
        Assert.NotEqual(0, diagnostic.Location.SourceSpan.Length);
    }

    [Theory]
    [InlineData("", "my_shop", true)]
    [InlineData("[assembly: UsdtProvider(\"other\", LoadAtStart = false)]", "other", false)]
    public void An_assembly_is_a_provider_of_its_name_or_of_that_it_gives(string attribute, string provider, bool loaded)
    {
        var text = Assert.Single(Run($"using Sonde.Usdt; {attribute} partial class C {{ [UsdtProbe] partial void Said(int a); }}", out _).GeneratedTrees).ToString();
        Assert.Contains($"Provider = new(\"{provider}\");", text, StringComparison.Ordinal);
        Assert.Equal(loaded, text.Contains("ModuleInitializer", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_is_written_again_when_other_code_changes()
    {
        var compilation = Compilation(Shop);
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new UsdtGenerator().AsSourceGenerator()], driverOptions: new(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
        driver = driver.RunGenerators(compilation, TestContext.Current.CancellationToken);
        driver = driver.RunGenerators(compilation.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Other;", cancellationToken: TestContext.Current.CancellationToken)), TestContext.Current.CancellationToken);
        var steps = driver.GetRunResult().Results[0].TrackedOutputSteps.SelectMany(static step => step.Value).SelectMany(static step => step.Outputs).Select(static output => output.Reason);
        Assert.All(steps, static reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
    }

    static GeneratorDriverRunResult Run(string source, out Compilation compiled)
    {
        var driver = CSharpGeneratorDriver.Create(new UsdtGenerator()).RunGeneratorsAndUpdateCompilation(Compilation(source), out compiled, out _, TestContext.Current.CancellationToken);
        return driver.GetRunResult();
    }

    static CSharpCompilation Compilation(string source) => CSharpCompilation.Create(
        "MyShop",
        [CSharpSyntaxTree.ParseText(source, path: "Shop.cs")],
        ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(':').Where(static path => Path.GetFileName(path) is ['S', 'y', 's', 't', 'e', 'm', '.', ..] or "Sonde.Usdt.dll")
            .Select(static path => MetadataReference.CreateFromFile(path)),
        new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
}
