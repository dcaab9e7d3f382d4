using System.Globalization;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Times as strftime(3) writes them in the C locale, all conversions of POSIX and glibc's flags, widths and additions.</summary>
static class Strftime
{
    const long NanosecondsPerSecond = 1_000_000_000;

    static readonly string[] _days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

    static readonly string[] _months =
        ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

    /// <summary>Writes a time.</summary>
    /// <param name="ns">Nanoseconds since 1970.</param>
    /// <param name="withFractions">Whether %f, %l and %k are micro-, milli- and nanoseconds, as in the language's <c>strftime</c>; <c>time</c> leaves them to strftime(3).</param>
    public static void Write(Utf8Text text, string format, long ns, TimeZoneInfo zone, bool withFractions)
    {
        var seconds = Math.DivRem(ns, NanosecondsPerSecond, out var fraction);
        if (fraction < 0)
        {
            seconds--;
            fraction += NanosecondsPerSecond;
        }

        var utc = DateTime.UnixEpoch.AddSeconds(seconds);
        var offset = zone.GetUtcOffset(utc);
        new Writer(text, utc + offset, seconds, fraction, offset, ZoneName(zone, utc, offset), withFractions).Write(format);
    }

    static string ZoneName(TimeZoneInfo zone, DateTime utc, TimeSpan offset)
    {
        var name = zone.IsDaylightSavingTime(utc) ? zone.DaylightName : zone.StandardName;
        // Without data about languages the name may be a sentence; then what names no place is better.
        return name.Length is > 0 and <= 6 && !name.Contains(' ') ? name : offset == TimeSpan.Zero ? "UTC"
            : string.Create(CultureInfo.InvariantCulture, $"{(offset < TimeSpan.Zero ? '-' : '+')}{Math.Abs(offset.Hours):00}{(offset.Minutes == 0 ? "" : Math.Abs(offset.Minutes).ToString("00", CultureInfo.InvariantCulture))}");
    }

