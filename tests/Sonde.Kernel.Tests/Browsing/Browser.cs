using System.Diagnostics;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Browsing;

/// <summary>A headless Chromium of its own, without network beyond this machine, that sees one folder; it ends with this object.</summary>
sealed class Browser : IDisposable
{
    static readonly Lazy<string> _root = new(FindRoot);

    // What the browser needs besides its files: devices, processes, and the folder it is to open files from.
    const string Enter = """
        set -e
        root=$1 folder=$2
        shift 2
        ip link set lo up 2>/dev/null || true
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        mount --bind "$folder" "$root/srv"
        exec chroot "$root" /usr/lib/chromium/chromium-headless-shell --no-sandbox --disable-gpu --disable-dev-shm-usage \
            --user-data-dir=/srv/.browser --remote-debugging-port=0 --window-size=1280,800 "$@"
        """;

    readonly Process _process;
    readonly string _folder;
    readonly HttpClient _http = new() { Timeout = Target.Patience };
    readonly Uri _address;

    Browser(Process process, string folder, Uri address)
    {
        _process = process;
        _folder = folder;
        _address = address;
    }

    /// <summary>Starts one; the test is skipped where Chromium is not to be had.</summary>
    public static Browser Start()
    {
        Requires.Root();
        Requires.That(_root.Value.Length > 0, "needs Chromium, which tests/setup/chromium brings");
        string folder = Directory.CreateTempSubdirectory("sonde-browser-").FullName;
        var process = Process.Start(new ProcessStartInfo("unshare", ["--mount", "--pid", "--fork", "--kill-child", "sh", "-c", Enter, "sh", _root.Value, folder])
        {
            RedirectStandardError = true,
        })!;
        // It says where it listens, among complaints about what a machine without a desktop has not.
        const string announcement = "DevTools listening on ";
        var address = new TaskCompletionSource<Uri>(TaskCreationOptions.RunContinuationsAsynchronously);
        List<string> complaints = [];
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                address.TrySetException(new InvalidOperationException($"Chromium ended:\n{string.Join('\n', complaints)}"));
            }
            else if (line.Data.StartsWith(announcement, StringComparison.Ordinal))
            {
                address.TrySetResult(new Uri(line.Data[announcement.Length..]));
            }
            else if (!address.Task.IsCompleted)
            {
                complaints.Add(line.Data);
            }
        };
        process.BeginErrorReadLine();
        try
        {
            return new Browser(process, folder, address.Task.WaitAsync(Target.Patience).GetAwaiter().GetResult());
        }
        catch
        {
            End(process, folder);
            throw;
        }
    }

    /// <summary>Writes a file into the folder it sees; returns the address to open it by.</summary>
    public string Put(string name, Action<Stream> write)
    {
        using FileStream file = File.Create(Path.Combine(_folder, name));
        write(file);
        return $"file:///srv/{name}";
    }

    /// <summary>Opens an address and waits until the page is loaded.</summary>
    public BrowserPage Open(string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, $"http://{_address.Authority}/json/new?about:blank");
        using HttpResponseMessage response = _http.Send(request);
        using Stream body = response.EnsureSuccessStatusCode().Content.ReadAsStream();
        using var description = System.Text.Json.JsonDocument.Parse(body);
        var page = new BrowserPage(new Uri(description.RootElement.GetProperty("webSocketDebuggerUrl").GetString()!));
        page.Navigate(address);
        return page;
    }

    public void Dispose()
    {
        _http.Dispose();
        End(_process, _folder);
    }

    static void End(Process process, string folder)
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    static string FindRoot()
    {
        string file = Path.Combine(Repository.Artifacts, "chromium.tsv");
        if (!File.Exists(file) && Environment.IsPrivilegedProcess)
        {
            using var setup = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Root, "tests", "setup", "chromium")) { RedirectStandardOutput = true })!;
            setup.StandardOutput.ReadToEnd();
            setup.WaitForExit();
        }

        return File.Exists(file) && File.ReadAllText(file).Trim().Split('\t') is [_, not "-" and var root] ? root : "";
    }
}
