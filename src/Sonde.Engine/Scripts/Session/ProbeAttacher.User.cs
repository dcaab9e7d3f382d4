using Sonde.Bpf;
using Sonde.Linux;
using Sonde.Script.Binding;

namespace Sonde.Engine.Scripts.Session;

/// <content>Probes in files: one link for all places of a file where the kernel has such links.</content>
sealed partial class ProbeAttacher
{
    void AttachUser(Program program, IReadOnlyList<ResolvedProbe> probes)
    {
        var atReturn = probes[0].Kind == ProbeKind.Uretprobe;
        if (program.Spec.ExpectedAttachType != AttachType.UprobeMulti)
        {
            foreach (var probe in probes)
            {
                TryAttach(probe, () => program.AttachUprobePerf(new UprobeSpec
                {
                    Path = probe.Path,
                    Offset = probe.FileOffset,
                    Cookie = Cookie(probe),
                    RefCounterOffset = probe.SemaphoreOffset,
                    Pid = ProcessOf(probe),
                    Return = atReturn,
                }));
            }

            return;
        }

        foreach (var places in probes.GroupBy(probe => (probe.Path, ProcessOf(probe))))
        {
            AttachPlaces(program, [.. places], atReturn);
        }
    }

    static int? ProcessOf(ResolvedProbe probe) => probe.ProcessId > 0 ? probe.ProcessId : null;

    /// <summary>Attaches to all places or, when one of them cannot be had, finds out which by halves.</summary>
    void AttachPlaces(Program program, ResolvedProbe[] places, bool atReturn)
    {
        try
        {
            Keep(program.AttachUprobeMulti(new UprobeMultiSpec
            {
                Path = places[0].Path,
                Offsets = Array.ConvertAll(places, probe => probe.FileOffset),
                Cookies = Array.ConvertAll(places, Cookie),
                RefCounterOffsets = Array.Exists(places, probe => probe.SemaphoreOffset != 0) ? Array.ConvertAll(places, probe => probe.SemaphoreOffset) : null,
                Pid = ProcessOf(places[0]),
                Return = atReturn,
            }), places.Length);
        }
        catch (LinuxException exception) when (places.Length > 1 && exception.Errno is not (Errno.ESRCH or Errno.EPERM or Errno.EACCES or Errno.ENOENT))
        {
            AttachPlaces(program, places[..(places.Length / 2)], atReturn);
            AttachPlaces(program, places[(places.Length / 2)..], atReturn);
        }
        catch (LinuxException exception)
        {
            foreach (var place in places)
            {
                Fail(place, exception.Message);
            }
        }
    }
}
