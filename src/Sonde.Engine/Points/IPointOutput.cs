using System.Text.Json;

namespace Sonde.Engine.Points;

/// <summary>Takes what log points tell.</summary>
public interface IPointOutput
{
    /// <summary>The line ran. What comes from the process may be anything.</summary>
    void Hit(JsonElement hit);

    /// <summary>How a counter or timer stands, about once a second.</summary>
    void Count(PointKind kind, PointState state);

    /// <summary>Nothing more is there at this moment.</summary>
    void Flush();
}
