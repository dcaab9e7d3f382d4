using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <summary>Time series as charts of characters and as JSON.</summary>
static class SeriesChart
{
    const int Width = 53;
    const int LabelWidth = 21;

    /// <summary>Writes the chart: a line for each interval between the first and the last that has a value.</summary>
    /// <param name="pairs">Interval and value, from the oldest on.</param>
    /// <param name="latest">The last interval of all series of the map, where every chart ends.</param>
    public static void Write(Utf8Text text, AggregateType type, ReadOnlySpan<long> pairs, long latest, INames names)
    {
        pairs = Kept(type, pairs, latest);
        if (pairs.IsEmpty)
        {
            text.Add("<no data>"u8);
            return;
        }

        var scale = new Scale(type, pairs);
        var lines = latest - pairs[0] + 1;
        var digits = lines > 1 ? FractionDigits(type.Interval) : 9;
        var timeWidth = 8 + (digits > 0 ? digits + 1 : 0);
        text.Repeat((byte)' ', timeWidth + 1);
        scale.WriteEnds(text);
        var from = text.Length;
        text.Add(digits switch
        {
            0 => "hh:mm:ss"u8,
            3 => "hh:mm:ss.ms"u8,
            6 => "hh:mm:ss.us"u8,
            _ => "hh:mm:ss.ns"u8,
        });
        text.Pad(from, timeWidth + 1, left: true);
        text.Add((byte)'|');
        text.Repeat((byte)'_', Width - 2);
        text.Add("|\n"u8);
        for (var interval = pairs[0]; interval <= latest; interval++)
        {
            WriteTime(text, type, interval, digits, names);
            text.Add((byte)' ');
            var next = !pairs.IsEmpty && pairs[0] == interval;
            scale.WritePoint(text, next ? pairs[1] : null);
            pairs = next ? pairs[2..] : pairs;
        }

        text.Repeat((byte)' ', timeWidth + 1);
        text.Add((byte)'v');
        text.Repeat((byte)'_', Width - 2);
        text.Add("v\n"u8);
        text.Repeat((byte)' ', timeWidth + 1);
        scale.WriteEnds(text);
    }

    /// <summary>Writes the intervals and values; null for an interval without one.</summary>
    public static void WriteJson(Utf8Text text, AggregateType type, ReadOnlySpan<long> pairs, long latest, INames names)
    {
        pairs = Kept(type, pairs, latest);
        text.Add((byte)'[');
        for (long interval = pairs.IsEmpty ? latest + 1 : pairs[0], first = interval; interval <= latest; interval++)
        {
            text.Add(interval > first ? ",{\"interval_start\":\""u8 : "{\"interval_start\":\""u8);
            Strftime.Write(text, "%Y-%m-%d %H:%M:%S.%k", interval * type.Interval + names.BootToRealNs, names.Zone, withFractions: true);
            text.Add("\",\"value\":"u8);
            if (!pairs.IsEmpty && pairs[0] == interval)
            {
                ValueFormatter.WriteJsonNumber(text, pairs[1], type.IsSigned);
                pairs = pairs[2..];
            }
            else
            {
                text.Add("null"u8);
            }

            text.Add((byte)'}');
        }

        text.Add((byte)']');
    }

    /// <summary>What lies within the intervals that a series has room for. One that stopped long ago would have a line for every interval since.</summary>
    static ReadOnlySpan<long> Kept(AggregateType type, ReadOnlySpan<long> pairs, long latest)
    {
        while (!pairs.IsEmpty && pairs[0] <= latest - type.Intervals)
        {
            pairs = pairs[2..];
        }

        return pairs;
    }

    static int FractionDigits(long interval) => interval switch
    {
        >= 1_000_000_000 => 0,
        >= 1_000_000 => 3,
        >= 1_000 => 6,
        _ => 9,
    };

    static void WriteTime(Utf8Text text, AggregateType type, long interval, int digits, INames names) => Strftime.Write(text, digits switch
    {
        0 => "%H:%M:%S",
        3 => "%H:%M:%S.%l",
        6 => "%H:%M:%S.%f",
        _ => "%H:%M:%S.%k",
    }, interval * type.Interval + names.BootToRealNs, names.Zone, withFractions: true);

    /// <summary>Where on the line a value lies.</summary>
    readonly struct Scale
    {
        readonly bool _isSigned;
        readonly long _least;
        readonly long _most;
        readonly int _zero;

        public Scale(AggregateType type, ReadOnlySpan<long> pairs)
        {
            _isSigned = type.IsSigned;
            (_least, _most) = (pairs[1], pairs[1]);
            for (var i = 1; i < pairs.Length; i += 2)
            {
                _least = Wide(pairs[i]) < Wide(_least) ? pairs[i] : _least;
                _most = Wide(pairs[i]) > Wide(_most) ? pairs[i] : _most;
            }

            if (_least == _most)
            {
                _least -= Wide(_least) > (_isSigned ? long.MinValue : 0) ? 1 : 0;
                _most += Wide(_most) < (_isSigned ? long.MaxValue : ulong.MaxValue) ? 1 : 0;
            }

            _zero = _isSigned && _least < 0 && _most > 0 ? (int)(Width * ((float)-(Int128)_least / (float)((Int128)_most - _least))) : 0;
        }

        public void WriteEnds(Utf8Text text)
        {
            var from = text.Length;
            text.AddNumber(_least, _isSigned);
            text.Pad(from, LabelWidth, left: true);
            from = text.Length;
            text.AddNumber(_most, _isSigned);
            text.Pad(from, Width - LabelWidth, left: false);
            text.Add((byte)'\n');
        }

        public void WritePoint(Utf8Text text, long? value)
        {
            Span<byte> line = stackalloc byte[Width];
            line.Fill((byte)' ');
            line[0] = line[^1] = (byte)'|';
            if (_zero > 0)
            {
                line[_zero] = (byte)'.';
            }

            if (value is { } number)
            {
                var at = (int)((Width - 1) * (float)(Wide(number) - Wide(_least)) / (float)(Wide(_most) - Wide(_least)));
                line[Math.Clamp(at, 0, Width - 1)] = (byte)'*';
                text.Add(line);
                text.Add((byte)' ');
                text.AddNumber(number, _isSigned);
            }
            else
            {
                text.Add(line);
                text.Add(" -"u8);
            }

            text.Add((byte)'\n');
        }

        Int128 Wide(long value) => _isSigned ? value : (ulong)value;
    }
}
