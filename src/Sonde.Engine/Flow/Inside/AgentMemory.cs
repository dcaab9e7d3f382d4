namespace Sonde.Engine.Flow.Inside;

/// <summary>The memory that an agent shares with Sonde, and what it keeps for itself: the agent's code is written with these offsets, the reader reads with them.</summary>
/// <remarks><code>
///  shared (a memory file; not inherited by children)
///       0 magic   8 version   16 bytes of the ring
///      64 head: bytes ever written   72 lost entries   80 lost exits   88 lost code objects   96 state   104 profile functions of others
///     128 tail: bytes ever read     136 heartbeat: the time stamp counter when Sonde was last seen alive
///    4096 decisions: a number (4) for each slot of the code table; that of the code object in it when its calls are unwanted
///         the ring, and one page behind it, into which the last record of a round may reach
///
///  private (zeroed in a child by the kernel, so that an agent in a forked child finds no ring and does nothing)
///       0 ring    8 head   16 mask   24 bytes   32 the thread that was last announced   40 age of the heartbeat that is too old   48 code objects ever sent   56 where the shared memory is
///    4096 code table: code object (8), identity (8), number (4), unused (12)
///
///  records, of 8 bytes each word; the first is time stamp counter &lt;&lt; 16 | processor &lt;&lt; 4 | kind
///     entry   code object, frame, parent frame
///     exit    code object, parent frame
///     thread  thread id, name (16 bytes)
///     code    slot &lt;&lt; 32 | number, then what <see cref="FlowRecord"/> has of a code object behind its header
/// </code></remarks>
static class AgentMemory
{
    public const ulong Magic = 0x31_67_61_65_64_6e_6f_73; // "sondeag1"

    public const int MagicAt = 0, RingBytesAt = 16, HeadAt = 64, LostEntriesAt = 72, LostExitsAt = 80, LostCodesAt = 88, StateAt = 96, OthersAt = 104, TailAt = 128, HeartbeatAt = 136;
    public const int DecisionsAt = 4096;

    /// <summary>The agent writes.</summary>
    public const int Running = 1;

    /// <summary>The agent found the heartbeat too old and has stopped for good.</summary>
    public const int Abandoned = 2;

    /// <summary>A heartbeat that is too old whatever the time is: it stops the agent. The agent subtracts it from the time, and both are signed: the age must not overflow.</summary>
    public const ulong Stopped = 3UL << 62;

    public const int ControlRing = 0, ControlHead = 8, ControlMask = 16, ControlBytes = 24, ControlThread = 32, ControlAge = 40, ControlCodes = 48, ControlShared = 56;
    public const int TableAt = 4096, SlotBytes = 32, SlotCode = 0, SlotIdentity = 8, SlotNumber = 16;

    /// <summary>Slots of the code table, as a power of two. A code object is looked for in so many slots from its own; those of the last ones follow the table.</summary>
    public const int SlotBits = 16, Probes = 8;
    public const int Slots = (1 << SlotBits) + Probes;

    public const int RingAt = DecisionsAt + ((4 * Slots + 4095) & ~4095);
    public const int ControlSize = TableAt + Slots * SlotBytes;

    /// <summary>Longer than any record.</summary>
    const int Slack = 4096;

    /// <summary>The length of the shared memory, in bytes.</summary>
    public static int SharedSize(int ringBytes) => checked(RingAt + ringBytes + Slack);

    /// <summary>Kinds of records that are no events; those that are have the number of their <see cref="FlowEventKind"/>.</summary>
    public const int ThreadKind = 5, CodeKind = 6;

    public const int KindBits = 4, ProcessorBits = 12, TimeShift = KindBits + ProcessorBits;

    public const int EntrySize = 32, ExitSize = 24, ThreadSize = 32, CodeHeader = 16, CodeRecordSize = CodeHeader + FlowRecord.CodeSize - FlowRecord.CodeAddress;

    /// <summary>The length of a record, in bytes; 0 for a kind there is not.</summary>
    public static int SizeOf(int kind) => kind switch
    {
        (int)FlowEventKind.Call or (int)FlowEventKind.Resume => EntrySize,
        (int)FlowEventKind.Return or (int)FlowEventKind.Raise or (int)FlowEventKind.Suspend => ExitSize,
        ThreadKind => ThreadSize,
        CodeKind => CodeRecordSize,
        _ => 0,
    };
}
