using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes the matching of a name in a code record against a glob: the usual search that goes back to the last star.</summary>
/// <remarks>
/// Where it stands lies in the record's memory, not on the stack: what is loaded from there is unknown to the verifier, so that one turn of the loop is
/// all it has to look at. Each turn takes one step; <c>bpf_loop</c> takes as many as a text and a pattern can need.
/// </remarks>
static class PythonMatcher
{
    const int PatternLength = PythonCodeRecord.State;
    const int PatternPlace = PythonCodeRecord.State + 4;
    const int TextPlace = PythonCodeRecord.State + 8;
    const int TextCount = PythonCodeRecord.State + 12;
    const int StarPlace = PythonCodeRecord.State + 16;
    const int StarText = PythonCodeRecord.State + 20;
    const int Matched = PythonCodeRecord.State + 24;
    const int CharacterSize = PythonCodeRecord.State + 28;

    /// <summary>A star that was not met yet.</summary>
    const long NoStar = 0xffff;

    /// <summary>Turns of the loop: each goes one character on, or back to one further than the last star.</summary>
    const int MostTurns = 1 << 16;

    /// <summary>Writes the callback of one turn, for names at <paramref name="text"/> of the record.</summary>
    public static IrFunction WriteTurn(IrProgram program, int text)
    {
        var function = new IrFunction(text == PythonCodeRecord.Name ? "match_function" : "match_file", 2);
        program.Functions.Add(function);
        var ir = new IrBuilder(function);
        var record = ir.Load(Size.Double, new IrAddress(function.Parameters[1]));
        var place = ir.Load(Size.Word, new IrAddress(record, PatternPlace));
        var textPlace = ir.Load(Size.Word, new IrAddress(record, TextPlace));
        var (atEnd, inText, mismatch, yes, no, go) = (ir.NewBlock("at_end"), ir.NewBlock("in_text"), ir.NewBlock("mismatch"), ir.NewBlock("yes"), ir.NewBlock("no"), ir.NewBlock("go"));
        ir.Branch(Condition.GreaterOrEqual, textPlace, ir.Load(Size.Word, new IrAddress(record, TextCount)), atEnd, inText);

        // Behind the text: what is left of the pattern may only be stars.
        ir.MoveTo(atEnd);
        var (stepsLeft, starLeft) = (ir.NewBlock("steps_left"), ir.NewBlock("star_left"));
        ir.Branch(Condition.GreaterOrEqual, place, ir.Load(Size.Word, new IrAddress(record, PatternLength)), yes, stepsLeft);
        ir.MoveTo(stepsLeft);
        var last = LoadStep(ir, record, place, no);
        var maybe = ir.NewBlock("maybe");
        ir.Branch(Condition.Equal, last, ir.Constant(PythonGlob.Star), starLeft, maybe);
        ir.MoveTo(maybe);
        ir.Branch(Condition.Equal, last, ir.Constant(PythonGlob.StarWithoutSlash), starLeft, mismatch);
        ir.MoveTo(starLeft);
        ir.Store(Size.Word, new IrAddress(record, PatternPlace), ir.Arithmetic(IrOperation.Add, place, 1));
        ir.Jump(go);

        ir.MoveTo(inText);
        var inPattern = ir.NewBlock("in_pattern");
        ir.Branch(Condition.GreaterOrEqual, place, ir.Load(Size.Word, new IrAddress(record, PatternLength)), mismatch, inPattern);
        ir.MoveTo(inPattern);
        var step = LoadStep(ir, record, place, no);
        var (star, noStar, noPlainStar) = (ir.NewBlock("star"), ir.NewBlock("no_star"), ir.NewBlock("no_plain_star"));
        ir.Branch(Condition.Equal, step, ir.Constant(PythonGlob.Star), star, noPlainStar);
        ir.MoveTo(noPlainStar);
        ir.Branch(Condition.Equal, step, ir.Constant(PythonGlob.StarWithoutSlash), star, noStar);
        ir.MoveTo(star);
        ir.Store(Size.Word, new IrAddress(record, StarPlace), place);
        ir.Store(Size.Word, new IrAddress(record, StarText), textPlace);
        ir.Store(Size.Word, new IrAddress(record, PatternPlace), ir.Arithmetic(IrOperation.Add, place, 1));
        ir.Jump(go);
        ir.MoveTo(noStar);
        var (same, different) = (ir.NewBlock("same"), ir.NewBlock("different"));
        ir.Branch(Condition.Equal, step, ir.Constant(PythonGlob.Question), same, different);
        ir.MoveTo(different);
        ir.Branch(Condition.Equal, step, LoadCharacter(ir, record, text, textPlace, no), same, mismatch);
        ir.MoveTo(same);
        ir.Store(Size.Word, new IrAddress(record, PatternPlace), ir.Arithmetic(IrOperation.Add, place, 1));
        ir.Store(Size.Word, new IrAddress(record, TextPlace), ir.Arithmetic(IrOperation.Add, textPlace, 1));
        ir.Jump(go);

        // Back to the last star, which takes one character more, if it may.
        ir.MoveTo(mismatch);
        var starPlace = ir.Load(Size.Word, new IrAddress(record, StarPlace));
        var (back, canTake, take, slash) = (ir.NewBlock("back"), ir.NewBlock("can_take"), ir.NewBlock("take"), ir.NewBlock("slash"));
        ir.Branch(Condition.Equal, starPlace, NoStar, no, back);
        ir.MoveTo(back);
        var starText = ir.Load(Size.Word, new IrAddress(record, StarText));
        ir.Branch(Condition.GreaterOrEqual, starText, ir.Load(Size.Word, new IrAddress(record, TextCount)), no, canTake);
        ir.MoveTo(canTake);
        ir.Branch(Condition.Equal, LoadStep(ir, record, starPlace, no), ir.Constant(PythonGlob.Star), take, slash);
        ir.MoveTo(slash);
        ir.Branch(Condition.Equal, LoadCharacter(ir, record, text, starText, no), '/', no, take);
        ir.MoveTo(take);
        var next = ir.Arithmetic(IrOperation.Add, starText, 1);
        ir.Store(Size.Word, new IrAddress(record, StarText), next);
        ir.Store(Size.Word, new IrAddress(record, TextPlace), next);
        ir.Store(Size.Word, new IrAddress(record, PatternPlace), ir.Arithmetic(IrOperation.Add, starPlace, 1));
        ir.Jump(go);

        ir.MoveTo(yes);
        ir.Store(Size.Word, new IrAddress(record, Matched), 1);
        ir.Return(1);
        ir.MoveTo(no);
        ir.Return(1);
        ir.MoveTo(go);
        ir.Return(0);
        return function;
    }

