using System.Buffers.Binary;
using Sonde.Script.Types;

namespace Sonde.Engine.Scripts.Values;

/// <content>Numbers that stand for something only user space can name.</content>
sealed partial class ValueFormatter
{
    const int BuildIdFrameBytes = 32;
    const int BuildIdValid = 1;

    void WriteSymbolic(Utf8Text text, SymbolicType type, ReadOnlySpan<byte> value)
    {
        var number = type.Kind is SymbolicKind.InternetAddress or SymbolicKind.PythonValue ? BinaryPrimitives.ReadInt32LittleEndian(value) : BinaryPrimitives.ReadInt64LittleEndian(value);
        switch (type.Kind)
        {
            case SymbolicKind.KernelStack:
                WriteStack(text, type.Stack, number, null);
                break;
            case SymbolicKind.UserStack:
                WriteStack(text, type.Stack, number, BinaryPrimitives.ReadInt32LittleEndian(value[8..]));
                break;
            case SymbolicKind.KernelSymbol:
                WriteSymbol(text, names.KernelSymbol((ulong)number), (ulong)number, withOffset: false);
                break;
            case SymbolicKind.UserSymbol:
                WriteSymbol(text, names.UserSymbol((int)BinaryPrimitives.ReadInt64LittleEndian(value[8..]), (ulong)number, isCaller: false), (ulong)number, withOffset: false);
                break;
            case SymbolicKind.InternetAddress:
                InternetText.Write(text, (int)number, value.Slice(4, 16));
                break;
            case SymbolicKind.HardwareAddress:
                WriteHardwareAddress(text, value[..6]);
                break;
            case SymbolicKind.Timestamp:
                Strftime.Write(text, type.Format, unchecked(number + names.BootToRealNs), names.Zone, withFractions: true);
                break;
            case SymbolicKind.CgroupPath:
                AddName(text, names.CgroupPath((ulong)number, type.Format));
                break;
            case SymbolicKind.UserName:
                WriteUserName(text, (uint)number);
                break;
            case SymbolicKind.Probe:
                text.Add(number >= 0 && number < probeNames.Count ? probeNames[(int)number] : "");
                break;
            case SymbolicKind.ErrorText:
                ErrnoText.Write(text, number);
                break;
            case SymbolicKind.SignalName:
                text.Add(SignalNames.Of(number));
                break;
            case SymbolicKind.SyscallName:
                text.Add(SyscallNames.Of(number));
                break;
            case SymbolicKind.PythonValue:
                WritePython(text, value);
                break;
            default:
                AddName(text, names.Python(type, value) ?? "(unknown)");
                break;
        }
    }

    void WriteStack(Utf8Text text, StackShape shape, long number, int? process)
    {
        text.Add((byte)'\n');
        if (shape.Mode == StackMode.BuildId)
        {
            WriteBuildIds(text, names.BuildIdStack(shape, number));
            return;
        }

        var isCaller = false;
        foreach (var address in names.Stack(shape, number))
        {
            if (address == 0)
            {
                break;
            }

            WriteFrame(text, shape.Mode, address, process, isCaller);
            isCaller = true;
        }
    }

    void WriteFrame(Utf8Text text, StackMode mode, ulong address, int? process, bool isCaller)
    {
        if (mode == StackMode.Raw)
        {
            text.AddHex(address);
            text.Add((byte)'\n');
            return;
        }

        var symbol = process is { } pid ? names.UserSymbol(pid, address, isCaller) : names.KernelSymbol(address);
        foreach (var inlined in symbol.Inlined ?? [])
        {
            WriteFrameStart(text, mode, address);
            text.Add("[inlined] "u8);
            WriteFrameEnd(text, mode, inlined, address, process, withOffset: false);
        }

        WriteFrameStart(text, mode, address);
        WriteFrameEnd(text, mode, symbol, address, process, withOffset: true);
    }

    static void WriteFrameStart(Utf8Text text, StackMode mode, ulong address)
    {
        if (mode == StackMode.Perf)
        {
            text.Add((byte)'\t');
            text.AddHex(address);
            text.Add((byte)' ');
        }
        else
        {
            text.Add("        "u8);
        }
    }

    void WriteFrameEnd(Utf8Text text, StackMode mode, SymbolName symbol, ulong address, int? process, bool withOffset)
    {
        WriteSymbol(text, symbol, address, withOffset);
        if (symbol.Place is { } place)
        {
            text.Add((byte)'@');
            AddName(text, place);
        }

        if (mode == StackMode.Perf && (process is not null || symbol.Module is not null))
        {
            text.Add(" ("u8);
            AddName(text, symbol.Module ?? "[unknown]");
            text.Add((byte)')');
        }

        text.Add((byte)'\n');
    }

    void WriteSymbol(Utf8Text text, SymbolName symbol, ulong address, bool withOffset)
    {
        if (symbol.Name is not { } name)
        {
            text.Add(address == 0 && !withOffset ? "0"u8 : "0x"u8);
            if (address != 0 || withOffset)
            {
                text.AddHex(address);
            }

            return;
        }

        AddName(text, name);
        if (withOffset)
        {
            text.Add((byte)'+');
            text.AddNumber(symbol.Offset);
        }
    }

    /// <summary>Build id and file offset of each frame, or its address where the file had no build id.</summary>
    static void WriteBuildIds(Utf8Text text, ReadOnlySpan<byte> frames)
    {
        for (; frames.Length >= BuildIdFrameBytes; frames = frames[BuildIdFrameBytes..])
        {
            var status = BinaryPrimitives.ReadInt32LittleEndian(frames);
            if (status == 0)
            {
                break;
            }

            text.Add("        "u8);
            if (status == BuildIdValid)
            {
                foreach (var one in frames.Slice(4, 20))
                {
                    WriteHexByte(text, one);
                }

                text.Add((byte)' ');
            }

            text.Add("0x"u8);
            text.AddHex(BinaryPrimitives.ReadUInt64LittleEndian(frames[24..]));
            text.Add((byte)'\n');
        }
    }

    static void WriteHardwareAddress(Utf8Text text, ReadOnlySpan<byte> address)
    {
        for (var i = 0; i < address.Length; i++)
        {
            if (i > 0)
            {
                text.Add((byte)':');
            }

            text.Add("0123456789ABCDEF"u8[address[i] >> 4]);
            text.Add("0123456789ABCDEF"u8[address[i] & 15]);
        }
    }

    void WriteUserName(Utf8Text text, uint id)
    {
        if (names.UserName(id) is { } name)
        {
            AddName(text, name);
        }
        else
        {
            text.AddNumber(id);
        }
    }
}
