using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Sonde.Engine.Scripts.Python;
using Sonde.Engine.Scripts.Values;
using Sonde.Engine.Targets;
using Sonde.Linux;
using Sonde.Script.Types;
using Sonde.Symbols.Tables;

namespace Sonde.Engine.Scripts.Session;

/// <summary>The running machine's names, each kind read when it is first asked for.</summary>
/// <param name="script">Its stack maps hold the stacks.</param>
/// <param name="interpreters">Those of the script's Python probes, and those that were met.</param>
/// <param name="files">The programs and libraries that processes have mapped.</param>
/// <param name="mappings">What each process has mapped.</param>
sealed class MachineNames(LoadedScript script, PythonInterpreters interpreters, CodeFiles files, ProcessMappings mappings) : INames
{
    const int MostStacks = 1 << 16;

    readonly Dictionary<(StackShape, long), ulong[]> _stacks = [];
    readonly Lazy<KernelSymbols> _kernel = new(ReadKernelSymbols);
    readonly Lazy<Dictionary<uint, string>> _users = new(ReadUsers);
    readonly Cgroups _cgroups = new();

    /// <summary>Python functions met.</summary>
    public PythonCodes Codes { get; } = new(interpreters);

    /// <summary>Symbols of processes.</summary>
    public UserSymbols Processes { get; } = new(files, mappings, script.Script.Config.DemangleCpp, script.Script.Config.ShowDebugInfo);

    public long BootToRealNs { get; } = (long)(Clock.RealTimeNs - Clock.BootTimeNs);

    public TimeZoneInfo Zone => TimeZoneInfo.Local;

    public ReadOnlySpan<ulong> Stack(StackShape shape, long number)
    {
        if (number < 0 || script.Script.Runtime.Stacks.TryGetValue(shape, out var spec) is false || script.Find(spec) is not { } map)
        {
            return [];
        }

        // A stack's number is its hash: while it is in the map the number keeps its meaning.
        if (!_stacks.TryGetValue((shape, number), out var frames))
        {
            var value = new byte[map.ValueBytes];
            frames = !map.TryLookup(shape.ByTables ? BitConverter.GetBytes(number) : BitConverter.GetBytes((int)number), value) ? []
                : shape.ByTables ? Unwound(MemoryMarshal.Cast<byte, ulong>(value))
                : MemoryMarshal.Cast<byte, ulong>(value).ToArray();
            if (_stacks.Count >= MostStacks)
            {
                _stacks.Clear();
            }

            _stacks.Add((shape, number), frames);
        }

        return frames;
    }

    /// <summary>How many addresses, then the addresses; behind them are those of longer stacks before.</summary>
    static ulong[] Unwound(ReadOnlySpan<ulong> value) => value[1..][..(int)Math.Min(value[0], (ulong)value.Length - 1)].ToArray();

    public ReadOnlySpan<byte> BuildIdStack(StackShape shape, long number) => MemoryMarshal.AsBytes(Stack(shape, number));

    public SymbolName KernelSymbol(ulong address) =>
        address != 0 && _kernel.Value.TryFind(address, out var symbol, out var offset) ? new(symbol.Name, offset, null) : default;

    public SymbolName UserSymbol(int process, ulong address, bool isCaller) => Processes.Find(process, address, isCaller);

    public string? UserName(uint id) => _users.Value.GetValueOrDefault(id);

    public string CgroupPath(ulong id, string filter) => _cgroups.Find(id, filter);

    public string? Python(SymbolicType type, ReadOnlySpan<byte> value) => Codes.Name(type, value);

    static KernelSymbols ReadKernelSymbols() => KernelSymbols.Parse(ProcFs.TryRead("/proc/kallsyms", out var text) ? text : []);

    // The runtime's way to look up a user would load more than this file has to tell.
    static Dictionary<uint, string> ReadUsers()
    {
        var users = new Dictionary<uint, string>();
        if (ProcFs.TryRead("/etc/passwd", out var text))
        {
            foreach (var line in Encoding.UTF8.GetString(text).Split('\n'))
            {
                var fields = line.Split(':');
                if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                {
                    users.TryAdd(id, fields[0]);
                }
            }
        }

        return users;
    }
}
