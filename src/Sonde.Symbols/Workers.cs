using System.Runtime.ExceptionServices;

namespace Sonde;

/// <summary>Does pieces of work that do not depend on each other on all processors.</summary>
public static class Workers
{
    /// <summary>Fewer pieces for each thread than this are not worth starting it.</summary>
    const int LeastEach = 4;

    /// <summary>Calls a function once for each number below a count, on this thread and others, and returns when all is done.</summary>
    /// <remarks>What it throws for the lowest number is thrown on; numbers above may then be left out.</remarks>
    public static void Run(int count, Action<int> work)
    {
        var failures = new Exception?[count];
        var failed = false;
        var last = -1;
        var helpers = new Thread[Math.Clamp(count / LeastEach, 1, Environment.ProcessorCount) - 1];
        for (var i = 0; i < helpers.Length; i++)
        {
            helpers[i] = new Thread(Work) { IsBackground = true, Name = "worker" };
            helpers[i].Start();
        }

        Work();
        Array.ForEach(helpers, static helper => helper.Join());
        if (Array.Find(failures, static failure => failure is not null) is { } first)
        {
            ExceptionDispatchInfo.Throw(first);
        }

        void Work()
        {
            // Numbers are taken in their order, so all below one that failed are done.
            for (int number; !Volatile.Read(ref failed) && (number = Interlocked.Increment(ref last)) < count;)
            {
                try
                {
                    work(number);
                }
                catch (Exception exception)
                {
                    failures[number] = exception;
                    Volatile.Write(ref failed, true);
                }
            }
        }
    }
}
