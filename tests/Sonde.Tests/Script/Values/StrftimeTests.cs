using Sonde.Engine.Scripts.Values;
using Xunit;

namespace Sonde.Tests.Script.Values;

/// <summary>Times as the GNU C library and bpftrace 0.27.1 write them.</summary>
public sealed class StrftimeTests
{
    // Sat Nov 21 11:36:17.520913011 UTC 2026
    const long Time = 1_795_260_977_520_913_011;

    [Theory]
    [InlineData("%H:%M:%S.%f", "11:36:17.520913")]
    [InlineData("%j %U %e %Z %z %s", "325 46 21 UTC +0000 1795260977")]
    [InlineData("%c", "Sat Nov 21 11:36:17 2026")]
    [InlineData("%x %X %p %P", "11/21/26 11:36:17 AM am")]
    [InlineData("%r %R %T", "11:36:17 AM 11:36 11:36:17")]
    [InlineData("%D %F %G %g %V", "11/21/26 2026-11-21 2026 26 47")]
    [InlineData("%u %w %W %y %C %h", "6 6 46 26 20 Nov")]
    [InlineData("%n%t%%", "\n\t%")]
    [InlineData("%k %l", "520913011 520")]
    [InlineData("%E %Oy %Ey", "%E 26 26")]
    [InlineData("%5Y %-d %_d %^a %#Z %+", "02026 21 21 SAT utc %+")]
    [InlineData("%Q|%", "%Q|%")]
    [InlineData("%A %B %a %b %I", "Saturday November Sat Nov 11")]
    [InlineData("%-m %_H %10d %_10d", "11 11 0000000021         21")]
    public void Conversions(string format, string expected) => Assert.Equal(expected, Written(format, Time, withFractions: true));

    [Fact]
    public void Without_fractions_their_letters_are_strftimes_own() => Assert.Equal("%f 11 11", Written("%f %k %l", Time, withFractions: false));

    [Theory]
    [InlineData("2024-12-30", "%G-%V %U %W %j %u %w", "2025-01 52 53 365 1 1")]
    [InlineData("2021-01-03", "%G-%V %U %W %j %u %w %g", "2020-53 01 00 003 7 0 20")]
    [InlineData("2024-02-29", "%a %j %e %I%p", "Thu 060 29 12AM")]
    public void Weeks_and_days(string date, string format, string expected)
    {
        var ns = new DateTimeOffset(DateTime.Parse(date, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeSeconds() * 1_000_000_000;
        Assert.Equal(expected, Written(format, ns, withFractions: false));
    }

    [Fact]
    public void Times_before_1970_count_backwards() => Assert.Equal("1969-12-31 23:59:59.999999999", Written("%Y-%m-%d %H:%M:%S.%k", -1, withFractions: true));

    [Fact]
    public void The_zone_has_a_name_and_an_offset()
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("here", new TimeSpan(5, 30, 0), "India Standard Time", "IST");
        var text = new Utf8Text();
        Strftime.Write(text, "%H:%M %z %Z", Time, zone, withFractions: false);
        Assert.Equal("17:06 +0530 IST", text.ToString());
    }

    static string Written(string format, long ns, bool withFractions)
    {
        var text = new Utf8Text();
        Strftime.Write(text, format, ns, TimeZoneInfo.Utc, withFractions);
        return text.ToString();
    }
}
