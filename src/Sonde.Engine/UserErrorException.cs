namespace Sonde.Engine;

/// <summary>
/// Something the user can put right: foreseen, explained, shown as one message without a stack trace (exit code 1).
/// Anything unforeseen is a bug and must not be wrapped in it.
/// </summary>
/// <param name="message">What was attempted, with the value; what is wrong; what to do.</param>
public class UserErrorException(string message) : Exception(message);

/// <summary>The command line itself is wrong (exit code 2).</summary>
/// <param name="message">What was attempted, with the value; what is wrong; what to do.</param>
public sealed class UsageException(string message) : UserErrorException(message);
