namespace Sonde.Engine.Runtimes;

/// <summary>All runtimes. Python's functions are not here: Sonde has probes of its own for them, which need nothing of the interpreter.</summary>
static class RuntimeTable
{
    /// <summary>HotSpot: src/hotspot/os/posix/dtrace/hotspot.d (JDK 8 and later). Names are not closed by a zero: their lengths follow them.</summary>
    static readonly Runtime _java = new()
    {
        Name = "java",
        Title = "Java",
        Provider = "hotspot",
        Files = ["libjvm.so"],
        Calls = [new("method__entry", "method__return", ["str(arg1, arg2 + 1)", "str(arg3, arg4 + 1)"])],
        Collections = [new("gc__begin", "gc__end", "(arg0 & 255) ? \"full\" : \"partial\"")],
        // The size that it tells is left by whatever called last where the code that makes the object is interpreted (JDK 17).
        Allocations = [new("object__alloc", "str(arg1, arg2 + 1)", null)],
        Threads = [new("thread__start", "start", "arg3", "str(arg0, arg1 + 1)"), new("thread__stop", "stop", "arg3", "str(arg0, arg1 + 1)")],
        Load = "class__loaded",
        Switch = new("ExtendedDTraceProbes", "start it with -XX:+ExtendedDTraceProbes, or with that in JAVA_TOOL_OPTIONS"),
        WithoutProbes = "builds of OpenJDK have them where it was configured with --enable-dtrace, as Debian's are",
    };

    /// <summary>Ruby: probes.d (2.0 and later).</summary>
    static readonly Runtime _ruby = new()
    {
        Name = "ruby",
        Title = "Ruby",
        Provider = "ruby",
        Files = ["ruby", "libruby"],
        Calls = [new("method__entry", "method__return", ["str(arg0)", "str(arg1)"]), new("cmethod__entry", "cmethod__return", ["str(arg0)", "str(arg1)"])],
        Collections = [new("gc__mark__begin", "gc__mark__end", "\"mark\""), new("gc__sweep__begin", "gc__sweep__end", "\"sweep\"")],
        Allocations =
        [
            new("object__create", "str(arg0)", null), new("string__create", "\"String\"", "arg0"), new("array__create", "\"Array\"", "arg0"),
            new("hash__create", "\"Hash\"", "arg0"), new("symbol__create", "\"Symbol\"", null),
        ],
        Load = "require__entry",
        CallsNote = "methods written in Ruby are told only while the program has a TracePoint for :call and :return (Ruby 2.5 and later); those that are built in always are",
        Exception = "raise",
        WithoutProbes = "builds of Ruby have them where it was configured with --enable-dtrace, as Debian's are",
    };

    /// <summary>PHP: Zend/zend_dtrace.d (5.3 and later).</summary>
    static readonly Runtime _php = new()
    {
        Name = "php",
        Title = "PHP",
        Provider = "php",
        Files = ["php", "libphp"],
        Calls = [new("function__entry", "function__return", ["str(arg3)", "str(arg0)"])],
        Separator = "::",
        Load = "compile__file__entry",
        Exception = "exception__thrown",
        Switch = new("USE_ZEND_DTRACE=1", "start it with USE_ZEND_DTRACE=1 in its environment"),
        WithoutProbes = "builds of PHP have them where it was configured with --enable-dtrace, as Debian's are",
    };

    /// <summary>Perl: mydtrace.h, perldtrace.d (5.10.1 and later).</summary>
    static readonly Runtime _perl = new()
    {
        Name = "perl",
        Title = "Perl",
        Provider = "perl",
        Files = ["perl", "libperl"],
        Calls = [new("sub__entry", "sub__return", ["str(arg3)", "str(arg0)"])],
        Separator = "::",
        Load = "load__entry",
        WithoutProbes = "builds of Perl have them where it was configured with -Dusedtrace, which Debian's are not; of others native functions can be counted: 'sonde calls -p PID /usr/bin/perl:Perl_pp_*'",
    };

    /// <summary>Tcl: generic/tclDTrace.d (8.4.16 and later).</summary>
    static readonly Runtime _tcl = new()
    {
        Name = "tcl",
        Title = "Tcl",
        Provider = "tcl",
        Files = ["tclsh", "libtcl"],
        Calls = [new("proc__entry", "proc__return", ["str(arg0)"])],
        Allocations = [new("obj__create", "\"Tcl_Obj\"", null)],
        WithoutProbes = "builds of Tcl have them where it was configured with --enable-dtrace, which Debian's are not; of others native functions can be counted: 'sonde calls -p PID libtcl8.6:Tcl_*'",
    };

    /// <summary>Node.js: src/node_provider.d (up to 18, which took them out).</summary>
    static readonly Runtime _node = new()
    {
        Name = "node",
        Title = "Node.js",
        Provider = "node",
        Files = ["node", "libnode"],
        Collections = [new("gc__start", "gc__done", "arg0 == 1 ? \"scavenge\" : arg0 == 2 ? \"mark-sweep\" : \"other\"")],
        WithoutProbes = "Node.js has none from version 19 on, and before that only where it was configured with --with-dtrace; 'node --perf-basic-prof' lets 'sonde stacks' and 'ustack' name its functions",
    };

    /// <summary>.NET tells through EventPipe and LTTng, and has no USDT probes.</summary>
    static readonly Runtime _dotnet = new()
    {
        Name = "dotnet",
        Title = ".NET",
        Provider = "dotnet",
        Files = ["libcoreclr.so"],
        WithoutProbes = ".NET has none; DOTNET_PerfMapEnabled=1 lets 'sonde stacks' and 'ustack' name its methods, and programs can have probes of their own with Sonde.Usdt",
    };

    /// <summary>CPython: Include/pydtrace.d (3.6 and later), for what Sonde has no probes of its own for.</summary>
    public static Runtime Python { get; } = new()
    {
        Name = "python",
        Title = "Python",
        Provider = "python",
        Files = ["python3", "libpython3"],
        Collections = [new("gc__start", "gc__done", "arg0 == 0 ? \"generation 0\" : arg0 == 1 ? \"generation 1\" : \"generation 2\"")],
        Load = "import__find__load__start",
        Objects = "it is not told reliably by any function that builds of it have; 'sonde record --memory' samples what memory is asked for, with its stacks",
        WithoutProbes = "builds of CPython have them where it was configured with --with-dtrace, as Debian's and Fedora's are",
    };

    /// <summary>Every row.</summary>
    public static IReadOnlyList<Runtime> All { get; } = [Python, _java, _ruby, _php, _perl, _tcl, _node, _dotnet];
}
