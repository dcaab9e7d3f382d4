using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>An attached program: it runs until this is disposed, or this process ends in whatever way.</summary>
public sealed class Link : IDisposable
{
    readonly FileDescriptor[] _descriptors;

    internal Link(params FileDescriptor[] descriptors) => _descriptors = descriptors;

    internal Link(IEnumerable<Link> links) => _descriptors = [.. links.SelectMany(link => link._descriptors)];

    /// <summary>Detaches the program.</summary>
    public void Dispose()
    {
        foreach (FileDescriptor descriptor in _descriptors)
        {
            descriptor.Dispose();
        }
    }
}
