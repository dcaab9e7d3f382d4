using System.Text;
using Sonde.Engine.Output;

namespace Sonde.Engine.Flow.Sinks;

/// <summary>Arguments and results as the sinks write them. An event without any has none, and allocates nothing.</summary>
static class ValueText
{
    /// <summary>For people: <c>(user_id=42)</c> or <c> = {'ok': True}</c>.</summary>
    public static byte[] Of(in FlowEvent flowEvent)
    {
        if (flowEvent.Arguments is { } arguments)
        {
            return Encoding.UTF8.GetBytes($"({string.Join(", ", arguments.Select(static argument => $"{argument.Name}={argument.Text}"))})");
        }

        return flowEvent.Result is { } result ? Encoding.UTF8.GetBytes($" = {result}") : [];
    }

    /// <summary>For programs: fields of a JSON object, <c>,"args":{"user_id":"42"}</c> or <c>,"result":"{'ok': True}"</c>.</summary>
    /// <param name="flowEvent">The event.</param>
    /// <param name="name">What the arguments are called.</param>
    public static byte[] Json(in FlowEvent flowEvent, string name)
    {
        if (flowEvent.Arguments is { } arguments)
        {
            var text = new List<byte>();
            text.AddRange(Encoding.UTF8.GetBytes($",\"{name}\":{{"));
            for (var i = 0; i < arguments.Count; i++)
            {
                text.AddRange(i == 0 ? ""u8 : ","u8);
                text.AddRange(JsonText.Encode(arguments[i].Name.TrimStart('*')));
                text.Add((byte)':');
                text.AddRange(JsonText.Encode(arguments[i].Text));
            }

            text.Add((byte)'}');
            return [.. text];
        }

        return flowEvent.Result is { } result ? [.. ",\"result\":"u8, .. JsonText.Encode(result)] : [];
    }
}
