using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Sonde.Engine.Output;
using Sonde.Linux;
using Sonde.Python.Values;

namespace Sonde.Engine.Points;

/// <summary>Leaves on record who has set a log point where: in the system's log, where there is one, and in a file that was asked for.</summary>
public static class PointAudit
{
    const string SystemLog = "/dev/log";

    /// <summary>Facility "security/authorization, private" (10) and severity "notice" (5), RFC 5424, section 6.2.1.</summary>
    const int Priority = (10 * 8) + 5;

    /// <summary>What is recorded.</summary>
    public static string Describe(PointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var user = ProcFs.TryReadStatus(Environment.ProcessId, out var status) ? status.RealUser : 0;
        var sudo = Environment.GetEnvironmentVariable("SUDO_USER");
        var command = Safe(string.Join(' ', ProcFs.ReadCommandLine(options.Pid)), 200);
        return string.Create(CultureInfo.InvariantCulture,
            $"user {Environment.UserName} (uid {user}{(sudo is null ? "" : $", by sudo from {Escape.Text(sudo)}")}) sets a {options.Kind.ToString().ToLowerInvariant()} point at {Escape.Text(options.File)}:{options.Line} in process {options.Pid} ({command}){(options.When is null ? "" : $" when {Safe(options.When, 1000)}")}{(options.Message.Length == 0 ? "" : $": '{Safe(options.Message, 1000)}'")}{(options.Redaction is null ? ", without hiding anything" : "")}");

        // What is asked for may name a secret, too, and this is kept for long.
        static string Safe(string text, int longest) => Escape.Text(Redaction.Default.ScrubSource(text), longest);
    }

    /// <summary>Records it; before the point is set, so that there is none without.</summary>
    /// <param name="text">What.</param>
    /// <param name="file">A file that it is appended to, too; null for none.</param>
    /// <exception cref="UserErrorException">The file cannot be written to; then no point must be set.</exception>
    public static void Write(string text, string? file)
    {
        if (file is not null)
        {
            try
            {
                File.AppendAllText(file, string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ} {text}\n"));
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new UserErrorException($"'{file}' cannot be written to, so no point is set: {FileError.Describe(exception)}");
            }
        }

        if (!File.Exists(SystemLog))
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(SystemLog));
            socket.Send(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<{Priority}>sonde[{Environment.ProcessId}]: {text}")));
        }
        catch (SocketException)
        {
            // The system has no log at this moment; standard error has it.
        }
    }
}
