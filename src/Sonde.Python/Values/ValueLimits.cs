namespace Sonde.Python.Values;

/// <summary>How much of a value is shown. Whatever is left out leaves a mark, and no value, however large or broken, takes longer than these allow.</summary>
public sealed record ValueLimits
{
    /// <summary>What is usual for a line: one screen width or two, objects without their fields.</summary>
    public static ValueLimits Default { get; } = new();

    /// <summary>How many containers deep items are shown; deeper ones are <c>[…]</c>.</summary>
    public int Depth { get; init; } = 4;

    /// <summary>The most items of one container.</summary>
    public int Items { get; init; } = 20;

    /// <summary>The most characters of the whole value, but for the marks and brackets that end it.</summary>
    public int Characters { get; init; } = 128;

    /// <summary>How many objects deep those that do not say what they hold are shown with their fields: <c>&lt;app.Server object at 0x7f… with port=80&gt;</c>.</summary>
    public int FieldDepth { get; init; }

    /// <summary>What must not be shown; null to show everything. A value that is hidden by its name is not even read.</summary>
    public Redaction? Redaction { get; init; } = Redaction.Default;

    /// <summary>Limits that grow with how often somebody has asked for more.</summary>
    /// <param name="level">1 is <see cref="Default"/>; from 2 on objects show their fields.</param>
    public static ValueLimits ForLevel(int level) => level <= 1 ? Default : new()
    {
        Depth = Math.Min(4 + level, 20),
        Items = Math.Min(20 * level * level, 10_000),
        Characters = Math.Min(128 * level * level * level, 1 << 20),
        FieldDepth = Math.Min(level - 1, 20),
    };
}
