namespace Sonde.Python.Values;

/// <summary>Recognizes enumerations: classes whose metaclass is <c>enum.EnumType</c>, which was called <c>EnumMeta</c> up to 3.10.</summary>
static class EnumMembers
{
    /// <summary>Whether a type is an enumeration.</summary>
    public static bool IsEnumeration(ObjectReader objects, PythonType type) =>
        type.IsClass && objects.TryGetType(type.Meta, out var meta) && objects.Ancestors(meta).Any(ancestor => ancestor.IsClass && ancestor.Name is "EnumMeta" or "EnumType");
}
