using Sonde.Engine.Targets;
using Sonde.Linux;
using Xunit;

namespace Sonde.Tests.Machine;

public sealed class KnownProcessesTests
{
    [Fact]
    public void The_longest_ended_is_forgotten_first_then_the_oldest()
    {
        var processes = new KnownProcesses(3, 1000);
        Put(processes, 1, 2, 3);
        processes.End(2);
        // 4 takes the place of 2, and 5 that of 1: neither is the oldest then.
        Put(processes, 4);
        Assert.Equal([1, 3, 4], Known(processes));
        Put(processes, 5);
        Assert.Equal([3, 4, 5], Known(processes));
        Put(processes, 6);
        Assert.Equal([4, 5, 6], Known(processes));
        Assert.Equal(3, processes.Forgotten);
    }

    [Fact]
    public void One_that_is_followed_is_not_forgotten_running_or_ended()
    {
        var processes = new KnownProcesses(2, 1000);
        processes.Keep(1);
        Put(processes, 1, 2, 3);
        Assert.Equal([1, 3], Known(processes));
        processes.End(1);
        Put(processes, 4, 5);
        Assert.Equal([1, 5], Known(processes));
    }

    [Fact]
    public void The_mappings_of_all_have_room_together()
    {
        var processes = new KnownProcesses(100, 50);
        for (int pid = 1; pid <= 5; pid++)
        {
            processes.Put(pid, new KnownProcess(Table(10)), null);
        }

        processes.End(4);
        Assert.Equal(50, processes.Mappings);
        Assert.Equal(5, processes.All.Count);
        Assert.True(processes.Add(2, Mapping(100)));
        Assert.Equal([1, 2, 3, 5], Known(processes));
        Assert.Equal(41, processes.Mappings);
        // The programs before count too: at most two of them.
        for (int i = 0; i < 5; i++)
        {
            processes.Put(2, new KnownProcess(Table(10)), processes.Find(2));
        }

        Assert.Equal([2, 5], Known(processes));
        Assert.Equal(40, processes.Mappings);
        // A new one that is too large by itself is kept for as long as nothing else comes.
        processes.Put(6, new KnownProcess(Table(60)), null);
        Assert.Equal([6], Known(processes));
        processes.Put(7, new KnownProcess(Table(1)), null);
        Assert.Equal([7], Known(processes));
        Assert.Equal(1, processes.Mappings);
    }

    static void Put(KnownProcesses processes, params int[] pids)
    {
        foreach (int pid in pids)
        {
            processes.Put(pid, new KnownProcess(Table(1)), null);
        }
    }

    static int[] Known(KnownProcesses processes) => [.. Enumerable.Range(1, 9).Where(pid => processes.Find(pid) is not null)];

    static MappingTable Table(int mappings) => new([.. Enumerable.Range(0, mappings).Select(Mapping)]);

    static ProcMapping Mapping(int index) => new((ulong)(index * 20) + 10, (ulong)(index * 20) + 20, MapProtection.Execute, false, 0, 1, 1, "a", false);
}
