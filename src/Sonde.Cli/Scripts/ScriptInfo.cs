using Sonde.Bpf;
using Sonde.Linux;

namespace Sonde.Cli.Scripts;

/// <summary><c>--info</c>: what this kernel has that programs may want.</summary>
static class ScriptInfo
{
    public static int Write()
    {
        Console.Out.WriteLine($"System\n  OS: Linux {RunningKernel.Release}\n  Arch: x86_64\n\nKernel features");
        foreach (var feature in KernelFeatures.All)
        {
            Console.Out.WriteLine($"  {feature}");
        }

        return 0;
    }
}
