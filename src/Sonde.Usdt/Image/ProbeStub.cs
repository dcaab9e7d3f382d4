using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Sonde.Usdt.Image;

/// <summary>The few instructions a firing calls, and where in the registers and on the stack its arguments then are.</summary>
/// <remarks>
/// On x86-64 a stub is <c>nop; nopl 0(%rax,%rax,1); ret</c>. Tools attach at the one-byte nop, which every kernel emulates. The five-byte nop behind it is for
/// kernels that turn a probe on it into a call (6.18 and later): that call writes below the stack pointer, which is harmless here because a stub keeps nothing there.
/// </remarks>
sealed class ProbeStub
{
    /// <summary>x86-64: System V ABI, AMD64 supplement, 3.2.3: six integer registers, then the stack above the return address.</summary>
    static readonly ProbeStub _x64 = new(
        62,
        [0x90, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3],
        [0xc3],
        [
            ["%dil", "%di", "%edi", "%rdi"], ["%sil", "%si", "%esi", "%rsi"], ["%dl", "%dx", "%edx", "%rdx"], ["%cl", "%cx", "%ecx", "%rcx"],
            ["%r8b", "%r8w", "%r8d", "%r8"], ["%r9b", "%r9w", "%r9d", "%r9"],
        ],
        static place => string.Create(CultureInfo.InvariantCulture, $"{8 + 8 * place}(%rsp)"));

    /// <summary>aarch64: Procedure Call Standard, 6.8.2: eight integer registers, then the stack.</summary>
    static readonly ProbeStub _arm64 = new(
        183,
        [0x1f, 0x20, 0x03, 0xd5, 0xc0, 0x03, 0x5f, 0xd6],
        [0xc0, 0x03, 0x5f, 0xd6],
        [.. Enumerable.Range(0, 8).Select(static number => (string[])[$"x{number}", $"x{number}", $"x{number}", $"x{number}"])],
        static place => string.Create(CultureInfo.InvariantCulture, $"[sp, {8 * place}]"));

    readonly byte[] _code;
    readonly byte[] _return;
    readonly string[][] _registers;
    readonly Func<int, string> _onStack;

    ProbeStub(ushort machine, byte[] code, byte[] returns, string[][] registers, Func<int, string> onStack)
    {
        Machine = machine;
        _code = code;
        _return = returns;
        _registers = registers;
        _onStack = onStack;
    }

    /// <summary>The most arguments a probe can have, as of every tool that reads them.</summary>
    public const int MostArguments = 12;

    /// <summary>The stub of the machine this process runs on.</summary>
    /// <exception cref="PlatformNotSupportedException">There is none.</exception>
    public static ProbeStub Native => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => _x64,
        Architecture.Arm64 => _arm64,
        var other => throw new PlatformNotSupportedException($"USDT probes can be made on x86-64 and aarch64, not on {other}"),
    };

    /// <summary>The stub of a machine.</summary>
    public static ProbeStub For(Architecture architecture) => architecture == Architecture.Arm64 ? _arm64 : _x64;

    /// <summary>The machine's number in an ELF header.</summary>
    public ushort Machine { get; }

    /// <summary>The instruction that returns to the caller; code may be filled with it.</summary>
    public ReadOnlySpan<byte> Return => _return;

    /// <summary>The instructions; a probe attaches to the first.</summary>
    public ReadOnlySpan<byte> Code => _code;

    /// <summary>Distance between two stubs.</summary>
    public static int Stride => 16;

    /// <summary>The arguments as a probe's note tells them: <c>-4@%edi 8@%rsi 8f@%rdx</c>.</summary>
    public string Describe(IReadOnlyList<UsdtArgument> arguments)
    {
        var text = new StringBuilder();
        for (var i = 0; i < arguments.Count; i++)
        {
            var (size, mark) = arguments[i] switch
            {
                UsdtArgument.Single => (4, "f"),
                UsdtArgument.Double => (8, "f"),
                UsdtArgument.Text or UsdtArgument.Bytes => (8, ""),
                var number => ((int)number, ""),
            };
            var width = Math.Abs(size) switch { 1 => 0, 2 => 1, 4 => 2, _ => 3 };
            text.Append(i == 0 ? "" : " ")
                .Append(CultureInfo.InvariantCulture, $"{size}{mark}@")
                .Append(i < _registers.Length ? _registers[i][width] : _onStack(i - _registers.Length));
        }

        return text.ToString();
    }
}
