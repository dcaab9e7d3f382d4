using Sonde.Usdt.Image;
using Sonde.Usdt.Native;

namespace Sonde.Usdt;

/// <summary>A named set of probes of this program, which SystemTap, bpftrace, BCC, perf and Sonde can attach to while it runs.</summary>
/// <remarks>
/// Add the probes, then <see cref="Load"/>. Tracers find them by this process's number, or by the path of the file with <see cref="UsdtProviderOptions.Directory"/>.
/// Linux on x86-64 and aarch64. Adding, loading and unloading are safe for concurrent use; two providers may have one name.
/// </remarks>
public sealed partial class UsdtProvider : IDisposable
{
    readonly Lock _gate = new();
    readonly List<UsdtProbe> _probes = [];
    readonly UsdtProviderOptions _options;
    MappedProvider? _mapped;
    ProviderFile? _file;
    bool _loaded;
    bool _disposed;

    /// <summary>A provider without probes yet.</summary>
    /// <param name="name">What tools know it by: not empty, and without NUL, colon or blank.</param>
    /// <param name="options">Where it is put; null for memory.</param>
    /// <exception cref="ArgumentException">The name is none.</exception>
    public UsdtProvider(string name, UsdtProviderOptions? options = null)
    {
        Name = Checked(name, nameof(name), "provider");
        _options = options ?? new();
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>The probes, in the order they were added.</summary>
    public IReadOnlyList<UsdtProbe> Probes
    {
        get
        {
            lock (_gate)
            {
                return [.. _probes];
            }
        }
    }

    /// <summary>Whether tracers can attach now.</summary>
    public bool IsLoaded
    {
        get
        {
            lock (_gate)
            {
                return _loaded;
            }
        }
    }

    /// <summary>The file tracers can be given; null where it is in memory, and while it is not loaded.</summary>
    public string? Path
    {
        get
        {
            lock (_gate)
            {
                return _file?.Path;
            }
        }
    }

    /// <summary>Why the last <see cref="TryLoad"/> could not; null when it could.</summary>
    public Exception? LoadFailure { get; private set; }

    /// <summary>Makes the probes visible to tracers. Does nothing when they are.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">The system forbids it, or has no memory left.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="PlatformNotSupportedException">This is no Linux on x86-64 or aarch64.</exception>
    public void Load()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_loaded)
            {
                return;
            }

            if (!OperatingSystem.IsLinux())
            {
                throw new PlatformNotSupportedException("USDT probes can be made on Linux only");
            }

            var page = Environment.SystemPageSize;
            var image = ProviderImage.Build(Name, [.. _probes.Select(static probe => probe.Shape)], ProbeStub.Native, page);
            var length = (image.MappedEnd + page - 1) / page * page;
            if (_mapped is { } before && !before.Fits(length, image.DataOffset))
            {
                before.Dispose();
                _mapped = null;
            }

            _mapped ??= new MappedProvider(length, image.DataOffset);
            _file = _options.Directory is { } directory ? ProviderFile.Create(directory, Name, image.Bytes) : null;
            try
            {
                _mapped.Load(_file?.Path, Name, image.Bytes);
            }
            catch
            {
                _mapped.Dispose();
                _mapped = null;
                _file?.Dispose();
                _file = null;
                throw;
            }

            for (var i = 0; i < _probes.Count; i++)
            {
                _probes[i].Site = new Site(_mapped.Address(image.SemaphoreOffset(i)), _mapped.Address(image.StubOffset(i)));
            }

            _loaded = true;
        }
    }

    /// <summary>As <see cref="Load"/>, for programs that go on without probes where they cannot be had.</summary>
    /// <returns>Whether tracers can attach now; if not, <see cref="LoadFailure"/> tells why.</returns>
    public bool TryLoad()
    {
        try
        {
            Load();
            LoadFailure = null;
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            LoadFailure = exception;
        }

        return LoadFailure is null;
    }

    /// <summary>Takes the probes away from tracers. They may go on being asked and fired, and do nothing. Does nothing when they are not loaded.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">There is no memory left.</exception>
    public void Unload()
    {
        lock (_gate)
        {
            if (!_loaded)
            {
                return;
            }

            foreach (var probe in _probes)
            {
                probe.Site = Site.Unloaded;
            }

            _mapped!.Unload(ProbeStub.Native.Return);
            _file?.Dispose();
            _file = null;
            _loaded = false;
        }
    }

    /// <summary>Unloads it for good.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (!_disposed)
            {
                Unload();
                _mapped?.Dispose();
                _mapped = null;
                _disposed = true;
            }
        }
    }

    /// <summary>Adds a probe without arguments.</summary>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <exception cref="ArgumentException">The name is none, or taken.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtSignal AddProbe(string name) => Add(new UsdtSignal(Name, name));

    /// <summary>Adds a probe whose arguments are known only now.</summary>
    internal UntypedProbe AddProbe(string name, IReadOnlyList<UsdtArgument> arguments, IReadOnlyList<string> argumentNames) => Add(new UntypedProbe(Name, name, arguments, argumentNames));

    T Add<T>(T probe) where T : UsdtProbe
    {
        Checked(probe.Name, "name", "probe");
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_loaded)
            {
                throw new InvalidOperationException($"probe {probe} cannot be added while its provider is loaded; unload it first");
            }

            if (_probes.Exists(other => other.Name == probe.Name))
            {
                throw new ArgumentException($"provider {Name} has a probe {probe.Name} already");
            }

            _probes.Add(probe);
            return probe;
        }
    }

    /// <summary>A name that tools can be told on a command line, and that fits a file's.</summary>
    static string Checked(string name, string parameter, string what)
    {
        const int most = 128;
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        return name.Length <= most && !name.Any(static character => character is ':' or '/' || char.IsControl(character) || char.IsWhiteSpace(character)) ? name
            : throw new ArgumentException($"'{name}' cannot be the name of a {what}: at most {most} characters, none of them a colon, a slash, a blank or a control character", parameter);
    }
}
