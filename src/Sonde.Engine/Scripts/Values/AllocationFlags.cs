namespace Sonde.Engine.Scripts.Values;

/// <summary>The flags of kernel memory allocations by name (include/linux/gfp_types.h), as %gr writes them.</summary>
static class AllocationFlags
{
    /// <summary>Combinations first, the larger before those they contain; the bits are those of Linux 6.8 to 6.18.</summary>
    static readonly (uint Bits, string Name)[] _names =
    [
        (0x100cc2, "GFP_HIGHUSER"), (0x400cc0, "GFP_KERNEL_ACCOUNT"), (0x100cc0, "GFP_USER"), (0xcc0, "GFP_KERNEL"), (0xc40, "GFP_NOFS"),
        (0xc00, "GFP_NOIO"), (0x2800, "GFP_NOWAIT"), (0x820, "GFP_ATOMIC"), (1, "GFP_DMA"), (4, "GFP_DMA32"), (1 << 1, "__GFP_HIGHMEM"), (1 << 3, "__GFP_MOVABLE"),
        (1 << 4, "__GFP_RECLAIMABLE"), (1 << 5, "__GFP_HIGH"), (1 << 6, "__GFP_IO"), (1 << 7, "__GFP_FS"), (1 << 8, "__GFP_ZERO"), (1 << 10, "__GFP_DIRECT_RECLAIM"),
        (1 << 11, "__GFP_KSWAPD_RECLAIM"), (1 << 12, "__GFP_WRITE"), (1 << 13, "__GFP_NOWARN"), (1 << 14, "__GFP_RETRY_MAYFAIL"), (1 << 15, "__GFP_NOFAIL"),
        (1 << 16, "__GFP_NORETRY"), (1 << 17, "__GFP_MEMALLOC"), (1 << 18, "__GFP_COMP"), (1 << 19, "__GFP_NOMEMALLOC"), (1 << 20, "__GFP_HARDWALL"),
        (1 << 21, "__GFP_THISNODE"), (1 << 22, "__GFP_ACCOUNT"), (1 << 23, "__GFP_ZEROTAGS"), (1 << 24, "__GFP_SKIP_ZERO"), (1 << 25, "__GFP_SKIP_KASAN"),
        (1 << 26, "__GFP_NO_OBJ_EXT"),
    ];

    public static void Write(Utf8Text text, uint flags)
    {
        var rest = flags;
        foreach (var (bits, name) in _names)
        {
            if ((rest & bits) == bits)
            {
                text.Add(rest == flags ? []: "|"u8);
                text.Add(name);
                rest &= ~bits;
            }
        }

        if (rest == 0 && flags != 0)
        {
            return;
        }

        text.Add(rest == flags ? [] : "|"u8);
        text.Add(rest == 0 ? "0"u8 : "0x"u8);
        if (rest != 0)
        {
            text.AddHex(rest);
        }
    }
}
