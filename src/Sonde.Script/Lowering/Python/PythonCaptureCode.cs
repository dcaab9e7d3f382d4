using Sonde.Bpf;
using Sonde.Python;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>
/// Writes what copies values as they are at a call: objects, what they hold, and what that holds, the nearest first, until all is there or the room is used up.
/// Everything it reads may change, vanish or lie: reads fail softly, sizes are cut, the number of turns is bounded.
/// </summary>
/// <remarks>
/// A turn of the loop takes the next pointer of an array that was copied, and copies the object it points to; an object that holds others adds arrays of
/// pointers to the queue. Needs <c>bpf_loop</c> (Linux 5.17).
/// </remarks>
/// <param name="program">Takes the functions.</param>
/// <param name="version">The interpreter's version.</param>
/// <param name="layout">The interpreter's layout.</param>
/// <param name="maps">The maps.</param>
/// <param name="limits">How much is copied.</param>
/// <param name="sends">Where records go.</param>
sealed partial class PythonCaptureCode(IrProgram program, PythonVersion version, CallLayout layout, PythonCaptureMaps maps, CaptureLimits limits, PythonCaptureSends sends)
{
    /// <summary>More turns than there is room for objects: most pointers of a table may be empty.</summary>
    const int MostTurns = 1024;

    /// <summary>Variables of a frame that are copied.</summary>
    const int MostArguments = 128;

    /// <summary>Names of variables that are copied.</summary>
    const int MostNames = 250;

    /// <summary>Cells of a frame that are copied (up to 3.10).</summary>
    const int MostCells = 32;

    /// <summary>BPF_RB_NO_WAKEUP (include/uapi/linux/bpf.h): the reader polls.</summary>
    const int NoWakeup = 1;

    readonly ValueLayout _values = ValueLayout.For(version);
    readonly ObjectLayout _objects = ObjectLayout.For(version);
    IrFunction? _copy;
    IrFunction? _push;
    IrFunction? _object;
    IrFunction? _register;
    IrFunction? _turn;

    IrFunction CopyFunction => _copy ??= WriteCopy();

    IrFunction PushFunction => _push ??= WritePush();

    IrFunction ObjectFunction => _object ??= WriteObject();

    IrFunction RegisterFunction => _register ??= WriteRegister();

    IrFunction Turn => _turn ??= WriteTurn();

