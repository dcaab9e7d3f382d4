using System.Numerics;

namespace Sonde.Script.Ir.Machine;

/// <summary>A set of small numbers.</summary>
sealed class BitSet(int count)
{
    readonly ulong[] _words = new ulong[(count + 63) / 64];

    public bool Contains(int number) => (_words[number >> 6] >> (number & 63) & 1) != 0;

    public void Add(int number) => _words[number >> 6] |= 1ul << (number & 63);

    public void Remove(int number) => _words[number >> 6] &= ~(1ul << (number & 63));

    /// <summary>Adds all of another set; whether that changed anything.</summary>
    public bool Union(BitSet other)
    {
        ulong added = 0;
        for (int i = 0; i < _words.Length; i++)
        {
            added |= other._words[i] & ~_words[i];
            _words[i] |= other._words[i];
        }

        return added != 0;
    }

    public void CopyFrom(BitSet other) => other._words.CopyTo(_words, 0);

    public Enumerator GetEnumerator() => new(_words);

    /// <summary>The numbers in ascending order; the set must not change meanwhile, but for the number just given.</summary>
    public ref struct Enumerator(ulong[] words)
    {
        int _index = -1;
        ulong _rest;

        public int Current { get; private set; }

        public bool MoveNext()
        {
            while (_rest == 0)
            {
                if (++_index >= words.Length)
                {
                    return false;
                }

                _rest = words[_index];
            }

            Current = _index * 64 + BitOperations.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            return true;
        }
    }
}

/// <summary>Which registers hold something still needed at the end of each block.</summary>
sealed class Liveness
{
    readonly BitSet[] _in;
    readonly BitSet[] _out;

    public Liveness(MachineFunction function)
    {
        _in = [.. function.Blocks.Select(_ => new BitSet(function.RegisterCount))];
        _out = [.. function.Blocks.Select(_ => new BitSet(function.RegisterCount))];
        BitSet live = new(function.RegisterCount);
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = function.Blocks.Count - 1; i >= 0; i--)
            {
                MachineBlock block = function.Blocks[i];
                foreach (MachineBlock successor in block.Successors())
                {
                    _out[i].Union(_in[successor.Number]);
                }

                live.CopyFrom(_out[i]);
                Before(block.Comparison, live);
                for (int k = block.Instructions.Count - 1; k >= 0; k--)
                {
                    Before(block.Instructions[k], live);
                }

                changed |= _in[i].Union(live);
            }
        }
    }

    /// <summary>What is live after the last instruction and the comparison of a block.</summary>
    public BitSet Out(MachineBlock block) => _out[block.Number];

    /// <summary>What is live when a block begins.</summary>
    public BitSet In(MachineBlock block) => _in[block.Number];

    /// <summary>Makes of what is live after an instruction what is live before it.</summary>
    public static void Before(MachineInstruction instruction, BitSet live)
    {
        Kill(instruction, live);
        Use(instruction, live);
    }

    public static void Before(Comparison? comparison, BitSet live)
    {
        if (comparison is not null)
        {
            live.Add(comparison.A);
            if (comparison.B != MachineInstruction.None)
            {
                live.Add(comparison.B);
            }
        }
    }

    public static void Kill(MachineInstruction instruction, BitSet live)
    {
        if ((instruction.Roles & Roles.WritesDst) != 0)
        {
            live.Remove(instruction.Dst);
        }

        if ((instruction.Roles & Roles.WritesSrc) != 0)
        {
            live.Remove(instruction.Src);
        }

        for (int rest = instruction.ImplicitWrites; rest != 0; rest &= rest - 1)
        {
            live.Remove(BitOperations.TrailingZeroCount(rest));
        }
    }

    public static void Use(MachineInstruction instruction, BitSet live)
    {
        if ((instruction.Roles & Roles.ReadsDst) != 0)
        {
            live.Add(instruction.Dst);
        }

        if ((instruction.Roles & Roles.ReadsSrc) != 0)
        {
            live.Add(instruction.Src);
        }

        for (int rest = instruction.ImplicitReads; rest != 0; rest &= rest - 1)
        {
            live.Add(BitOperations.TrailingZeroCount(rest));
        }
    }
}
