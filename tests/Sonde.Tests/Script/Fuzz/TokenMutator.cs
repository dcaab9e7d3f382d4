using System.Text.RegularExpressions;
using Sonde.Tests.Script.Lowering;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>Exchanges words of a program for other words of the same sort: what comes out is mostly well formed, and mostly wrong.</summary>
sealed partial class TokenMutator(int seed)
{
    static readonly string[] _words =
    [
        "printf", "print", "time", "strftime", "clear", "zero", "delete", "has_key", "find", "len", "str", "buf", "join", "strlen", "strcap", "strcontains", "strstr", "strncmp", "str_concat",
        "memcmp", "strerror", "signal_name", "syscall_name", "ksym", "usym", "kaddr", "uaddr", "percpu_kaddr", "reg", "ntop", "pton", "macaddr", "bswap", "cgroupid", "cgroup_path", "exit", "system", "cat",
        "signal", "signal_thread", "override", "write_user", "unwatch", "path", "skboutput", "socket_cookie", "kptr", "uptr", "container_of", "is_err", "errorf", "warnf", "fail", "assert", "static_assert",
        "debugf", "is_str", "is_ptr", "is_array", "is_integer", "is_unsigned_integer", "is_literal", "kfunc_exist", "count", "sum", "min", "max", "avg", "stats", "hist", "lhist", "tseries", "kstack", "ustack",
        "pid", "tid", "uid", "gid", "username", "comm", "nsecs", "elapsed", "jiffies", "cpu", "ncpus", "numaid", "func", "probe", "probetype", "arg0", "arg3", "args", "retval", "ctx", "curtask", "ppid", "pcomm",
        "cpid", "has_cpid", "cgroup", "rand", "usermode", "config", "sizeof", "offsetof", "typeof", "typeinfo", "comptime", "getopt", "true", "false", "int8", "uint64", "string", "bool", "void",
    ];

    static readonly string[] _numbers = ["0", "1", "-1", "8", "63", "64", "65", "255", "4096", "65536", "2147483648", "4294967295", "9223372036854775807", "18446744073709551615", "1e18", "1000000", "$1", "$2", "$9", "$#"];

    static readonly string[] _operators = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "<<", ">>", "&&", "||", "&", "|", "^", "=", "+=", "++", "--", "?", ":", ".", "->", ",", ";", "!", "~", "..", "(", ")", "[", "]", "{", "}"];

    static readonly string[] _all = [.. Programs.Groups.SelectMany(group => group.Texts), .. Programs.Unsafe];

    readonly Random _random = new(seed);

    /// <summary>A program that is known to be right, of those the lowering is tested with.</summary>
    public string Known() => _all[_random.Next(_all.Length)];

    /// <summary>The program with some of its words exchanged, for words of the other one or any.</summary>
    public string Exchange(string program, string other)
    {
        string[] tokens = Split(program);
        string[] others = Split(other);
        int changes = _random.Next(1, 5);
        for (int i = 0; i < changes; i++)
        {
            int at = _random.Next(tokens.Length);
            tokens[at] = tokens[at] switch
            {
                [' ' or '\n', ..] => tokens[at],
                ['@' or '$', ..] => Like(others, ['@', '$']) ?? tokens[at],
                ['"', ..] => Like(others, ['"']) ?? tokens[at],
                [>= '0' and <= '9', ..] => _random.Next(3) == 0 ? Any(_words) : Any(_numbers),
                [>= 'a' and <= 'z', ..] => _random.Next(4) == 0 ? Any(others) : Any(_words),
                _ => Any(_operators),
            };
        }

        return string.Concat(tokens);
    }

    static string[] Split(string program) => [.. Token().Matches(program).Select(match => match.Value)];

    string? Like(string[] tokens, char[] first)
    {
        string[] fitting = [.. tokens.Where(token => first.Contains(token[0]))];
        return fitting.Length == 0 ? null : Any(fitting);
    }

    string Any(string[] choices) => choices[_random.Next(choices.Length)];

    [GeneratedRegex("""[@$]?\w+|"(\\.|[^"\\])*"|\s+|[-+<>&|=!.]{2}|.""", RegexOptions.Singleline)]
    private static partial Regex Token();
}