    readonly ref struct Writer(Utf8Text text, DateTime time, long epoch, long fraction, TimeSpan offset, string zone, bool withFractions)
    {
        public void Write(ReadOnlySpan<char> format)
        {
            while (!format.IsEmpty)
            {
                var percent = format.IndexOf('%');
                if (percent < 0)
                {
                    text.Add(format);
                    return;
                }

                text.Add(format[..percent]);
                format = format[percent..];
                var used = Convert(format);
                if (used == 0)
                {
                    // What is no conversion stands for itself.
                    text.Add((byte)'%');
                    used = 1;
                }

                format = format[used..];
            }
        }

        /// <summary>Writes the conversion that the format begins with; returns its length, 0 when it is none.</summary>
        int Convert(ReadOnlySpan<char> format)
        {
            const int widest = 1024;
            var at = 1;
            var flag = '\0';
            var upper = false;
            var swap = false;
            for (; at < format.Length && format[at] is '_' or '-' or '0' or '^' or '#'; at++)
            {
                upper |= format[at] == '^';
                swap |= format[at] == '#';
                flag = format[at] is '^' or '#' ? flag : format[at];
            }

            var width = 0;
            for (; at < format.Length && char.IsAsciiDigit(format[at]); at++)
            {
                width = Math.Min(widest, width * 10 + (format[at] - '0'));
            }

            var modified = at + 1 < format.Length && format[at] is 'E' or 'O';
            at += modified ? 1 : 0;
            if (at >= format.Length)
            {
                return 0;
            }

            var from = text.Length;
            if (!One(format[at], new Field(flag, width), swap))
            {
                return 0;
            }

            ChangeCase(from, upper, swap && format[at] is 'a' or 'A' or 'b' or 'B' or 'h', swap && format[at] is 'p' or 'Z');
            if (width > 0)
            {
                text.Pad(from, width, left: false, flag == '0' ? (byte)'0' : (byte)' ');
            }

            return at + 1;
        }

        void ChangeCase(int from, bool upper, bool swapToUpper, bool swapToLower)
        {
            if (upper || swapToUpper || swapToLower)
            {
                var piece = System.Text.Encoding.UTF8.GetString(text.Written[from..]);
                text.Truncate(from);
                text.Add(swapToLower && !upper ? piece.ToLowerInvariant() : piece.ToUpperInvariant());
            }
        }

        bool One(char conversion, Field field, bool swap)
        {
            var hour12 = time.Hour % 12 == 0 ? 12 : time.Hour % 12;
            var monday = ((int)time.DayOfWeek + 6) % 7;
            switch (conversion)
            {
                case 'a':
                    text.Add(_days[(int)time.DayOfWeek].AsSpan(0, 3));
                    break;
                case 'A':
                    text.Add(_days[(int)time.DayOfWeek]);
                    break;
                case 'b' or 'h':
                    text.Add(_months[time.Month - 1].AsSpan(0, 3));
                    break;
                case 'B':
                    text.Add(_months[time.Month - 1]);
                    break;
                case 'c':
                    Write("%a %b %e %H:%M:%S %Y");
                    break;
                case 'C':
                    Number(field, time.Year / 100, 2);
                    break;
                case 'd':
                    Number(field, time.Day, 2);
                    break;
                case 'D' or 'x':
                    Write("%m/%d/%y");
                    break;
                case 'e':
                    Number(field.OrBlanks, time.Day, 2);
                    break;
                case 'f' when withFractions:
                    text.AddDigits(fraction / 1000, 6);
                    break;
                case 'k' when withFractions:
                    text.AddDigits(fraction, 9);
                    break;
                case 'l' when withFractions:
                    text.AddDigits(fraction / 1_000_000, 3);
                    break;
                case 'F':
                    Write("%Y-%m-%d");
                    break;
                case 'g':
                    Number(field, ISOWeek.GetYear(time) % 100, 2);
                    break;
                case 'G':
                    Number(field, ISOWeek.GetYear(time), 1);
                    break;
                case 'H':
                    Number(field, time.Hour, 2);
                    break;
                case 'I':
                    Number(field, hour12, 2);
                    break;
                case 'j':
                    Number(field, time.DayOfYear, 3);
                    break;
                case 'k':
                    Number(field.OrBlanks, time.Hour, 2);
                    break;
                case 'l':
                    Number(field.OrBlanks, hour12, 2);
                    break;
                case 'm':
                    Number(field, time.Month, 2);
                    break;
                case 'M':
                    Number(field, time.Minute, 2);
                    break;
                case 'n':
                    text.Add((byte)'\n');
                    break;
                case 'p':
                    text.Add(time.Hour < 12 ? "AM"u8 : "PM"u8);
                    break;
                case 'P':
                    text.Add(time.Hour < 12 ? "am"u8 : "pm"u8);
                    break;
                case 'r':
                    Write("%I:%M:%S %p");
                    break;
                case 'R':
                    Write("%H:%M");
                    break;
                case 's':
                    Number(field, epoch, 1);
                    break;
                case 'S':
                    Number(field, time.Second, 2);
                    break;
                case 't':
                    text.Add((byte)'\t');
                    break;
                case 'T' or 'X':
                    Write("%H:%M:%S");
                    break;
                case 'u':
                    Number(field, monday + 1, 1);
                    break;
                case 'U':
                    Number(field, (time.DayOfYear + 6 - (int)time.DayOfWeek) / 7, 2);
                    break;
                case 'V':
                    Number(field, ISOWeek.GetWeekOfYear(time), 2);
                    break;
                case 'w':
                    Number(field, (int)time.DayOfWeek, 1);
                    break;
                case 'W':
                    Number(field, (time.DayOfYear + 6 - monday) / 7, 2);
                    break;
                case 'y':
                    Number(field, time.Year % 100, 2);
                    break;
                case 'Y':
                    Number(field, time.Year, 1);
                    break;
                case 'z':
                    text.Add(offset < TimeSpan.Zero ? "-"u8 : "+"u8);
                    text.AddDigits(Math.Abs(offset.Hours), 2);
                    text.AddDigits(Math.Abs(offset.Minutes), 2);
                    break;
                case 'Z':
                    text.Add(zone);
                    break;
                case '%':
                    text.Add((byte)'%');
                    break;
                default:
                    return false;
            }

            return true;
        }

        void Number(Field field, long value, int digits)
        {
            var from = text.Length;
            text.AddNumber(value);
            if (field.Flag != '-')
            {
                text.Pad(from, Math.Max(digits, field.Width), left: false, field.Flag == '_' ? (byte)' ' : (byte)'0');
            }
        }

        /// <summary>The flag and width in front of a conversion.</summary>
        readonly record struct Field(char Flag, int Width)
        {
            /// <summary>The same, padded with blanks unless the flag says otherwise.</summary>
            public Field OrBlanks => Flag == '\0' ? this with { Flag = '_' } : this;
        }
    }
}
