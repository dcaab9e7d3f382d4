using System.Text;

namespace Sonde.Engine.Top;

/// <summary>What kind of key was pressed.</summary>
public enum KeyKind : byte
{
    /// <summary>One that writes a character.</summary>
    Character,

    /// <summary>Up.</summary>
    Up,

    /// <summary>Down.</summary>
    Down,

    /// <summary>Left.</summary>
    Left,

    /// <summary>Right.</summary>
    Right,

    /// <summary>A page up.</summary>
    PageUp,

    /// <summary>A page down.</summary>
    PageDown,

    /// <summary>To the beginning.</summary>
    Home,

    /// <summary>To the end.</summary>
    End,

    /// <summary>Enter.</summary>
    Enter,

    /// <summary>Escape.</summary>
    Escape,

    /// <summary>Backspace.</summary>
    Backspace,

    /// <summary>Ctrl-C, which the terminal does not turn into a signal in raw mode; also the end of the input.</summary>
    Interrupt,

    /// <summary>Ctrl-Z.</summary>
    Suspend,

    /// <summary>Ctrl-L: paint everything anew.</summary>
    Redraw,
}

/// <summary>A key that was pressed.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Character">The character, where it writes one.</param>
public readonly record struct Key(KeyKind Kind, Rune Character = default)
{
    /// <summary>The key that writes a character.</summary>
    public static Key Of(char character) => new(KeyKind.Character, new Rune(character));
}
