using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Engine.Profiles.Formats;

namespace Sonde.Engine.Profiles.Report;

/// <summary>The difference of two profiles as text for a terminal. Every name is escaped.</summary>
/// <param name="diff">The two.</param>
/// <param name="output">Where the text goes.</param>
/// <param name="colour">Whether to colour it with ANSI sequences: red what grew, green what shrank.</param>
public sealed class DiffReport(ProfileDiff diff, TextWriter output, bool colour)
{
    const int WidestWeight = 9;

    /// <summary>What is compared.</summary>
    public void WriteHead()
    {
        WriteSide("before", diff.Before, diff.TotalBefore);
        WriteSide("after ", diff.After, diff.TotalAfter);
    }

    /// <summary>The functions by how much their share of the whole has changed.</summary>
    /// <param name="count">How many.</param>
    /// <param name="byTotal">By the share with what they called, instead of their own.</param>
    public void WriteTop(int count, bool byTotal)
    {
        var frames = diff.ByFrame()
            .OrderByDescending(frame => Math.Abs(byTotal ? TotalChange(frame) : OwnChange(frame)))
            .ThenByDescending(frame => Math.Abs(byTotal ? OwnChange(frame) : TotalChange(frame)))
            .ThenBy(frame => frame.Frame.Function, StringComparer.Ordinal)
            .ToList();
        output.WriteLine();
        output.WriteLine($"   own before   after {"before",WidestWeight} {"after",WidestWeight}   total before   after  function");
        foreach (var frame in frames.Take(count))
        {
            output.WriteLine(
                $"{Change(OwnChange(frame))} {Share(frame.OwnBefore, diff.TotalBefore)}  {Share(frame.OwnAfter, diff.TotalAfter)} {Weight(frame.OwnBefore)} {Weight(frame.OwnAfter)}"
                + $"  {Change(TotalChange(frame))} {Share(frame.TotalBefore, diff.TotalBefore)}  {Share(frame.TotalAfter, diff.TotalAfter)}  {Escape.Text(FrameLabel.Of(frame.Frame))}");
        }

        if (frames.Count > count)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{frames.Count - count} more; --top {frames.Count} shows all"));
        }
    }

    void WriteSide(string side, Profile profile, long weight)
    {
        string title = profile.Info.Title.Length > 0 ? ": " + Escape.Text(profile.Info.Title) : "";
        string losses = profile.Losses.Total > 0 ? string.Create(CultureInfo.InvariantCulture, $", {profile.Losses.Total} lost") : "";
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{side}  {WeightText.Of(weight, diff.Unit)}, {profile.SampleCount} samples{losses}{title}"));
    }

    /// <summary>In points of a hundred.</summary>
    double OwnChange(in DiffFrame frame) => Percent(frame.OwnAfter, diff.TotalAfter) - Percent(frame.OwnBefore, diff.TotalBefore);

    double TotalChange(in DiffFrame frame) => Percent(frame.TotalAfter, diff.TotalAfter) - Percent(frame.TotalBefore, diff.TotalBefore);

    static double Percent(long weight, long whole) => 100.0 * weight / Math.Max(whole, 1);

    static string Share(long weight, long whole) => WeightText.Share(weight, Math.Max(whole, 1));

    string Weight(long weight) => WeightText.Of(weight, diff.Unit).PadLeft(WidestWeight);

    string Change(double points)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{points,6:+0.0;-0.0;0.0}");
        return !colour ? text : points >= 0.05 ? $"\e[31m{text}\e[0m" : points <= -0.05 ? $"\e[32m{text}\e[0m" : text;
    }
}
