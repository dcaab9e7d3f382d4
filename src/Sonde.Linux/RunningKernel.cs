using System.Text;

namespace Sonde.Linux;

/// <summary>The running kernel.</summary>
public static unsafe class RunningKernel
{
    /// <summary>The release as uname(2) tells it, such as <c>6.1.0-18-amd64</c>.</summary>
    public static string Release { get; } = ReadRelease();

    /// <summary>The numbers the release begins with.</summary>
    /// <remarks>
    /// Distributions backport, and Debian's and Ubuntu's release strings do not carry the stable patch level: it is
    /// good for messages and for choosing what to try first, never as proof that a feature is there.
    /// </remarks>
    public static Version Version { get; } = ParseRelease(Release);

    /// <summary>Reads major, minor and patch from a release string; missing parts are 0.</summary>
    public static Version ParseRelease(string release)
    {
        Span<int> parts = stackalloc int[3];
        int part = 0;
        bool digits = false;
        foreach (char c in release)
        {
            if (char.IsAsciiDigit(c))
            {
                parts[part] = Math.Min(parts[part], 100_000) * 10 + (c - '0');
                digits = true;
            }
            else if (c == '.' && digits && part < 2)
            {
                part++;
                digits = false;
            }
            else
            {
                break;
            }
        }

        return new Version(parts[0], parts[1], parts[2]);
    }

    static string ReadRelease()
    {
        // struct new_utsname: six fields of 65 bytes; release is the third.
        const int Field = 65;
        byte* buffer = stackalloc byte[6 * Field];
        Libc.Result(Libc.Uname(buffer)).Check("uname");
        ReadOnlySpan<byte> release = new(buffer + 2 * Field, Field);
        int end = release.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? release : release[..end]);
    }
}
