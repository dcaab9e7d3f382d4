using System.Text;
using Sonde.Engine.Injection;
using Xunit;

namespace Sonde.Tests.Injection;

public class SparePaddingTests
{
    /// <summary>A cell of nothing but zeros would be taken for free by the next session, which then wipes the end of a text that is still to run.</summary>
    [Fact]
    public void No_cell_of_a_text_seems_free()
    {
        for (int length = 1; length <= 64; length++)
        {
            string text = new('x', length);
            byte[] cells = SparePadding.InWholeCells(text);
            Assert.Equal($"{text}\0", Encoding.ASCII.GetString(cells, 0, length + 1));
            Assert.Equal((length + 16) / 16 * 16, cells.Length);
            Assert.All(cells.Chunk(16), cell => Assert.Contains(cell, value => value != 0));
        }
    }
}
