namespace Sonde.Linux;

/// <summary>How much of the processors a thread is given when others want them too.</summary>
public static class SchedulingPriority
{
    /// <summary>Lets the calling thread go before ordinary ones (<c>setpriority(2)</c>, which on Linux is about single threads), as far as that is allowed: it takes CAP_SYS_NICE.</summary>
    /// <returns>Whether it was allowed.</returns>
    public static bool TryRaise()
    {
        const int process = 0;
        const uint self = 0;
        const int nice = -15;
        return !Libc.Result(Libc.SetPriority(process, self, nice)).Failed;
    }
}