    /// <summary>Writes a whole match; the answer is 1 or 0. <paramref name="record"/> is a reservation; <paramref name="holder"/> a slot that holds it.</summary>
    public static VirtualRegister Match(IrBuilder ir, VirtualRegister record, StackSlot holder, IrFunction turn, int text, uint[] steps)
    {
        for (var i = 0; i < steps.Length; i++)
        {
            ir.Store(Size.Word, new IrAddress(record, PythonCodeRecord.Pattern + (4 * i)), (int)steps[i]);
        }

        ir.Store(Size.Word, new IrAddress(record, PatternLength), steps.Length);
        ir.Store(Size.Word, new IrAddress(record, PatternPlace), 0);
        ir.Store(Size.Word, new IrAddress(record, TextPlace), 0);
        ir.Store(Size.Word, new IrAddress(record, StarPlace), (int)NoStar);
        ir.Store(Size.Word, new IrAddress(record, StarText), 0);
        ir.Store(Size.Word, new IrAddress(record, Matched), 0);

        // Characters copied: the bytes over the size of one.
        var state = ir.Load(Size.Word, new IrAddress(record, text + PythonCodeRecord.TextState));
        var size = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftRightLogical, state, 2), 7);
        var shift = ir.Arithmetic(IrOperation.ShiftRightLogical, size, 1);
        var copied = ir.Load(Size.Word, new IrAddress(record, text + PythonCodeRecord.TextCopied));
        ir.Store(Size.Word, new IrAddress(record, CharacterSize), size);
        ir.Store(Size.Word, new IrAddress(record, TextCount), ir.Arithmetic(IrOperation.ShiftRightLogical, copied, ir.Arithmetic(IrOperation.And, shift, 3)));
        ir.Store(Size.Double, new IrAddress(holder), record);
        ir.Add(new IrCallHelper(null, Helper.Loop, [MostTurns, turn, holder, 0]));
        return ir.Load(Size.Word, new IrAddress(record, Matched));
    }

    static VirtualRegister LoadStep(IrBuilder ir, VirtualRegister record, VirtualRegister place, BasicBlock outside)
    {
        var inside = ir.NewBlock("step");
        ir.Branch(Condition.GreaterOrEqual, place, PythonCodeRecord.MostSteps, outside, inside);
        ir.MoveTo(inside);
        var address = ir.Arithmetic(IrOperation.Add, record, ir.Arithmetic(IrOperation.ShiftLeft, place, 2));
        return ir.Load(Size.Word, new IrAddress(address, PythonCodeRecord.Pattern));
    }

    static VirtualRegister LoadCharacter(IrBuilder ir, VirtualRegister record, int text, VirtualRegister place, BasicBlock outside)
    {
        var (inside, one, more, two, four, loaded) = (ir.NewBlock("character"), ir.NewBlock("one"), ir.NewBlock("more"), ir.NewBlock("two"), ir.NewBlock("four"), ir.NewBlock("loaded"));
        ir.Branch(Condition.GreaterOrEqual, place, PythonCodeRecord.TextCapacity, outside, inside);
        ir.MoveTo(inside);
        var size = ir.Load(Size.Word, new IrAddress(record, CharacterSize));
        var character = ir.Function.NewRegister();
        var bytes = text + PythonCodeRecord.TextBytes;
        ir.Branch(Condition.Equal, size, 1, one, more);
        ir.MoveTo(one);
        ir.Add(new IrLoad(character, Size.Byte, new IrAddress(ir.Arithmetic(IrOperation.Add, record, place), bytes)));
        ir.Jump(loaded);
        ir.MoveTo(more);
        ir.Branch(Condition.Equal, size, 2, two, four);
        ir.MoveTo(two);
        var offset = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftLeft, place, 1), PythonCodeRecord.TextCapacity - 1);
        ir.Add(new IrLoad(character, Size.Half, new IrAddress(ir.Arithmetic(IrOperation.Add, record, offset), bytes)));
        ir.Jump(loaded);
        ir.MoveTo(four);
        var wide = ir.Arithmetic(IrOperation.And, ir.Arithmetic(IrOperation.ShiftLeft, place, 2), PythonCodeRecord.TextCapacity - 1);
        ir.Add(new IrLoad(character, Size.Word, new IrAddress(ir.Arithmetic(IrOperation.Add, record, wide), bytes)));
        ir.Jump(loaded);
        ir.MoveTo(loaded);
        return character;
    }
}
