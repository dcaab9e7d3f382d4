using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sonde.Kernel.Tests.Targets;

namespace Sonde.Kernel.Tests.Browsing;

/// <summary>A page of a <see cref="Browser"/>, driven as a person would and asked what it shows (the DevTools protocol, version 1.3).</summary>
sealed class BrowserPage : IDisposable
{
    readonly ClientWebSocket _socket = new();
    readonly List<string> _problems = [];
    readonly List<string> _events = [];
    int _requests;

    public BrowserPage(Uri address)
    {
        Wait(_socket.ConnectAsync(address, CancellationToken.None));
        Ask("Page.enable");
        Ask("Runtime.enable");
        Ask("Log.enable");
        Ask("Network.enable");
    }

    /// <summary>Exceptions and errors the page's scripts have made, and what its policy refused.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What it has asked of the network or of other files.</summary>
    public List<string> Requested { get; } = [];

    public void Navigate(string address)
    {
        _events.Clear();
        Ask("Page.navigate", new JsonObject { ["url"] = address });
        while (!_events.Contains("Page.loadEventFired"))
        {
            Receive();
        }
    }

    /// <summary>The value of an expression in the page; a promise is waited for.</summary>
    public JsonNode? Evaluate(string expression)
    {
        JsonNode answer = Ask("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        return answer["exceptionDetails"] is { } exception
            ? throw new InvalidOperationException($"{expression}: {exception["exception"]?["description"] ?? exception["text"]}")
            : answer["result"]?["value"];
    }

    /// <summary>Waits until a condition of the page holds.</summary>
    public void Until(string condition) => Evaluate($"new Promise(done => {{ const look = () => ({condition}) ? done() : requestAnimationFrame(look); look(); }})");

    /// <summary>The text of the first element that a selector finds.</summary>
    public string Text(string selector) => Evaluate($"document.querySelector({JsonSerializer.Serialize(selector)}).textContent")!.GetValue<string>();

    /// <summary>The value of an expression that is a number.</summary>
    public double Number(string expression) => Convert.ToDouble(Evaluate(expression)!.ToString(), CultureInfo.InvariantCulture);

    public void MoveMouse(double x, double y) => Ask("Input.dispatchMouseEvent", new JsonObject { ["type"] = "mouseMoved", ["x"] = x, ["y"] = y });

    public void Click(double x, double y)
    {
        MoveMouse(x, y);
        foreach (string type in (string[])["mousePressed", "mouseReleased"])
        {
            Ask("Input.dispatchMouseEvent", new JsonObject { ["type"] = type, ["x"] = x, ["y"] = y, ["button"] = "left", ["clickCount"] = 1 });
        }
    }

    /// <summary>Clicks into the middle of the first element that a selector finds.</summary>
    public void Click(string selector)
    {
        JsonNode middle = Evaluate($"(() => {{ const b = document.querySelector({JsonSerializer.Serialize(selector)}).getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; }})()")!;
        Click(middle[0]!.GetValue<double>(), middle[1]!.GetValue<double>());
    }

    /// <summary>Presses a key that writes nothing, such as "Enter" or "ArrowDown".</summary>
    public void Press(string key)
    {
        foreach (string type in (string[])["keyDown", "keyUp"])
        {
            Ask("Input.dispatchKeyEvent", new JsonObject { ["type"] = type, ["key"] = key, ["code"] = key });
        }
    }

    /// <summary>Presses the keys of a text one after the other.</summary>
    public void Type(string text)
    {
        foreach (char character in text)
        {
            Ask("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyDown", ["key"] = character.ToString(), ["text"] = character.ToString() });
            Ask("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyUp", ["key"] = character.ToString() });
        }
    }

    /// <summary>Lets the page appear as if the system preferred dark or light.</summary>
    public void Prefer(string colourScheme) => Ask("Emulation.setEmulatedMedia", new JsonObject
    {
        ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = colourScheme }),
    });

    public JsonNode Ask(string method, JsonObject? parameters = null)
    {
        int number = ++_requests;
        string request = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters ?? [] }.ToJsonString();
        Wait(_socket.SendAsync(Encoding.UTF8.GetBytes(request), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None));
        while (true)
        {
            JsonNode message = Receive();
            if (message["id"]?.GetValue<int>() == number)
            {
                return message["error"] is { } error ? throw new InvalidOperationException($"{method}: {error["message"]}") : message["result"]!;
            }
        }
    }

    public void Dispose()
    {
        Ask("Page.close");
        _socket.Dispose();
    }

    JsonNode Receive()
    {
        using var message = new MemoryStream();
        byte[] room = new byte[1 << 16];
        ValueWebSocketReceiveResult received;
        do
        {
            using var patience = new CancellationTokenSource(Target.Patience);
            ValueTask<ValueWebSocketReceiveResult> receiving = _socket.ReceiveAsync(room.AsMemory(), patience.Token);
            received = receiving.AsTask().GetAwaiter().GetResult();
            message.Write(room.AsSpan(0, received.Count));
        }
        while (!received.EndOfMessage);
        message.Position = 0;
        JsonNode node = JsonNode.Parse(message)!;
        string? name = node["method"]?.GetValue<string>();
        if (name is not null)
        {
            _events.Add(name);
        }

        switch (name)
        {
            case "Runtime.exceptionThrown":
                _problems.Add(node["params"]!["exceptionDetails"]!.ToJsonString());
                break;
            case "Log.entryAdded" when node["params"]!["entry"]!["level"]!.GetValue<string>() == "error":
                _problems.Add(node["params"]!["entry"]!["text"]!.GetValue<string>());
                break;
            case "Network.requestWillBeSent":
                Requested.Add(node["params"]!["request"]!["url"]!.GetValue<string>());
                break;
        }

        return node;
    }

    static void Wait(Task task) => task.WaitAsync(Target.Patience).GetAwaiter().GetResult();
}
