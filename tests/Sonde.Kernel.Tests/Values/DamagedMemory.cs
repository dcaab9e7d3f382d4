using Sonde.Symbols;

namespace Sonde.Kernel.Tests.Values;

/// <summary>Memory in which one read in so many comes out wrong: turned bits, other numbers, or nothing at all. The same seed gives the same damage.</summary>
sealed class DamagedMemory(IMemory memory) : IMemory
{
    Random _random = new(0);
    int _oneIn = int.MaxValue;

    public long BytesRead { get; private set; }

    public void Begin(int seed, int oneIn)
    {
        _random = new Random(seed);
        _oneIn = oneIn;
        BytesRead = 0;
    }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        BytesRead += destination.Length;
        var read = memory.TryRead(address, destination);
        if (_random.Next(_oneIn) != 0 || destination.IsEmpty)
        {
            return read;
        }

        switch (_random.Next(5))
        {
            case 0:
                return false;
            case 1:
                _random.NextBytes(destination);
                break;
            case 2:
                destination.Fill(0xff);
                break;
            case 3:
                destination[_random.Next(destination.Length)] ^= (byte)(1 << _random.Next(8));
                break;
            default:
                // A huge number where a size may be.
                destination[Math.Min(destination.Length - 1, (8 * _random.Next(1 + (destination.Length / 8))) + 4)] = 0x7f;
                break;
        }

        return true;
    }
}
