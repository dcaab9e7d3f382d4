using System.Net.Sockets;
using System.Text;

namespace Sonde.Engine.Recording.Sessions;

/// <summary>Asks a recording that goes on.</summary>
public static class SessionClient
{
    const int LongestReply = 64 << 10;

    /// <summary>Asks a session and gives what it says.</summary>
    /// <exception cref="UserErrorException">There is no such session, or it refuses.</exception>
    public static string Ask(string name, SessionRequest request)
    {
        using var socket = SessionDirectory.Connect(SessionDirectory.SocketOf(name)) ?? throw new UserErrorException(
            SessionDirectory.Names() is { Count: > 0 } names ? $"there is no session '{name}'; there are {string.Join(", ", names)}" : $"there is no session '{name}', nor any other of this user; begin one with 'sonde record --session {name}'");
        try
        {
            socket.Send(Encoding.UTF8.GetBytes(request.Line + "\n"));
            return Read(socket) switch
            {
                ['+', .. var said] => said,
                ['-', .. var problem] => throw new UserErrorException($"session '{name}': {problem}"),
                _ => throw new UserErrorException($"session '{name}' ended before it answered"),
            };
        }
        catch (SocketException)
        {
            throw new UserErrorException($"session '{name}' ended before it answered");
        }
    }

    static string Read(Socket socket)
    {
        var buffer = new byte[LongestReply];
        var length = 0;
        while (length < buffer.Length && socket.Receive(buffer.AsSpan(length)) is > 0 and var read)
        {
            length += read;
        }

        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
