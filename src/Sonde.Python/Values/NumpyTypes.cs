using System.Collections.Frozen;
using System.Globalization;

namespace Sonde.Python.Values;

/// <summary>The scalar types of numpy and how their values lie in memory (numpy/core/include/numpy/ndarraytypes.h and arrayscalars.h).</summary>
static class NumpyTypes
{
    static readonly FrozenDictionary<string, NumberFormat> _scalars = new Dictionary<string, NumberFormat>
    {
        ["numpy.bool_"] = new('b', 1),
        ["numpy.bool"] = new('b', 1),
        ["numpy.int8"] = new('i', 1),
        ["numpy.int16"] = new('i', 2),
        ["numpy.int32"] = new('i', 4),
        ["numpy.int64"] = new('i', 8),
        ["numpy.longlong"] = new('i', 8),
        ["numpy.uint8"] = new('u', 1),
        ["numpy.uint16"] = new('u', 2),
        ["numpy.uint32"] = new('u', 4),
        ["numpy.uint64"] = new('u', 8),
        ["numpy.ulonglong"] = new('u', 8),
        ["numpy.float16"] = new('f', 2),
        ["numpy.float32"] = new('f', 4, ShortestSingle: true),
        ["numpy.float64"] = new('f', 8),
        ["numpy.complex64"] = new('c', 8),
        ["numpy.complex128"] = new('c', 16),
        ["numpy.str_"] = new('U', 0),
        ["numpy.bytes_"] = new('S', 0),
    }.ToFrozenDictionary();

    /// <summary>Whether a type of that name is a scalar whose values can be shown.</summary>
    public static bool IsScalar(string name) => _scalars.ContainsKey(name);

    /// <summary>How the value of a scalar lies in memory.</summary>
    public static NumberFormat Of(string name) => _scalars[name];

    /// <summary>The name of a kind of elements, as <c>dtype</c> has it.</summary>
    public static string Describe(NumberFormat format) => format.Kind switch
    {
        'b' => "bool",
        'i' or 'u' or 'f' or 'c' => string.Create(CultureInfo.InvariantCulture, $"{(format.IsBigEndian ? ">" : "")}{format.Kind switch { 'i' => "int", 'u' => "uint", 'f' => "float", _ => "complex" }}{8 * format.Size}"),
        'O' => "object",
        'M' => "datetime64",
        'm' => "timedelta64",
        'U' => string.Create(CultureInfo.InvariantCulture, $"{(format.IsBigEndian ? '>' : '<')}U{format.Size / 4}"),
        var kind and (>= 'A' and <= 'Z') => string.Create(CultureInfo.InvariantCulture, $"{kind}{format.Size}"),
        _ => "?",
    };
}
