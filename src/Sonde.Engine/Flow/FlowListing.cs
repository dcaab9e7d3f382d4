using System.Globalization;
using Sonde.Bpf;
using Sonde.Engine.Targets;
using Sonde.Python.Sites;

namespace Sonde.Engine.Flow;

/// <summary>Prints the programs of a flow as they would be loaded, with their maps and the sites they serve.</summary>
static class FlowListing
{
    public static void Write(PythonImage image, FlowOptions options, FlowMaps maps, PidNamespace? pidNamespace, TextWriter writer)
    {
        writer.WriteLine($"; CPython {image.Version}, {Output.Escape.Text(image.Image.Path)}");
        writer.WriteLine(";");
        foreach (var map in maps.All)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"; map {map.Name}: {map.Type}, key {map.KeySize} B, value {map.ValueSize} B, {map.MaxEntries} {(map.Type == MapType.RingBuffer ? "bytes" : "entries")}"));
        }

        foreach (var sites in image.Sites.GroupBy(FlowProgram.Recipe))
        {
            var first = sites.First();
            writer.WriteLine();
            writer.WriteLine($"; {(first.Kind == SiteKind.Exit ? "exit" : "entry")}: thread state {Show(first.ThreadState)}, frame {Show(first.Frame)}, current frame {first.Current}, leaves by {first.Reasons}");
            foreach (var site in sites)
            {
                writer.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $";   0x{site.Address:x} (file offset 0x{site.FileOffset:x})  {site.Instruction,-40} {(site.Cost == SiteCost.Emulated ? "emulated" : "single-stepped")}  {site.Origin}"));
            }

            Disassembler.Print(FlowProgram.Write(first, image.Version, image.Layout, options, maps, 0, pidNamespace), writer);
        }
    }

    static string Show(ValueLocation? location) => location?.ToString() ?? "-";
}
