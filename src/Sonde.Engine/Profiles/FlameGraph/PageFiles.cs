using System.Security.Cryptography;
using System.Text;

namespace Sonde.Engine.Profiles.FlameGraph;

/// <summary>The script and the style of the page, which are part of the executable.</summary>
static class PageFiles
{
    const string Prefix = "flamegraph/";

    /// <summary>In the order they build on each other.</summary>
    static readonly string[] _scripts = ["words.js", "profile.js", "tree.js", "views.js", "drawing.js", "state.js", "panels.js", "keys.js", "app.js"];

    static readonly Lazy<string> _script = new(() => $"\n(() => {{\n'use strict';\n{string.Join('\n', _scripts.Select(Read))}}})();\n");

    static readonly Lazy<string> _style = new(() => "\n" + Read("page.css"));

    /// <summary>The whole script.</summary>
    public static string Script => _script.Value;

    /// <summary>The whole style sheet.</summary>
    public static string Style => _style.Value;

    /// <summary>A policy that lets this script and this style work, and nothing else: no other script, no network (Content Security Policy Level 3).</summary>
    public static string Policy => $"default-src 'none'; script-src 'sha256-{Hash(Script)}'; style-src 'sha256-{Hash(Style)}'; base-uri 'none'; form-action 'none'";

    static string Hash(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    static string Read(string name)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream(Prefix + name)
            ?? throw new InvalidOperationException($"{name} is not part of the executable");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
