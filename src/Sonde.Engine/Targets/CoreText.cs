using System.Globalization;
using Sonde.Symbols.Elf;

namespace Sonde.Engine.Targets;

/// <summary>What a process died of, in words.</summary>
static class CoreText
{
    // include/uapi/asm-generic/signal.h
    const int Illegal = 4, Trap = 5, Abort = 6, Bus = 7, FloatingPoint = 8, SegmentationFault = 11, SystemCall = 31;

    // include/uapi/asm-generic/siginfo.h: who sent a signal.
    const int ByKernel = 0x80, ByUser = 0, ByQueue = -1, ByThread = -6;

    static readonly string[] _names =
    [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM",
        "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary>The reason of death, as <c>killed by SIGSEGV: read or wrote address 0x0, where nothing is mapped</c>.</summary>
    public static string ReasonOf(CoreFile core) => core switch
    {
        { Signal: { } signal } => Killed(signal.Number) + Why(signal, core.Pid),
        { Threads: [{ Signal: > 0 and var number }, ..] } => Killed(number),
        _ => "no signal: the core file was taken of a running process",
    };

    static string Killed(int number) => $"killed by {(number > 0 && number < _names.Length ? _names[number] : string.Create(CultureInfo.InvariantCulture, $"signal {number}"))}";

    static string Why(CoreSignal signal, int pid) => signal switch
    {
        { Number: Abort, Code: ByThread } when signal.SenderPid == pid => ": it ended itself, as abort() does",
        { Code: ByThread or ByUser or ByQueue } when signal.SenderPid == pid => ": it sent that to itself",
        { Code: ByThread or ByUser or ByQueue } => string.Create(CultureInfo.InvariantCulture, $": sent by process {signal.SenderPid} (user {signal.SenderUid})"),
        { Number: SegmentationFault, Code: 1 } => string.Create(CultureInfo.InvariantCulture, $": it used address 0x{signal.Address:x}, where nothing is mapped"),
        { Number: SegmentationFault, Code: 2 } => string.Create(CultureInfo.InvariantCulture, $": it used address 0x{signal.Address:x} in a way that is not allowed there"),
        { Number: SegmentationFault, Code: ByKernel } => ": it used an address that is none",
        { Number: Bus, Code: 2 } => string.Create(CultureInfo.InvariantCulture, $": address 0x{signal.Address:x} lies behind the end of the file that is mapped there, or on a disk that failed"),
        { Number: Bus, Code: 1 } => string.Create(CultureInfo.InvariantCulture, $": address 0x{signal.Address:x} is not aligned"),
        { Number: FloatingPoint, Code: 1 } => string.Create(CultureInfo.InvariantCulture, $": it divided by zero at 0x{signal.Address:x}"),
        { Number: Illegal } => string.Create(CultureInfo.InvariantCulture, $": the instruction at 0x{signal.Address:x} is none of this processor's"),
        { Number: Trap } => string.Create(CultureInfo.InvariantCulture, $": a breakpoint at 0x{signal.Address:x}"),
        { Number: SystemCall } => ": it made a system call that it was not allowed",
        _ => "",
    };
}
