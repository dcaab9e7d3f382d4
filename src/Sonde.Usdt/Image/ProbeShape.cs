namespace Sonde.Usdt.Image;

/// <summary>A probe as it is written into a provider's image.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Arguments">How tracers see its arguments.</param>
/// <param name="ArgumentNames">What they are called; empty when nobody said.</param>
sealed record ProbeShape(string Name, IReadOnlyList<UsdtArgument> Arguments, IReadOnlyList<string> ArgumentNames);
