using System.Reflection;
using System.Text;
using Xunit;

namespace Sonde.Tests.Api;

/// <summary>What the packages promise. A change of it is a change of a file Goldens/api-*.txt, to be looked at.</summary>
/// <remarks>Of Sonde.Engine that is the namespace Sonde.Tracing: its other public types are there for the command, and no promise.</remarks>
public sealed class PublicApiTests
{
    const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Theory]
    [InlineData("Sonde.Engine", "Sonde.Tracing")]
    [InlineData("Sonde.Bpf", "")]
    [InlineData("Sonde.Usdt", "")]
    public void Is_what_it_was(string assembly, string within)
    {
        var text = new StringBuilder();
        foreach (var type in Assembly.Load(assembly).GetExportedTypes().Where(type => within.Length == 0 || type.Namespace == within).OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Kind(type)).Append(' ').Append(Name(type, withNamespace: true)).Append(Bases(type)).Append('\n');
            foreach (var line in type.GetMembers(Own).Select(Line).OfType<string>().Order(StringComparer.Ordinal))
            {
                text.Append("    ").Append(line).Append('\n');
            }
        }

        Golden.Check($"api-{assembly}.txt", text.ToString());
    }

    static string Kind(Type type) => type.IsInterface ? "interface" : type.IsEnum ? "enum" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
        : type.IsValueType ? "struct" : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";

    static string Bases(Type type)
    {
        var bases = new[] { type.BaseType }.Where(of => of is not null && of != typeof(object) && of != typeof(ValueType) && of != typeof(Enum)).Concat(type.IsEnum ? [] : type.GetInterfaces().Where(static of => of.IsPublic))
            .Select(static of => Name(of!)).Order(StringComparer.Ordinal).ToList();
        return bases.Count == 0 ? "" : " : " + string.Join(", ", bases);
    }

    /// <summary>A member as it is called from outside; null for what cannot be.</summary>
    static string? Line(MemberInfo member) => member switch
    {
        FieldInfo { IsSpecialName: false } field when field.IsPublic || field.IsFamily => field.DeclaringType!.IsEnum ? $"{field.Name} = {field.GetRawConstantValue()}" : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType)} {field.Name}",
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsSeen) => $"{(property.GetAccessors(true)[0].IsStatic ? "static " : "")}{Name(property.PropertyType)} {property.Name}{Indices(property)} {{{(property.GetMethod is { } get && IsSeen(get) ? " get;" : "")}{(property.SetMethod is { } set && IsSeen(set) ? IsInit(set) ? " init;" : " set;" : "")} }}",
        EventInfo { AddMethod: { } add } happening when IsSeen(add) => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        ConstructorInfo { IsStatic: false } made when IsSeen(made) => $"new({Parameters(made)})",
        MethodInfo method when IsSeen(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) => $"{(method.IsStatic ? "static " : method.IsAbstract ? "abstract " : "")}{Name(method.ReturnType)} {method.Name}{Generic(method)}({Parameters(method)})",
        _ => null,
    };

    static bool IsSeen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    static bool IsInit(MethodInfo set) => set.ReturnParameter.GetRequiredCustomModifiers().Any(static modifier => modifier.Name == "IsExternalInit");

    static string Indices(PropertyInfo property) => property.GetIndexParameters() is { Length: > 0 } indices ? $"[{string.Join(", ", indices.Select(static index => Name(index.ParameterType)))}]" : "";

    static string Generic(MethodInfo method) => method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static type => type.Name))}>" : "";

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(static one =>
        $"{(one.IsOut ? "out " : one.IsIn ? "in " : one.ParameterType.IsByRef ? "ref " : "")}{Name(one.ParameterType.IsByRef ? one.ParameterType.GetElementType()! : one.ParameterType)} {one.Name}{(one.HasDefaultValue ? $" = {one.RawDefaultValue ?? "null"}" : "")}"));

    static string Name(Type type, bool withNamespace = false)
    {
        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        var name = withNamespace ? type.FullName ?? type.Name : type.IsNested && !type.IsGenericParameter ? $"{type.DeclaringType!.Name}.{type.Name}" : type.Name;
        return type.IsGenericType ? $"{name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(static argument => Name(argument)))}>" : name;
    }
}
