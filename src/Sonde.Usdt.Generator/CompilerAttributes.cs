// What the compiler wants for "init" and "required", and .NET Standard 2.0 has not.
namespace System.Runtime.CompilerServices
{
    static class IsExternalInit;

    [AttributeUsage(AttributeTargets.All)]
    sealed class RequiredMemberAttribute : Attribute;

    [AttributeUsage(AttributeTargets.All, AllowMultiple = true)]
    sealed class CompilerFeatureRequiredAttribute(string featureName) : Attribute
    {
        public string FeatureName => featureName;
    }
}

namespace System.Diagnostics.CodeAnalysis
{
    [AttributeUsage(AttributeTargets.Constructor)]
    sealed class SetsRequiredMembersAttribute : Attribute;
}
