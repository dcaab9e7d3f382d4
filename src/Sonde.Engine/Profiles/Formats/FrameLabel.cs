using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Profiles.Formats;

/// <summary>Frames as one text, as py-spy writes them: <c>name (file.py:12)</c>, and back.</summary>
public static class FrameLabel
{
    /// <summary>What follows the name of a kernel function in collapsed stacks, as in those of stackcollapse-perf.pl.</summary>
    const string KernelMark = "_[k]";

    /// <summary>The frame with the end of its file's path, for people. Not escaped.</summary>
    public static string Of(in Frame frame) => Compose(frame, ShortPath.Of(frame.File));

    /// <summary>The frame as a profile is to be shown. Not escaped.</summary>
    public static string Of(in Frame frame, ProfileInfo info) => info.FullFileNames ? Full(frame) : Of(frame);

    /// <summary>The frame with the whole path. Not escaped.</summary>
    public static string Full(in Frame frame) => Compose(frame, frame.File);

    /// <summary>The frame that a label of any of the profilers that write collapsed stacks means.</summary>
    /// <remarks>
    /// py-spy: <c>name (file.py:12)</c>; Austin and CPython's profiling.sampling: <c>file.py:name:12</c>; perf: <c>name</c>, kernel functions with
    /// <c>_[k]</c>. Whatever else it is becomes the function's name.
    /// </remarks>
    public static Frame Parse(string label)
    {
        if (label.EndsWith(KernelMark, StringComparison.Ordinal))
        {
            return Parse(label[..^KernelMark.Length]) with { Kind = FrameKind.Kernel };
        }

        if (IsMarker(label))
        {
            return new Frame(FrameKind.Marker, label, "", 0);
        }

        int open = label.EndsWith(')') ? OpeningOf(label) : -1;
        if (open >= 0)
        {
            var place = label.AsSpan(open + 2, label.Length - open - 3);
            int line = TakeLine(ref place);
            string file = place.ToString();
            return new Frame(KindOf(label[..open], file, line), label[..open], file, line);
        }

        var rest = label.AsSpan();
        int last = TakeLine(ref rest);
        int colon = last > 0 ? rest.LastIndexOf(':') : -1;
        if (colon > 0 && colon < rest.Length - 1)
        {
            string file = rest[..colon].ToString(), function = rest[(colon + 1)..].ToString();
            return new Frame(KindOf(function, file, last), function, file, last);
        }

        return new Frame(FrameKind.Native, label, "", 0);
    }

    /// <summary>What kind of code a frame is likely to run, for formats that do not say.</summary>
    public static FrameKind KindOf(string function, string file, int line) =>
        file.Length == 0 ? IsMarker(function) ? FrameKind.Marker : FrameKind.Native
        : file is "[kernel]" or "[kernel.kallsyms]" ? FrameKind.Kernel
        : file.EndsWith(".py", StringComparison.Ordinal) || file.EndsWith(".pyx", StringComparison.Ordinal) || file is ['<', .., '>'] ? FrameKind.Python
        : line > 0 && !IsOfCompiledLanguage(file) ? FrameKind.Python
        : FrameKind.Native;

    /// <summary>Whether a text is that of a frame that stands for something other than code: a process, a thread, or what is set in angle brackets.</summary>
    static bool IsMarker(string text) => text is ['<', .., '>'] && text != "<module>" || ThreadLabel.IsRoot(text);

    static bool IsOfCompiledLanguage(string file) =>
        file.LastIndexOf('.') is var dot && dot >= 0
        && file[(dot + 1)..] is "c" or "cc" or "cpp" or "cxx" or "h" or "hpp" or "rs" or "go" or "S" or "s" or "so" or "java" or "js" or "ts" or "rb" or "cs" or "php";

    static string Compose(in Frame frame, string file)
    {
        string name = frame.Kind == FrameKind.Kernel ? frame.Function + KernelMark : frame.Function;
        return frame.Kind is FrameKind.Marker or FrameKind.Kernel || file.Length == 0 ? name
            : frame.Line > 0 ? string.Create(CultureInfo.InvariantCulture, $"{name} ({file}:{frame.Line})")
            : $"{name} ({file})";
    }

    /// <summary>Where the " (" is that the last character closes; -1 when there is none.</summary>
    static int OpeningOf(string label)
    {
        int depth = 0;
        for (int i = label.Length - 1; i > 0; i--)
        {
            depth += label[i] == ')' ? 1 : label[i] == '(' ? -1 : 0;
            if (depth == 0)
            {
                return label[i - 1] == ' ' ? i - 1 : -1;
            }
        }

        return -1;
    }

    /// <summary>Cuts ":12" off the end; 0 when there is none.</summary>
    static int TakeLine(ref ReadOnlySpan<char> place)
    {
        int colon = place.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(place[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int line) || line == 0)
        {
            return 0;
        }

        place = place[..colon];
        return line;
    }
}
