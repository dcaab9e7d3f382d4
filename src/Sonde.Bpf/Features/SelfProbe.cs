using System.Runtime.InteropServices;
using Sonde.Linux;
using static Sonde.Bpf.Asm;
using static Sonde.Bpf.Register;

namespace Sonde.Bpf;

/// <summary>Probes code of this very process with an empty program: what a uprobe costs and does here, at nobody's expense.</summary>
static class SelfProbe
{
    /// <summary>Whether this process runs x86-64 code.</summary>
    internal static bool IsX64 => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Attaches an empty program to <paramref name="offset"/> of the page, for this process only.</summary>
    /// <exception cref="LinuxException">Rights are missing, or the kernel cannot probe there.</exception>
    internal static Attachment Attach(ExecutablePage page, ulong offset)
    {
        bool multi = KernelFeatures.UprobeMulti.IsSupported;
        Program program = Program.Load(new ProgramSpec
        {
            Name = "sonde_empty",
            Type = ProgramType.Kprobe,
            ExpectedAttachType = multi ? AttachType.UprobeMulti : AttachType.None,
            Instructions = [Mov(R0, 0), Exit()],
        });
        try
        {
            int pid = Environment.ProcessId;
            return new Attachment(program, multi
                ? program.AttachUprobeMulti(new UprobeMultiSpec { Path = page.Path, Offsets = [offset], Pid = pid })
                : program.AttachUprobePerf(new UprobeSpec { Path = page.Path, Offset = offset, Pid = pid }));
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>A program and its link, ended together.</summary>
    internal sealed class Attachment(Program program, Link link) : IDisposable
    {
        public void Dispose()
        {
            link.Dispose();
            program.Dispose();
        }
    }
}
