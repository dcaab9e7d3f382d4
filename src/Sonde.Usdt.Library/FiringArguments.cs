using System.Runtime.InteropServices;

namespace Sonde.Usdt.Library;

/// <summary>Finds the arguments of a C function with "…" among those of one that takes as many as there can be.</summary>
/// <remarks>
/// A caller passes integers and addresses in the integer registers that are left, floating-point numbers in theirs, and what has no register on the stack, in
/// order, eight bytes each (System V ABI, AMD64 supplement, 3.2.3; Procedure Call Standard for aarch64, 6.8.2). That is where the parameters of
/// <see cref="Exports.ProbeFire"/> are, whoever is called; the probe's kinds tell which of them was meant. Those past the last argument hold what happens to be there, and are not used.
/// </remarks>
static unsafe class FiringArguments
{
    const int FloatingRegisters = 8;

    /// <summary>Integer registers that a first parameter leaves.</summary>
    static readonly int _integerRegisters = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 7 : 5;

    /// <summary>The words a stub is called with.</summary>
    /// <param name="node">The probe.</param>
    /// <param name="integers">The parameters in integer registers and those on the stack behind them.</param>
    /// <param name="floats">The parameters in floating-point registers.</param>
    /// <param name="words">Twelve words; those the probe does not have become zero.</param>
    public static void Gather(SdtProbeNode* node, ReadOnlySpan<long> integers, ReadOnlySpan<double> floats, Span<long> words)
    {
        words.Clear();
        var (integer, floating, onStack) = (0, 0, _integerRegisters);
        for (var i = 0; i < node->Probe.ArgumentCount; i++)
        {
            var kind = (UsdtArgument)node->Kinds[i];
            if (kind is UsdtArgument.Single or UsdtArgument.Double)
            {
                var value = floating < FloatingRegisters ? floats[floating++] : BitConverter.Int64BitsToDouble(integers[onStack++]);
                // C passes no single-precision number where "…" stands.
                words[i] = kind == UsdtArgument.Double ? BitConverter.DoubleToInt64Bits(value) : BitConverter.SingleToInt32Bits((float)value);
            }
            else
            {
                words[i] = integers[integer < _integerRegisters ? integer++ : onStack++];
            }
        }
    }
}
