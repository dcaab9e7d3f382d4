using System.Text;
using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>Memory for the verifier's log, which tells its size only by not fitting.</summary>
static class VerifierLogBuffer
{
    internal const int FirstBytes = 256 << 10;

    /// <summary>The most every kernel accepts (<c>UINT_MAX &gt;&gt; 8</c> before 5.5; bpf_check, kernel/bpf/verifier.c).</summary>
    internal const int MostBytes = (16 << 20) - 1;

    internal static int Grow(int bytes) => Math.Min(bytes * 8, MostBytes);

    /// <summary>Loads a refused program again to hear why.</summary>
    internal static string Explain(Func<byte[], SystemResult> load)
    {
        byte[] log = new byte[FirstBytes];
        SystemResult result = load(log);
        while (result.Errno == Errno.ENOSPC && log.Length < MostBytes)
        {
            log = new byte[Grow(log.Length)];
            result = load(log);
        }

        if (!result.Failed)
        {
            // Refused once and accepted now: memory was short, or a signal came. Nothing is left to explain.
            new FileDescriptor((int)result.Raw).Dispose();
            return "";
        }

        return Text(log);
    }

    internal static string Text(byte[] log)
    {
        int end = log.AsSpan().IndexOf((byte)0);
        return Encoding.UTF8.GetString(log, 0, end < 0 ? log.Length : end);
    }
}
