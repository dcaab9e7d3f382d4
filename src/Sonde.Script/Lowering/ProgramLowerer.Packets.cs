using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering;

/// <summary>Packets for user space.</summary>
sealed partial class ProgramLowerer
{
    /// <summary>A record of a perf buffer tells its size in 16 bits (<c>struct perf_event_header</c>, include/uapi/linux/perf_event.h); this leaves room for what stands before the bytes.</summary>
    const int MostPacketBytes = 65_408;

    /// <summary>Sends as much of a packet as is wanted and there is; the helper's answer.</summary>
    VirtualRegister SendPacket(BoundCall call)
    {
        var layout = _script.Actions[(int)call.Number].Payload;
        var skipped = _script.Actions[(int)call.Number].SkippedBytes;
        var packet = Register(Scalar(call.Arguments[0]));
        var length = Register(Scalar(call.Arguments[1]));
        var size = Register(Scalar(call.Arguments[2]));

        // The kernel sends bytes from a packet's first on; what is not wanted of them is left out later.
        var wanted = Bounded(Ir.Arithmetic(IrOperation.Add, Bounded(length, MostPacketBytes), skipped), MostPacketBytes);
        var sent = Bounded(wanted, size);

        var record = Temporary(ScriptAction.PayloadOffset + layout.Size, "packet");
        Ir.Store(Size.Double, record, call.Number);
        Ir.Store(Size.Double, record.Plus(ScriptAction.PayloadOffset + layout.OffsetOf(0)), Now());
        Ir.Store(Size.Double, record.Plus(ScriptAction.PayloadOffset + layout.OffsetOf(1)), size);
        Ir.Store(Size.Double, record.Plus(ScriptAction.PayloadOffset + layout.OffsetOf(2)), sent);
        // How many bytes of the packet stands in the upper half of the flags (BPF_F_CTXLEN_MASK, include/uapi/linux/bpf.h).
        var flags = Ir.Arithmetic(IrOperation.Or, Ir.Arithmetic(IrOperation.ShiftLeft, sent, 32), Ir.Constant(CurrentProcessor));
        var answer = Ir.Call(Helper.SkbOutput, packet, _script.Packets, flags, record, ScriptAction.PayloadOffset + layout.Size);
        CountIfFailed(answer, LossKind.Packet);
        TellIfFailed(answer, Helper.SkbOutput);
        return answer;
    }
}
