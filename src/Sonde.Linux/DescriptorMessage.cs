using System.Runtime.InteropServices;

namespace Sonde.Linux;

/// <summary>Hands open files to other processes over Unix sockets (<c>SCM_RIGHTS</c>, unix(7)).</summary>
public static unsafe class DescriptorMessage
{
    const int SocketLevel = 1, Rights = 1; // SOL_SOCKET, SCM_RIGHTS
    const int NoSignal = 0x4000; // MSG_NOSIGNAL

    /// <summary>Sends one byte, 0, with a descriptor.</summary>
    /// <param name="socket">A connected Unix socket.</param>
    /// <param name="file">What is handed over; the other process gets a descriptor of its own for it.</param>
    public static SystemResult Send(SafeHandle socket, FileDescriptor file)
    {
        ArgumentNullException.ThrowIfNull(socket);
        ArgumentNullException.ThrowIfNull(file);
        byte nothing = 0;
        var part = new Part { Base = &nothing, Length = 1 };
        var control = new ControlMessage { Length = (nuint)(sizeof(ControlMessage) - sizeof(int)), Level = SocketLevel, Type = Rights, Descriptor = file.Number };
        var header = new MessageHeader { Parts = &part, PartCount = 1, Control = &control, ControlLength = (nuint)sizeof(ControlMessage) };
        bool added = false;
        socket.DangerousAddRef(ref added);
        try
        {
            return Libc.Result(Libc.SendMessage((int)socket.DangerousGetHandle(), &header, NoSignal));
        }
        finally
        {
            socket.DangerousRelease();
            GC.KeepAlive(file);
        }
    }

    /// <summary><c>struct iovec</c>.</summary>
    struct Part
    {
        public byte* Base;
        public nuint Length;
    }

    /// <summary><c>struct msghdr</c> of 64-bit Linux.</summary>
    struct MessageHeader
    {
        public void* Name;
        public uint NameLength;
        public Part* Parts;
        public nuint PartCount;
        public void* Control;
        public nuint ControlLength;
        public int Flags;
    }

    /// <summary><c>struct cmsghdr</c> with one descriptor behind it, padded to whole words as <c>CMSG_SPACE</c> has it.</summary>
    struct ControlMessage
    {
        public nuint Length;
        public int Level;
        public int Type;
        public int Descriptor;
        public int Padding;
    }
}
