using Xunit;
namespace Sonde.Kernel.Tests;
public class SmokeTests { [Fact] public void Runs() => Assert.Equal(2, 1 + int.Parse("1", System.Globalization.CultureInfo.InvariantCulture)); }
