using Sonde.Bpf;
using Sonde.Bpf.Btf;
using Sonde.Linux;
using Sonde.Script.Ir;
using Sonde.Symbols.Elf;
using Sonde.Tracing;

namespace Sonde.Engine.Library.Running;

/// <summary>What the library's callers are told of failures: one type of exception, whatever went wrong below.</summary>
static class Failures
{
    /// <summary>The exception for the caller; null for one that is a bug and shows itself.</summary>
    public static TracingException? Translate(Exception problem) => problem switch
    {
        TracingException known => known,
        UserErrorException or LinuxException or VerifierException or IrException or BtfException or ElfException => new TracingException(problem.Message, problem),
        _ => null,
    };

    /// <summary>Does something whose failures are translated.</summary>
    public static T Translated<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception problem) when (problem is not TracingException && Translate(problem) is not null)
        {
            throw Translate(problem)!;
        }
    }
}
