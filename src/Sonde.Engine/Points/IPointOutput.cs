namespace Sonde.Engine.Points;

/// <summary>Takes what log points tell.</summary>
public interface IPointOutput
{
    /// <summary>The line ran.</summary>
    void Hit(PointHit hit);

    /// <summary>How a counter or timer stands, about once a second.</summary>
    void Count(PointKind kind, PointState state);

    /// <summary>Nothing more is there at this moment.</summary>
    void Flush();
}
