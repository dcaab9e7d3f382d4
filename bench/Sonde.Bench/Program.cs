using System.Globalization;
using Sonde.Bench;
using Sonde.Bpf;

// A line of input is answered with a line. Alone: nanoseconds of one probe hit with an empty program, here and now. With "probes": what probes of its own cost.
if (args is ["probes"])
{
    ProbeCost.Answer();
}

while (Console.ReadLine() is not null)
{
    Console.WriteLine(UprobeCalibration.Measure().EmptyHitNs.ToString(CultureInfo.InvariantCulture));
}
