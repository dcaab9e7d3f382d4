using System.Globalization;
using Sonde.Bpf;

// A line of input is answered with a line: nanoseconds of one probe hit with an empty program, here and now.
while (Console.ReadLine() is not null)
{
    Console.WriteLine(UprobeCalibration.Measure().EmptyHitNs.ToString(CultureInfo.InvariantCulture));
}
