using System.Net.Sockets;
using System.Text;
using Sonde.Engine.Output;
using Sonde.Linux;

namespace Sonde.Engine.Recording.Sessions;

/// <summary>Lets a recording that goes on be asked, over a socket that only its own user can reach.</summary>
sealed class SessionServer : IDisposable
{
    const int LongestLine = 16384;
    const int PatienceMs = 5000;

    readonly Func<SessionRequest, string> _answer;
    readonly Socket _socket;
    readonly string _path;
    readonly Thread _thread;

    /// <param name="name">The session's name.</param>
    /// <param name="answer">Carries out a request and says what was done; a <see cref="UserErrorException"/> is told to who asked.</param>
    /// <exception cref="UserErrorException">The name is none, or taken.</exception>
    public SessionServer(string name, Func<SessionRequest, string> answer)
    {
        _answer = answer;
        _path = SessionDirectory.SocketOf(name);
        if (SessionDirectory.Connect(_path) is { } other)
        {
            other.Dispose();
            throw new UserErrorException($"session '{name}' goes on already; take another name, or end it with 'sonde session stop {name}'");
        }

        File.Delete(_path);
        _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            _socket.Bind(new UnixDomainSocketEndPoint(_path));
            _socket.Listen();
        }
        catch (Exception exception) when (exception is SocketException or ArgumentException)
        {
            _socket.Dispose();
            throw new UserErrorException($"session '{name}' cannot be reached at {_path}: {exception.Message}");
        }

        _thread = new Thread(Run) { IsBackground = true, Name = "session" };
    }

    /// <summary>Begins to answer.</summary>
    public void Start() => _thread.Start();

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(_path);
    }

    void Run()
    {
        while (true)
        {
            try
            {
                using var client = _socket.Accept();
                client.ReceiveTimeout = client.SendTimeout = PatienceMs;
                Serve(client);
            }
            catch (SocketException) when (!_socket.IsBound)
            {
                return;
            }
            catch (SocketException exception) when (exception.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted)
            {
                return;
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Who asked has gone, or said nothing: the next one may.
            }
        }
    }

    void Serve(Socket client)
    {
        if (ReadLine(client) is not { } line)
        {
            return;
        }

        string reply;
        try
        {
            reply = SessionRequest.TryParse(line, out var request) ? $"+{_answer(request)}" : "-that is no request of this version of Sonde";
        }
        catch (Exception exception) when (exception is UserErrorException or LinuxException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            reply = $"-{(exception is IOException or UnauthorizedAccessException ? FileError.Describe(exception) : exception.Message)}";
        }

        client.Send(Encoding.UTF8.GetBytes(Escape.Text(reply, LongestLine)));
        client.Shutdown(SocketShutdown.Send);
    }

    static string? ReadLine(Socket client)
    {
        var buffer = new byte[LongestLine];
        var length = 0;
        while (length < buffer.Length)
        {
            var read = client.Receive(buffer.AsSpan(length));
            if (read == 0)
            {
                return null;
            }

            var end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            length += read;
            if (end >= 0)
            {
                return Encoding.UTF8.GetString(buffer, 0, length - read + end);
            }
        }

        return null;
    }
}
