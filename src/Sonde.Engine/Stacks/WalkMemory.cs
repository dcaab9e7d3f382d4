using Sonde.Symbols;

namespace Sonde.Engine.Stacks;

/// <summary>Memory that is read a page at a time, and each page once until <see cref="Clear"/>: a walk up a stack reads many words that lie close together.</summary>
sealed class WalkMemory(IMemory memory) : IMemory
{
    const int Page = 4096;
    const int MostPages = 4096;

    readonly Dictionary<ulong, byte[]?> _pages = [];
    readonly Stack<byte[]> _free = [];

    /// <summary>Forgets what was read.</summary>
    public void Clear()
    {
        foreach (var page in _pages.Values)
        {
            if (page is not null)
            {
                _free.Push(page);
            }
        }

        _pages.Clear();
    }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var skip = (int)(address & (Page - 1));
            var part = Math.Min(destination.Length, Page - skip);
            if (PageAt(address - (ulong)skip) is not { } page)
            {
                return false;
            }

            page.AsSpan(skip, part).CopyTo(destination);
            destination = destination[part..];
            address = unchecked(address + (ulong)part);
        }

        return true;
    }

    byte[]? PageAt(ulong start)
    {
        if (_pages.TryGetValue(start, out var known))
        {
            return known;
        }

        if (_pages.Count >= MostPages)
        {
            Clear();
        }

        var page = _free.TryPop(out var free) ? free : new byte[Page];
        if (!memory.TryRead(start, page))
        {
            _free.Push(page);
            page = null;
        }

        _pages.Add(start, page);
        return page;
    }
}
