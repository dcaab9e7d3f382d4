using Sonde.Engine.Scripts.Machine;
using Sonde.Script.Binding;
using Sonde.Script.Syntax;

namespace Sonde.Tests.Machine;

/// <summary>Resolves attach points as they are written, without the parser: no part may hold a colon.</summary>
static class Points
{
    public static AttachPoint Parse(string text)
    {
        var parts = text.Split(':');
        return new(new SourceSpan(new SourceText("stdin", text), 0, text.Length), parts[0], parts[1..]);
    }

    public static IReadOnlyList<ResolvedProbe> Resolve(MachineTarget target, string text)
    {
        DiagnosticBag messages = new();
        var probes = target.Resolve(Parse(text), messages);
        return messages.Messages.Count == 0 ? probes : throw new InvalidOperationException(messages.Render());
    }

    /// <summary>The messages, without places and source lines.</summary>
    public static string Errors(MachineTarget target, string text)
    {
        DiagnosticBag messages = new();
        target.Resolve(Parse(text), messages);
        return string.Join('\n', messages.Messages.Select(message => message.Message + (message.Hint is null ? "" : $" [{message.Hint}]")));
    }
}
