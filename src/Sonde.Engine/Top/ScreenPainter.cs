using System.Globalization;
using System.Text;

namespace Sonde.Engine.Top;

/// <summary>Writes what makes one screen out of another: only the places that differ, as one update, so that nothing flickers.</summary>
/// <param name="usesColour">Whether styles may be colours; else they are bold and reversed only.</param>
/// <remarks>ECMA-48 control sequences, and the synchronized output mode 2026, which terminals that do not know it pass over.</remarks>
public sealed class ScreenPainter(bool usesColour)
{
    const string BeginUpdate = "\e[?2026h";
    const string EndUpdate = "\e[?2026l";

    Screen? _shown;

    /// <summary>What to send before the first screen: another screen than the user's, no cursor, no wrapping at the right edge.</summary>
    public static string Enter => "\e[?1049h\e[?25l\e[?7l\e[0m\e[2J";

    /// <summary>What gives the user's own screen back as it was.</summary>
    public static string Leave => "\e[0m\e[?7h\e[?25h\e[?1049l";

    /// <summary>Forgets what is shown: the next screen is painted whole.</summary>
    public void Forget() => _shown = null;

    /// <summary>What to send so that the terminal shows this screen; empty when it does.</summary>
    public string Paint(Screen screen)
    {
        var text = new StringBuilder();
        var before = _shown is { } shown && shown.Columns == screen.Columns && shown.Rows == screen.Rows ? shown : null;
        if (before is null)
        {
            text.Append("\e[0m\e[2J");
        }

        var style = Style.Plain;
        for (int row = 0; row < screen.Rows; row++)
        {
            int cursor = -1;
            for (int column = 0; column < screen.Columns; column++)
            {
                var cell = screen[row, column];
                // Behind a wide character there is nothing to write.
                if (cell.Text.Length == 0 || !Differs(before, screen, row, column))
                {
                    continue;
                }

                if (cursor != column)
                {
                    text.Append(CultureInfo.InvariantCulture, $"\e[{row + 1};{column + 1}H");
                }

                if (cell.Style != style)
                {
                    style = cell.Style;
                    text.Append("\e[0").Append(Code(style)).Append('m');
                }

                text.Append(cell.Text);
                // Terminals do not agree on how wide some characters are.
                cursor = char.IsAscii(cell.Text[0]) && cell.Text.Length == 1 ? column + 1 : -1;
            }
        }

        _shown = screen;
        if (text.Length == 0)
        {
            return "";
        }

        if (style != Style.Plain)
        {
            text.Append("\e[0m");
        }

        return BeginUpdate + text + EndUpdate;
    }

    /// <summary>A wide character is written when either of its places differs.</summary>
    static bool Differs(Screen? before, Screen screen, int row, int column)
    {
        if (before is null)
        {
            return screen[row, column] != new Cell(" ", Style.Plain);
        }

        return before[row, column] != screen[row, column]
            || (column + 1 < screen.Columns && screen[row, column + 1].Text.Length == 0 && before[row, column + 1] != screen[row, column + 1]);
    }

    string Code(Style style) => style switch
    {
        Style.Faint => usesColour ? ";90" : "",
        Style.Strong => ";1",
        Style.Head => ";7",
        Style.Selected => usesColour ? ";30;46" : ";1;7",
        Style.Hot => usesColour ? ";1;31" : ";1",
        Style.Warm => usesColour ? ";33" : "",
        Style.Warning => usesColour ? ";1;33" : ";1",
        _ => "",
    };
}
