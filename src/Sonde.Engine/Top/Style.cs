namespace Sonde.Engine.Top;

/// <summary>What a piece of text on the screen means; how that looks is the painter's.</summary>
public enum Style : byte
{
    /// <summary>Plain.</summary>
    Plain,

    /// <summary>Of less interest.</summary>
    Faint,

    /// <summary>A number or name that stands out.</summary>
    Strong,

    /// <summary>The head of a table.</summary>
    Head,

    /// <summary>The row that keys act on.</summary>
    Selected,

    /// <summary>Half of the time or more.</summary>
    Hot,

    /// <summary>A tenth of the time or more.</summary>
    Warm,

    /// <summary>Something is missing or wrong.</summary>
    Warning,
}
