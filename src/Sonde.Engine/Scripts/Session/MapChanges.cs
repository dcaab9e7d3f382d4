using Sonde.Bpf;
using Sonde.Engine.Scripts.Values;
using Sonde.Script;

namespace Sonde.Engine.Scripts.Session;

/// <summary>What <c>clear()</c> and <c>zero()</c> do to a map.</summary>
static class MapChanges
{
    /// <summary>Removes every entry, or with <paramref name="keepKeys"/> sets every value to zero.</summary>
    public static void Empty(Map map, ScriptMap description, bool keepKeys)
    {
        var zeros = new byte[map.ValueBytes];
        if (description.Key is null)
        {
            if (keepKeys)
            {
                KeepSet(map, description, zeros);
            }

            map.Update(new byte[map.Spec.KeySize], zeros);
            return;
        }

        foreach (var key in MapContents.Keys(map))
        {
            if (keepKeys)
            {
                map.Update(key, zeros, UpdateMode.OnlyExisting);
            }
            else
            {
                map.Delete(key);
            }
        }
    }

    /// <summary>A map without a key that was assigned to stays assigned to.</summary>
    static void KeepSet(Map map, ScriptMap description, byte[] zeros)
    {
        var value = new byte[map.ValueBytes];
        if (map.TryLookup(new byte[map.Spec.KeySize], value))
        {
            var stride = MapContents.StrideOf(description, map);
            for (var at = 0; at < value.Length; at += stride)
            {
                value.AsSpan(at, 8).CopyTo(zeros.AsSpan(at));
            }
        }
    }
}
