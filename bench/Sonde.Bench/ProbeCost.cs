using System.Globalization;
using System.Runtime.CompilerServices;
using Sonde.Usdt;

namespace Sonde.Bench;

/// <summary>What probes of a program's own cost it: to a line with a number of calls it answers nanoseconds of processor time a call of each kind.</summary>
static class ProbeCost
{
    const string Text = "a text of twenty-five chars";

    /// <summary>Answers: an empty virtual call, asking whether a probe is enabled, firing one without arguments, with a number, and with a number and a text.</summary>
    public static void Answer()
    {
        using var provider = new UsdtProvider("bench");
        var signal = provider.AddProbe("nothing");
        var number = provider.AddProbe<long>("number");
        var text = provider.AddProbe<long, string>("text");
        provider.Load();
        Console.WriteLine($"ready {Environment.ProcessId}");
        Called called = Environment.ProcessId == 0 ? new Other() : new Empty();
        while (Console.ReadLine() is { } line)
        {
            var calls = int.Parse(line, CultureInfo.InvariantCulture);
            double[] costs = [Virtual(called, calls), Asked(number, calls), Fired(signal, calls), Fired(number, calls), Fired(text, calls)];
            Console.WriteLine(string.Join(' ', costs.Select(static cost => cost.ToString("F2", CultureInfo.InvariantCulture))));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static double Virtual(Called called, int calls)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < calls; i++)
        {
            called.Call(i);
        }

        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static double Asked(UsdtProbe<long> probe, int calls)
    {
        var (start, enabled) = (Environment.CpuUsage.TotalTime, 0);
        for (var i = 0; i < calls; i++)
        {
            enabled += probe.IsEnabled ? 1 : 0;
        }

        GC.KeepAlive(enabled);
        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static double Fired(UsdtSignal probe, int calls)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < calls; i++)
        {
            probe.Fire();
        }

        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static double Fired(UsdtProbe<long> probe, int calls)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < calls; i++)
        {
            probe.Fire(i);
        }

        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls;
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static double Fired(UsdtProbe<long, string> probe, int calls)
    {
        var start = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < calls; i++)
        {
            probe.Fire(i, Text);
        }

        return (Environment.CpuUsage.TotalTime - start).TotalNanoseconds / calls;
    }

    abstract class Called
    {
        public abstract void Call(long number);
    }

    sealed class Empty : Called
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override void Call(long number)
        {
        }
    }

    sealed class Other : Called
    {
        [MethodImpl(MethodImplOptions.NoInlining)]
        public override void Call(long number) => Console.WriteLine(number);
    }
}
