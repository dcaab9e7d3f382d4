using Sonde.Engine.Sampling;
using Xunit;

namespace Sonde.Tests.Sampling;

public sealed class SampleScheduleTests
{
    const ulong Start = 1_000_000_000_000;
    const ulong Interval = 10_000_000;

    [Fact]
    public void Each_interval_has_one_moment()
    {
        var schedule = new SampleSchedule(Start, Interval, seed: 7);
        for (long i = 0; i < 10_000; i++)
        {
            schedule.Advance(schedule.DueNs);

            Assert.Equal(i, schedule.Interval);
            Assert.InRange(schedule.DueNs, Start + (ulong)i * Interval, Start + (ulong)(i + 1) * Interval - 1);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Moments_fall_into_all_phases_of_a_program_that_has_the_same_period(int periods)
    {
        var schedule = new SampleSchedule(Start, Interval, seed: 7);
        int[] phases = new int[10];
        const int samples = 10_000;
        for (int i = 0; i < samples; i++)
        {
            schedule.Advance(schedule.DueNs);
            ulong period = Interval / (ulong)periods;
            phases[(int)(schedule.DueNs % period * 10 / period)]++;
        }

        // Each is binomial with a standard deviation of 30; the numbers drawn are the same in every run.
        Assert.All(phases, count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void Intervals_that_went_by_are_left_out()
    {
        var schedule = new SampleSchedule(Start, Interval, seed: 7);
        schedule.Advance(Start);
        schedule.Advance(Start + 5 * Interval + 1);

        Assert.Equal(5, schedule.Interval);
    }
}
