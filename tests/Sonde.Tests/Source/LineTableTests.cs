using System.Globalization;
using Sonde.Python;
using Sonde.Python.Source;
using Sonde.Python.Stacks;
using Xunit;

namespace Sonde.Tests.Source;

/// <summary>Line tables as compilers of several versions made them of one function, and what those versions say of it themselves.</summary>
public sealed class LineTableTests
{
    // def f(a,
    //       b):
    //     x = (a +
    //          b)
    //     for i in range(3):
    //         x += g(i,
    //                x)
    //
    //     try:
    //         return x[0]
    //     except (KeyError, TypeError):
    //         pass
    //
    // Expected is, for each instruction, its line (dis.findlinestarts, co_lines) or its place as first line, last line, columns (co_positions).
    [Theory]
    [InlineData(
        8,
        "0002020102ff04020c01060102ff080302010a011201",
        "3;4;3;3;5;5;5;5;5;5;6;6;6;7;6;6;6;6;9;10;10;10;10;10;11;11;11;11;11;11;11;11;11;12;12;12;12;12")]
    [InlineData(
        10,
        "0202020104ff0c020601020108ff02030a011001060102ff",
        "3;4;3;3;5;5;5;5;5;5;6;6;6;7;6;6;6;6;9;10;10;10;10;10;11;11;11;11;11;11;11;11;12;12;12;11")]
    [InlineData(
        12,
        "8000e0090ad8090af103010a0b8041e40d1290318b58f2000205128801d808098c518871d80f10f303010e12f1000109128901f003020512f00803050dd80f1090118974880bf8dc0c149469d00b20f20001050dd9080cf00301050dfa",
        "1,1,0,0;3,3,9,10;4,4,9,10;3,4,9,10;3,4,9,10;3,3,4,5;5,5,13,18;5,5,13,18;5,5,13,18;5,5,13,18;5,5,13,18;5,5,19,20;5,5,13,21;"
        + "5,5,13,21;5,5,13,21;5,5,13,21;5,7,4,17;5,7,4,17;5,7,4,17;5,5,8,9;6,6,8,9;6,6,13,14;6,6,13,14;6,6,13,14;6,6,13,14;6,6,13,14;"
        + "6,6,15,16;7,7,15,16;6,7,13,17;6,7,13,17;6,7,13,17;6,7,13,17;6,7,8,17;6,7,8,17;6,6,8,9;6,6,8,9;5,7,4,17;9,12,4,12;10,10,15,16;"
        + "10,10,17,18;10,10,15,19;10,10,15,19;10,10,8,19;-1,-1,-1,-1;11,11,12,20;11,11,12,20;11,11,12,20;11,11,12,20;11,11,12,20;11,11,22,31;"
        + "11,11,22,31;11,11,22,31;11,11,22,31;11,11,22,31;11,11,11,32;11,12,4,12;11,12,4,12;11,12,4,12;12,12,8,12;12,12,8,12;11,12,4,12;"
        + "-1,-1,-1,-1;-1,-1,-1,-1;-1,-1,-1,-1")]
    [InlineData(
        15,
        "8100e0090ad8090af503010a0b8041e40d1290318f588801d808098c518871d80f10f303010e12f5000109128a01f103000e16f00803050dd80f1090118d74880bf8dc0c149469d00b20f40001050dda080cf00301050dfa",
        "1,1,0,0;1,1,0,0;3,3,9,10;4,4,9,10;3,4,9,10;3,4,9,10;3,4,9,10;3,4,9,10;3,4,9,10;3,4,9,10;3,3,4,5;5,5,13,18;5,5,13,18;5,5,13,18;"
        + "5,5,13,18;5,5,13,18;5,5,19,20;5,5,13,21;5,5,13,21;5,5,13,21;5,5,13,21;5,5,13,21;5,5,13,21;5,5,13,21;5,5,13,21;5,5,8,9;6,6,8,9;"
        + "6,6,13,14;6,6,13,14;6,6,13,14;6,6,13,14;6,6,13,14;6,6,15,16;7,7,15,16;6,7,13,17;6,7,13,17;6,7,13,17;6,7,13,17;6,7,8,17;6,7,8,17;"
        + "6,7,8,17;6,7,8,17;6,7,8,17;6,7,8,17;6,6,8,9;6,6,8,9;6,6,8,9;5,5,13,21;5,5,13,21;9,12,4,12;10,10,15,16;10,10,17,18;10,10,15,19;"
        + "10,10,15,19;10,10,15,19;10,10,15,19;10,10,15,19;10,10,15,19;10,10,8,19;-1,-1,-1,-1;11,11,12,20;11,11,12,20;11,11,12,20;11,11,12,20;"
        + "11,11,12,20;11,11,22,31;11,11,22,31;11,11,22,31;11,11,22,31;11,11,22,31;11,11,11,32;11,12,4,12;11,12,4,12;11,12,4,12;11,12,4,12;"
        + "11,12,4,12;12,12,8,12;12,12,8,12;12,12,8,12;11,12,4,12;-1,-1,-1,-1;-1,-1,-1,-1;-1,-1,-1,-1")]
    public void Places_every_instruction_where_Python_does(int minor, string table, string expected)
    {
        var version = new PythonVersion(minor, 0);
        var bytes = Convert.FromHexString(table);
        List<string> found = [];
        var end = 0;
        foreach (var range in LineTable.Ranges(version, bytes, firstLine: 1))
        {
            for (; end < Math.Min(range.End, 2 * expected.Split(';').Length); end += 2)
            {
                found.Add(Text(range.Span, minor));
                Assert.Equal(range.Span?.Line, LineTable.Find(version, bytes, 1, end));
            }
        }

        Assert.Equal(expected, string.Join(';', found));
    }

    [Fact]
    public void Any_bytes_end()
    {
        var random = new Random(1);
        var bytes = new byte[64];
        for (var i = 0; i < 10_000; i++)
        {
            random.NextBytes(bytes);
            for (var minor = PythonVersion.OldestMinor; minor <= PythonVersion.NewestMinor; minor++)
            {
                var last = -1;
                foreach (var range in LineTable.Ranges(new PythonVersion(minor, 0), bytes, random.Next()))
                {
                    Assert.True(range.End >= last);
                    last = range.End;
                }
            }
        }
    }

    static string Text(SourceSpan? span, int minor) => (span, minor) switch
    {
        ({ } place, >= 11) => string.Create(CultureInfo.InvariantCulture, $"{place.Line},{place.EndLine},{place.Column},{place.EndColumn}"),
        ({ } place, _) => place.Line.ToString(CultureInfo.InvariantCulture),
        _ => "-1,-1,-1,-1",
    };
}
