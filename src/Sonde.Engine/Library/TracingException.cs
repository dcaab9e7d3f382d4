namespace Sonde.Tracing;

/// <summary>Tracing failed for a reason outside the program: no such process or probe, rights that are missing, a kernel too old. The message says which, and what to do.</summary>
public class TracingException : Exception
{
    internal TracingException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>A part of an expression cannot be computed in the kernel.</summary>
public sealed class ExpressionException : TracingException
{
    internal ExpressionException(string expression, string reason)
        : base($"'{expression}' cannot be computed in the kernel: {reason}") => Expression = expression;

    /// <summary>That part, as C#.</summary>
    public string Expression { get; }
}
