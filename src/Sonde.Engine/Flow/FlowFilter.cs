using System.Globalization;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow;

/// <summary>Decides which functions and threads of a flow are wanted. Asked once per function and thread; the answers are then kept in the kernel.</summary>
sealed class FlowFilter
{
    readonly Glob[] _functions;
    readonly Glob[] _files;
    readonly Glob[] _excludes;
    readonly Glob[] _threadNames;
    readonly HashSet<int> _threadIds = [];
    readonly List<(Glob Glob, bool IsFile, string Pattern)> _unmatched;

    public FlowFilter(FlowOptions options)
    {
        _functions = [.. options.Functions.Select(pattern => new Glob(pattern))];
        _files = [.. options.Files.Select(pattern => new Glob(pattern))];
        _unmatched =
        [
            .. _functions.Zip(options.Functions, static (glob, pattern) => (glob, false, pattern)),
            .. _files.Zip(options.Files, static (glob, pattern) => (glob, true, pattern)),
        ];
        _excludes = [.. options.Excludes.Select(pattern => new Glob(pattern))];
        var names = new List<Glob>();
        foreach (var thread in options.Threads)
        {
            if (int.TryParse(thread, NumberStyles.None, CultureInfo.InvariantCulture, out var tid))
            {
                _threadIds.Add(tid);
            }
            else
            {
                names.Add(new Glob(thread));
            }
        }

        _threadNames = [.. names];
    }

    /// <summary>Functions that were asked about so far.</summary>
    public int Asked { get; private set; }

    /// <summary>What was asked for and fits none of the functions, or none of the files, that were asked about so far.</summary>
    public IReadOnlyList<string> Unmatched => [.. _unmatched.Select(static each => each.Pattern)];

    /// <summary>True when the function is asked for and not excluded.</summary>
    public bool Wants(string function, string file)
    {
        Asked++;
        _unmatched.RemoveAll(each => each.IsFile ? each.Glob.MatchesFile(file) : each.Glob.MatchesFunction(function));
        return (_functions.Length == 0 || _functions.Any(glob => glob.MatchesFunction(function)))
            && (_files.Length == 0 || _files.Any(glob => glob.MatchesFile(file)))
            && !_excludes.Any(glob => glob.MatchesFunction(function) || glob.MatchesFile(file));
    }

    /// <summary>True when the thread is asked for, by its id or its name.</summary>
    public bool WantsThread(int tid, string name) =>
        (_threadIds.Count == 0 && _threadNames.Length == 0) || _threadIds.Contains(tid) || _threadNames.Any(glob => glob.Matches(name));
}
