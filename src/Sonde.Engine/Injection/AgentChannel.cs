using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Sonde.Linux;

namespace Sonde.Engine.Injection;

/// <summary>What an agent sends: a socket (SOCK_SEQPACKET) in the directory that it was found in, to which the process connects once and which then has no name any more.</summary>
/// <remarks>
/// Each packet holds records, each a length (4 bytes, little endian) and a JSON object in UTF-8. A packet comes whole or not at all, so threads of the process need no lock
/// between them, and nobody waits: what finds no room is dropped there and counted.
/// <para>Records that begin with <c>{"reply":</c> answer what was asked (<see cref="InjectedAgent.Evaluate"/>), those with <c>{"removal":</c> tell what went wrong when the agent was taken out. All others are the agent's own.</para>
/// </remarks>
sealed class AgentChannel : IDisposable
{
    public const string SocketName = "socket";

    /// <summary>More than the room that the kernel gives a sender for all its packets.</summary>
    const int LargestPacketBytes = 4 << 20;

    static ReadOnlySpan<byte> ReplyStart => "{\"reply\":"u8;

    static ReadOnlySpan<byte> RemovalStart => "{\"removal\":"u8;

    readonly Socket _listener = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
    readonly Queue<byte[]> _records = [];
    readonly Queue<byte[]> _replies = [];
    readonly Queue<byte[]> _removals = [];
    readonly byte[] _packet = new byte[LargestPacketBytes];
    readonly Task<Socket?> _accepting;
    Socket? _socket;
    volatile bool _isClosed;

    /// <summary>Opens the socket in a directory; before that is given to the process.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="pid">The process; nobody else is let in.</param>
    /// <param name="handed">A file that the process is handed as soon as it connects, as it may wait for it; null for none.</param>
    public AgentChannel(RootedDirectory directory, int pid, FileDescriptor? handed)
    {
        try
        {
            _listener.Bind(new UnixDomainSocketEndPoint(directory.OwnPath(SocketName)));
            directory.Add(SocketName);
            _listener.Listen(8);
            _accepting = Task.Factory.StartNew(() => AcceptFrom(pid, handed), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }
        catch (SocketException exception)
        {
            _listener.Dispose();
            throw new UserErrorException($"no socket can be made in {directory.Path}, over which the process could be heard: {exception.Message}");
        }
    }

    /// <summary>Whether the process has connected and not gone since.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Packets that contradicted themselves.</summary>
    public long Damaged { get; private set; }

    /// <summary>Waits for the process to connect.</summary>
    /// <param name="patience">How long.</param>
    public bool Accept(TimeSpan patience)
    {
        if (!_accepting.Wait(patience) || _accepting.Result is not { } socket)
        {
            return false;
        }

        _socket = socket;
        IsOpen = true;
        _listener.Dispose();
        return true;
    }

    /// <summary>Takes the next record of the agent's own.</summary>
    /// <param name="wait">How long to wait for one.</param>
    /// <param name="record">The JSON text.</param>
    /// <returns>False when there was none in time, or the process has gone (<see cref="IsOpen"/>).</returns>
    public bool TryReceive(TimeSpan wait, out ReadOnlyMemory<byte> record) => TryTake(_records, wait, out record);

    /// <summary>Takes the next reply; records that come before it are kept.</summary>
    public bool TryReceiveReply(TimeSpan wait, out ReadOnlyMemory<byte> record) => TryTake(_replies, wait, out record);

    /// <summary>Takes what was said of a removal that did not go as it should; without waiting.</summary>
    public bool TryReceiveRemoval(out ReadOnlyMemory<byte> record) => TryTake(_removals, TimeSpan.Zero, out record);

    /// <summary>Waits until the process has closed its end; records that come before that are kept.</summary>
    public bool AwaitEnd(TimeSpan patience)
    {
        var deadline = Stopwatch.GetTimestamp() + (long)(patience.TotalSeconds * Stopwatch.Frequency);
        while (IsOpen && Receive(Remaining(deadline)) && Stopwatch.GetTimestamp() < deadline)
        {
        }

        return !IsOpen;
    }

    public void Dispose()
    {
        // What was received before can still be taken.
        IsOpen = false;
        _isClosed = true;
        _listener.Dispose();
        (_socket ?? _accepting.Result)?.Dispose();
    }

    /// <summary>The connection with the process; null when the channel is closed before there is one.</summary>
    Socket? AcceptFrom(int pid, FileDescriptor? handed)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = _listener.Accept();
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
            catch (SocketException exception) when (!_isClosed && IsTransient(exception.SocketErrorCode))
            {
                // accept(2): a signal, one that has gone again, no descriptor or memory at this moment. The next one may be the process.
                Thread.Sleep(1);
                continue;
            }
            catch (SocketException)
            {
                return null;
            }

            // A process that is not handed what it waits for says so itself.
            if (PeerOf(socket) == pid && (handed is null || !DescriptorMessage.Send(socket.SafeHandle, handed).Failed))
            {
                return socket;
            }

            socket.Dispose();
        }
    }

    internal static bool IsTransient(SocketError error) =>
        error is SocketError.Interrupted or SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.WouldBlock or SocketError.TryAgain or SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable;

    bool TryTake(Queue<byte[]> queue, TimeSpan wait, out ReadOnlyMemory<byte> record)
    {
        var deadline = Stopwatch.GetTimestamp() + (long)(wait.TotalSeconds * Stopwatch.Frequency);
        while (queue.Count == 0 && IsOpen && Receive(Remaining(deadline)) && Stopwatch.GetTimestamp() < deadline)
        {
        }

        var found = queue.TryDequeue(out var taken);
        record = taken;
        return found;
    }

    /// <summary>Takes one packet; false when none came in time.</summary>
    bool Receive(TimeSpan wait)
    {
        if (!_socket!.Poll(wait, SelectMode.SelectRead))
        {
            return false;
        }

        int length;
        try
        {
            length = _socket.Receive(_packet);
        }
        catch (SocketException)
        {
            length = 0;
        }

        if (length == 0)
        {
            IsOpen = false;
            return false;
        }

        var rest = _packet.AsSpan(0, length);
        while (!rest.IsEmpty)
        {
            if (rest.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(rest) is var size && size > (uint)(rest.Length - 4))
            {
                Damaged++;
                return true;
            }

            var record = rest.Slice(4, (int)size).ToArray();
            (record.AsSpan().StartsWith(ReplyStart) ? _replies : record.AsSpan().StartsWith(RemovalStart) ? _removals : _records).Enqueue(record);
            rest = rest[(4 + record.Length)..];
        }

        return true;
    }

    static TimeSpan Remaining(long deadline) => TimeSpan.FromSeconds(Math.Max(0, (deadline - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency));

    /// <summary>The process at the other end, by our own pid namespace (SO_PEERCRED, unix(7): pid, user and group).</summary>
    static int PeerOf(Socket socket)
    {
        const int socketLevel = 1, peerCredentials = 17;
        Span<byte> credentials = stackalloc byte[12];
        socket.GetRawSocketOption(socketLevel, peerCredentials, credentials);
        return BinaryPrimitives.ReadInt32LittleEndian(credentials);
    }
}
