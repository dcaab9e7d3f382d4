using Sonde.Usdt.Native;

namespace Sonde.Usdt;

/// <summary>A probe without arguments: that it fires is all it says.</summary>
public sealed class UsdtSignal : UsdtProbe
{
    internal UsdtSignal(string provider, string name)
        : base(provider, name, [], [])
    {
    }

    /// <summary>Tells the tracers that are attached; without any it does nothing.</summary>
    public void Fire()
    {
        var site = Site;
        if (site.IsEnabled)
        {
            new Firing(default, 0).Pass(site);
        }
    }
}