    /// <summary>Writes the function that sends a call's record with its arguments: parameters are the record's head, the frame and the code object. 1 when it was sent.</summary>
    public IrFunction WriteArguments() => WriteSender("capture_arguments", 3, MostArguments, (ir, work, parameters) =>
    {
        var (frame, code) = (parameters[1], parameters[2]);
        var locals = ir.Arithmetic(IrOperation.Add, frame, _values.FrameLocals);
        var flags = ReadWord(ir, work, code, layout.CodeFlags);
        var count = ir.Arithmetic(IrOperation.Add, ReadWord(ir, work, code, _values.CodeArgumentCount), ReadWord(ir, work, code, _values.CodeKeywordOnlyCount));
        // CO_VARARGS is 4, CO_VARKEYWORDS 8 (Include/cpython/code.h).
        count = ir.Arithmetic(IrOperation.Add, count, ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, flags, 2), 1));
        count = ir.Arithmetic(IrOperation.Add, count, ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, flags, 3), 1));
        CopyPointers(ir, work, locals, count, MostArguments, 0);
        if (_values.CodeCellNames is { } cellNames)
        {
            var cells = ir.Copy(ReadPointer(ir, work, code, cellNames));
            var cellCount = ReadPointer(ir, work, cells, _values.ItemCount);
            var variables = ir.Arithmetic(IrOperation.ShiftLeft, ReadWord(ir, work, code, _values.CodeVariableCount), 3);
            CopyPointers(ir, work, ir.Arithmetic(IrOperation.Add, locals, variables), cellCount, MostCells, 0);
        }
    });

    /// <summary>Writes the function that sends an exit's record with its result: parameters are the record's head and the object. 1 when it was sent.</summary>
    public IrFunction WriteResult() => WriteSender("capture_result", 2, limits.Items, (ir, work, parameters) =>
    {
        // A piece that is at no address: the object's.
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Pieces), 0);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Pieces + 8), 8);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Pieces + 16), parameters[1]);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Position), CapturedMemory.HeaderSize + 8);
        ir.Add(new IrCallFunction(null, PushFunction, [work, CapturedMemory.HeaderSize, 8, 1, 0]));
    });

    /// <summary>Writes the function that sends what a code object's variables are called: parameters are a record's head and the code object. 1 when it was sent.</summary>
    public IrFunction WriteNames() => WriteSender("capture_names", 2, MostNames, (ir, work, parameters) =>
    {
        const int codeBytes = 208;
        var code = parameters[1];
        ir.Add(new IrCallFunction(null, CopyFunction, [work, code, codeBytes]));
        foreach (var field in new[] { _values.CodeVariableNames, _values.CodeVariableKinds, _values.CodeCellNames, _values.CodeFreeNames }.OfType<int>())
        {
            ir.Add(new IrCallFunction(null, ObjectFunction, [work, ReadPointer(ir, work, code, field), 0]));
        }
    }, PythonCaptureSends.Lasting);

    /// <summary>A function that takes memory, has the beginning copied, follows it, sends all that, and gives the memory back.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="parameters">How many parameters; the first is the address of the record's head.</param>
    /// <param name="items">The most items of a container.</param>
    /// <param name="begin">Writes what copies the beginning.</param>
    /// <param name="kind">The record's kind, if it is not the head's.</param>
    IrFunction WriteSender(string name, int parameters, int items, Action<IrBuilder, VirtualRegister, IReadOnlyList<VirtualRegister>> begin, int? kind = null)
    {
        var function = new IrFunction(name, parameters);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (taken, busy, lost, release, done) = (ir.NewBlock("taken"), ir.NewBlock("busy"), ir.NewBlock("lost"), ir.NewBlock("release"), ir.NewBlock("done"));
        var result = ir.Constant(0);
        var work = TakeWork(ir, taken, busy);
        ir.MoveTo(taken);
        var head = function.Parameters[0];
        for (var offset = 0; offset < 48; offset += 8)
        {
            ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Record + offset), ir.Load(Size.Double, new IrAddress(head, offset)));
        }

        if (kind is { } number)
        {
            ir.Store(Size.Byte, new IrAddress(work, PythonCaptureMaps.Record), number);
        }

        foreach (var field in new[] { PythonCaptureMaps.Position, PythonCaptureMaps.QueueHead, PythonCaptureMaps.QueueTail, PythonCaptureMaps.ArrayLeft, PythonCaptureMaps.Cut, PythonCaptureMaps.Unreadable })
        {
            ir.Store(Size.Double, new IrAddress(work, field), 0);
        }

        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ItemLimit), items);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Salt), ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.Salt)), 1));
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.TypeProcess), ir.Load(Size.Word, new IrAddress(head, sends.ProcessOffset)));
        begin(ir, work, function.Parameters);
        var holder = function.NewSlot("work", 8);
        ir.Store(Size.Double, new IrAddress(holder), work);
        ir.Add(new IrCallHelper(null, Helper.Loop, [MostTurns, Turn, holder, 0]));
        Send(ir, work, lost, release);
        ir.MoveTo(lost);
        sends.CountLoss(ir);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.InUse), 0);
        ir.Jump(done);
        ir.MoveTo(release);
        ir.Move(result, 1);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.InUse), 0);
        ir.Jump(done);
        ir.MoveTo(busy);
        sends.CountLoss(ir);
        ir.Jump(done);
        ir.MoveTo(done);
        ir.Return(result);
        return function;
    }

    void Send(IrBuilder ir, VirtualRegister work, BasicBlock lost, BasicBlock sent)
    {
        var (over, within) = (ir.NewBlock("over"), ir.NewBlock("within"));
        var length = ir.Copy(ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.Position)));
        ir.Branch(Condition.Greater, length, PythonCaptureMaps.Capacity, over, within);
        ir.MoveTo(over);
        ir.Move(length, PythonCaptureMaps.Capacity);
        ir.Jump(within);
        ir.MoveTo(within);
        // Turns that ran out leave arrays behind.
        var waiting = ir.Arithmetic(IrOperation.Subtract, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueTail)), ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueHead)));
        var cut = ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.Cut)), waiting);
        cut = ir.Arithmetic(IrOperation.Add, cut, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayLeft)));
        ir.Store(Size.Word, new IrAddress(work, PythonCaptureMaps.RecordLength), length);
        ir.Store(Size.Word, new IrAddress(work, PythonCaptureMaps.RecordCut), cut);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.RecordUnreadable), ir.Load(Size.Word, new IrAddress(work, PythonCaptureMaps.Unreadable)));
        var bytes = ir.Arithmetic(IrOperation.Add, length, PythonCaptureMaps.HeaderSize);
        ir.Branch(Condition.Equal, ir.Call(Helper.RingbufOutput, sends.Records, new IrAddress(work, PythonCaptureMaps.Record), bytes, NoWakeup), 0, sent, lost);
    }

    /// <summary>Takes one of the processor's memories.</summary>
    VirtualRegister TakeWork(IrBuilder ir, BasicBlock taken, BasicBlock busy)
    {
        var work = ir.Function.NewRegister();
        var key = ir.Function.NewSlot("key", 8);
        for (var i = 0; i < PythonCaptureMaps.Works; i++)
        {
            var (there, next) = (ir.NewBlock("work_there"), ir.NewBlock("work_next"));
            ir.Store(Size.Word, new IrAddress(key), i);
            ir.Move(work, ir.Call(Helper.MapLookupElem, maps.Work, key));
            ir.Branch(Condition.Equal, work, 0, busy, there);
            ir.MoveTo(there);
            var before = ir.Function.NewRegister();
            ir.Add(new IrAtomic(IrAtomicOperation.Exchange, Size.Double, new IrAddress(work, PythonCaptureMaps.InUse), ir.Constant(1), before));
            ir.Branch(Condition.Equal, before, 0, taken, next);
            ir.MoveTo(next);
        }

        ir.Jump(busy);
        return work;
    }

    /// <summary>Copies pointers that lie one after the other, and lets them be followed.</summary>
    void CopyPointers(IrBuilder ir, VirtualRegister work, VirtualRegister address, VirtualRegister count, int most, IrOperand depth)
    {
        var (some, copied, none) = (ir.NewBlock("some"), ir.NewBlock("copied"), ir.NewBlock("none"));
        var number = AtMost(ir, count, most);
        ir.Branch(Condition.Equal, number, 0, none, some);
        ir.MoveTo(some);
        var place = ir.Function.NewRegister();
        ir.Add(new IrCallFunction(place, CopyFunction, [work, address, ir.Arithmetic(IrOperation.ShiftLeft, number, 3)]));
        ir.Branch(Condition.Equal, place, 0, none, copied);
        ir.MoveTo(copied);
        ir.Add(new IrCallFunction(null, PushFunction, [work, place, 8, number, depth]));
        ir.Jump(none);
        ir.MoveTo(none);
    }

    static VirtualRegister ReadPointer(IrBuilder ir, VirtualRegister work, VirtualRegister address, int offset) => Read(ir, work, address, offset, 8, Size.Double);

    static VirtualRegister ReadWord(IrBuilder ir, VirtualRegister work, VirtualRegister address, int offset) => Read(ir, work, address, offset, 4, Size.Word);

    static VirtualRegister Read(IrBuilder ir, VirtualRegister work, VirtualRegister address, int offset, int bytes, Size size)
    {
        var scratch = new IrAddress(work, PythonCaptureMaps.Scratch);
        ir.Store(Size.Double, scratch, 0);
        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [scratch, bytes, ir.Arithmetic(IrOperation.Add, address, offset)]));
        return ir.Load(size, scratch);
    }

    static VirtualRegister AtMost(IrBuilder ir, VirtualRegister value, IrOperand most)
    {
        var (over, within) = (ir.NewBlock("over"), ir.NewBlock("within"));
        var result = ir.Copy(value);
        ir.Branch(Condition.Greater, result, most, over, within);
        ir.MoveTo(over);
        ir.Move(result, most);
        ir.Jump(within);
        ir.MoveTo(within);
        return result;
    }

    /// <summary>copy(work, address, bytes): adds a piece. Where its bytes are among the pieces; 0 when they could not be read or found no room.</summary>
    IrFunction WriteCopy()
    {
        var function = new IrFunction("copy_memory", 3);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (work, address) = (function.Parameters[0], function.Parameters[1]);
        var (room, full, good, bad) = (ir.NewBlock("room"), ir.NewBlock("full"), ir.NewBlock("good"), ir.NewBlock("bad"));
        var bytes = AtMost(ir, function.Parameters[2], PythonCaptureMaps.MostBytes);
        var position = ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.Position));
        var end = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, position, bytes), CapturedMemory.HeaderSize + 7), ~7);
        ir.Branch(Condition.Greater, end, PythonCaptureMaps.Capacity, full, room);

        ir.MoveTo(room);
        var place = ir.Arithmetic(IrOperation.And, position, PythonCaptureMaps.Capacity - 1);
        var piece = ir.Arithmetic(IrOperation.Add, work, place);
        ir.Store(Size.Double, new IrAddress(piece, PythonCaptureMaps.Pieces), address);
        ir.Store(Size.Double, new IrAddress(piece, PythonCaptureMaps.Pieces + 8), bytes);
        ir.Branch(Condition.Equal, ir.Call(Helper.ProbeReadUser, new IrAddress(piece, PythonCaptureMaps.Pieces + CapturedMemory.HeaderSize), bytes, address), 0, good, bad);
        ir.MoveTo(good);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Position), end);
        ir.Return(ir.Arithmetic(IrOperation.Add, place, CapturedMemory.HeaderSize));

        ir.MoveTo(bad);
        ir.Store(Size.Double, new IrAddress(piece, PythonCaptureMaps.Pieces + 8), 0);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.Position), ir.Arithmetic(IrOperation.Add, place, CapturedMemory.HeaderSize));
        Increment(ir, work, PythonCaptureMaps.Unreadable);
        ir.Return(0);
        ir.MoveTo(full);
        Increment(ir, work, PythonCaptureMaps.Cut);
        ir.Return(0);
        return function;
    }

    static void Increment(IrBuilder ir, VirtualRegister work, int field, int by = 1) =>
        ir.Store(Size.Double, new IrAddress(work, field), ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(work, field)), by));

    /// <summary>push(work, place, stride, count, depth): lets the pointers be followed that begin at a place among the pieces.</summary>
    IrFunction WritePush()
    {
        var function = new IrFunction("push_pointers", 5);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var (work, place, stride, count, depth) = (function.Parameters[0], function.Parameters[1], function.Parameters[2], function.Parameters[3], function.Parameters[4]);
        var (some, room, full, done) = (ir.NewBlock("some"), ir.NewBlock("room"), ir.NewBlock("full"), ir.NewBlock("done"));
        ir.Branch(Condition.Equal, count, 0, done, some);
        ir.MoveTo(some);
        var tail = ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueTail));
        var waiting = ir.Arithmetic(IrOperation.Subtract, tail, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueHead)));
        ir.Branch(Condition.GreaterOrEqual, waiting, PythonCaptureMaps.QueueLength, full, room);
        ir.MoveTo(room);
        var entry = ir.Arithmetic(IrOperation.Or, place, ir.Arithmetic(IrOperation.ShiftLeft, stride, 16));
        entry = ir.Arithmetic(IrOperation.Or, entry, ir.Arithmetic(IrOperation.ShiftLeft, count, 24));
        entry = ir.Arithmetic(IrOperation.Or, entry, ir.Arithmetic(IrOperation.ShiftLeft, depth, 40));
        ir.Store(Size.Double, InQueue(ir, work, tail), entry);
        Increment(ir, work, PythonCaptureMaps.QueueTail);
        ir.Jump(done);
        ir.MoveTo(full);
        Increment(ir, work, PythonCaptureMaps.Cut);
        ir.Jump(done);
        ir.MoveTo(done);
        ir.Return(0);
        return function;
    }

    static IrAddress InQueue(IrBuilder ir, VirtualRegister work, VirtualRegister index)
    {
        var offset = ir.Arithmetic(IrOperation.ShiftLeft, ir.Arithmetic(IrOperation.And, index, PythonCaptureMaps.QueueLength - 1), 3);
        return new IrAddress(ir.Arithmetic(IrOperation.Add, work, offset), PythonCaptureMaps.Queue);
    }

    /// <summary>A turn: the next pointer of the array that is being followed; else the next array.</summary>
    IrFunction WriteTurn()
    {
        var function = new IrFunction("follow_pointers", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var work = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var (pointer, array, take, end, next) = (ir.NewBlock("pointer"), ir.NewBlock("array"), ir.NewBlock("take"), ir.NewBlock("end"), ir.NewBlock("next"));
        var left = ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayLeft));
        ir.Branch(Condition.NotEqual, left, 0, pointer, array);

        ir.MoveTo(array);
        var head = ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueHead));
        ir.Branch(Condition.Equal, head, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.QueueTail)), end, take);
        ir.MoveTo(take);
        var entry = ir.Load(Size.Double, InQueue(ir, work, head));
        Increment(ir, work, PythonCaptureMaps.QueueHead);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayPlace), ir.Arithmetic(IrOperation.And, entry, 0xffff));
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayStride), ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, entry, 16), 0xff));
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayLeft), ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, entry, 24), 0xffff));
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayDepth), ir.Arithmetic(IrOperation.ShiftRightLogical, entry, 40));
        ir.Jump(next);

        ir.MoveTo(pointer);
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayLeft), ir.Arithmetic(IrOperation.Subtract, left, 1));
        var place = ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayPlace));
        ir.Store(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayPlace), ir.Arithmetic(IrOperation.Add, place, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayStride))));
        var at = ir.Arithmetic(IrOperation.Add, work, ir.Arithmetic(IrOperation.And, place, PythonCaptureMaps.Capacity - 1));
        var address = ir.Load(Size.Double, new IrAddress(at, PythonCaptureMaps.Pieces));
        if (_values.SlotTagMask != 0)
        {
            // Objects lie at multiples of 8; only variables of frames have tags.
            address = ir.Arithmetic(IrOperation.And, address, ~_values.SlotTagMask);
        }

        ir.Add(new IrCallFunction(null, ObjectFunction, [work, address, ir.Load(Size.Double, new IrAddress(work, PythonCaptureMaps.ArrayDepth))]));
        ir.Jump(next);
        ir.MoveTo(next);
        ir.Return(0);
        ir.MoveTo(end);
        ir.Return(1);
        return function;
    }
}

/// <summary>Where records of copies go.</summary>
/// <param name="Records">The ring buffer.</param>
/// <param name="Image">The interpreter's number, as records have it: 4 bytes behind the kind.</param>
/// <param name="ProcessOffset">Where in a record's head the process is (4 bytes).</param>
/// <param name="CountLoss">Writes what counts a copy that could not be made or sent.</param>
sealed record PythonCaptureSends(MapSpec Records, int Image, int ProcessOffset, Action<IrBuilder> CountLoss)
{
    /// <summary>The kind of records that tell types and names: the first byte.</summary>
    public const int Lasting = 8;
}
