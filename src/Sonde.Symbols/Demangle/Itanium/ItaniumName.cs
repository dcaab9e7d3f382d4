namespace Sonde.Symbols.Demangle.Itanium;

/// <summary>The mangling of the Itanium C++ ABI (section 5.1), which every C++ compiler on Linux uses.</summary>
static class ItaniumName
{
    public static string? Demangle(string mangled, NameParts parts)
    {
        var parser = new Parser(mangled);
        var root = parser.ParseMangledName();
        if (parser.Failed)
        {
            return null;
        }

        var printer = new Printer();
        printer.Print(parts == NameParts.WithoutParameters && root is FunctionNode function ? function.Name : root);
        return printer.Result;
    }
}
