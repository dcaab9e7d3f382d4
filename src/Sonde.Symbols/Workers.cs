using System.Runtime.ExceptionServices;

namespace Sonde;

/// <summary>Does pieces of work that do not depend on each other on all processors.</summary>
public static class Workers
{
    /// <summary>Fewer pieces for each thread than this are not worth starting it.</summary>
    const int LeastEach = 4;

    /// <summary>More would not be done sooner: what is asked of the kernel waits for its locks, and takes memory meanwhile.</summary>
    const int MostThreads = 8;

    /// <summary>Calls a function once for each number below a count, on this thread and others, and returns when all is done.</summary>
    /// <remarks>What it throws for the lowest number is thrown on; numbers above may then be left out.</remarks>
    public static void Run(int count, Action<int> work)
    {
        var failures = new Exception?[count];
        var failed = false;
        var last = -1;
        var threads = Math.Clamp(count / LeastEach, 1, Math.Min(Environment.ProcessorCount, MostThreads));
        List<Thread> helpers = [];
        try
        {
            while (helpers.Count < threads - 1)
            {
                var helper = new Thread(Work) { IsBackground = true, Name = "worker" };
                helper.Start();
                helpers.Add(helper);
            }
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            // There are no more threads to be had: those there are do it.
        }

        Work();
        helpers.ForEach(static helper => helper.Join());
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
