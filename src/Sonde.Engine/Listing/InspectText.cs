using System.Globalization;
using Sonde.Engine.Output;
using Sonde.Symbols.Code;

namespace Sonde.Engine.Listing;

/// <summary>Writes what an inspection found, for people.</summary>
public sealed class InspectText(TextWriter output)
{
    /// <summary>Writes one place. Names that come from the target are escaped.</summary>
    public void Write(Inspection site)
    {
        var number = site.Location.Count > 1 ? Invariant($", place {site.Location.Number} of {site.Location.Count}") : "";
        output.WriteLine($"{Escape.Text(site.Name)} in {ListText.Name(site.File)}{number}");
        output.WriteLine(Invariant($"  in the file     address 0x{site.Address:x}, file offset 0x{site.FileOffset:x}"));
        if (site.Note is { } note)
        {
            output.WriteLine(Invariant($"  note            file offset 0x{note.NoteOffset:x}, arguments \"{Escape.Text(note.ArgumentText)}\""));
            for (var i = 0; i < note.Arguments.Count; i++)
            {
                output.WriteLine(Invariant($"    argument {i + 1}    {ListText.NameOf(note.Arguments[i])}{Escape.Text(note.Arguments[i].Description)}"));
            }
        }

        output.WriteLine($"  instruction     {site.Instruction}");
        output.WriteLine($"  uprobe here     {Describe(site.Verdict)}");
        output.WriteLine($"  hazard          {site.Hazard ?? "none"}");
        if (site.Remark is { } remark)
        {
            output.WriteLine($"  note well       {remark}");
        }

        foreach (var place in site.Places)
        {
            output.WriteLine(Invariant($"  in memory       address 0x{place.Address:x}"));
            WriteBytes("now", place.Before, place.Address);
            WriteBytes("while attached", place.Attached, place.Address);
            WriteBytes("after detaching", place.After, place.Address);
        }

        if (site.Semaphore is { } semaphore)
        {
            var values = semaphore.Attached is null ? Value(semaphore.Before) : $"{Value(semaphore.Before)}, while attached {Value(semaphore.Attached)}, after {Value(semaphore.After)}";
            output.WriteLine(Invariant($"  semaphore       0x{semaphore.Address:x}: {values}"));
        }

        if (site.NotAttached is { } reason)
        {
            output.WriteLine($"  not attached    {Escape.Text(reason, limit: 1000)}");
        }
        else
        {
            output.WriteLine(site.Restored switch
            {
                true => "  restored        yes",
                false => "  restored        NO: the code is not as it was before",
                null => "  restored        the process ended meanwhile",
            });
        }
    }

    /// <summary>What the kernel does, in words.</summary>
    public static string Describe(UprobeVerdict verdict) => verdict.Execution switch
    {
        UprobeExecution.Emulated => $"emulated, the cheap case: {verdict.Reason}",
        UprobeExecution.Optimized => $"optimized after its first hit: {verdict.Reason}",
        UprobeExecution.SingleStepped => $"single-stepped, the dear case: {verdict.Reason}",
        _ => $"refused: {verdict.Reason}",
    };

    void WriteBytes(string when, byte[]? bytes, ulong address)
    {
        if (bytes is not null)
        {
            // A breakpoint leaves the rest of a longer instruction standing behind it.
            var text = InstructionText.Of(bytes, address).Text;
            output.WriteLine($"    {when,-15} {string.Join(' ', bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture))),-24} {text}");
        }
    }

    static string Value(ushort? value) => value is { } known ? known.ToString(CultureInfo.InvariantCulture) : "unreadable";

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
