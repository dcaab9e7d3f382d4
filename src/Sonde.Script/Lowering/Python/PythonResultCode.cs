using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Sites;
using Sonde.Script.Ir;

namespace Sonde.Script.Lowering.Python;

/// <summary>Writes what finds the object that a function returns, at the sites where frames are left.</summary>
/// <param name="ir">Where it is written.</param>
/// <param name="layout">The interpreter's layout.</param>
/// <param name="values">The interpreter's layout.</param>
/// <param name="context">The registers.</param>
/// <param name="word">8 bytes to read to.</param>
sealed class PythonResultCode(IrBuilder ir, CallLayout layout, ValueLayout values, VirtualRegister context, StackSlot word)
{
    const byte Rsi = 6;
    const byte Rdx = 2;

    /// <summary>Whether frames are left at a site in some way, and which frame it is can be told there.</summary>
    public static bool Leaves(ProbeSite site, ExitReasons reason, CallLayout layout) =>
        site.Kind == SiteKind.Exit && (site.Reasons == ExitReasons.None || site.Reasons.HasFlag(reason)) && (site.Frame is not null || site.Current == CurrentFrame.Dying || FrameIsArgument(site, layout));

    /// <summary>
    /// At the call of <c>_PyEval_FrameClearAndPop(tstate, frame)</c> (3.12 and later) the frame that is left is the second argument; that its caller is
    /// the frame returned to is checked at each hit.
    /// </summary>
    public static bool FrameIsArgument(ProbeSite site, CallLayout layout) =>
        site is { Frame: null, Current: CurrentFrame.Parent, ParentFrame: not null } && layout.FrameOwner is not null && IsCall(site);

    static bool IsCall(ProbeSite site) => site.Bytes.Span is [0xe8, ..];

    /// <summary>
    /// The object a function returns. Up to 3.10 it is an argument of the call the probe is at; else it still lies at the bottom of the value stack,
    /// from where the interpreter has just taken it; and in 3.12 and 3.13 a constant is returned straight from the code object.
    /// </summary>
    /// <param name="site">Where the frame is left.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="code">The code object it runs.</param>
    /// <param name="instruction">Writes what loads the address of the frame's instruction.</param>
    public VirtualRegister Write(ProbeSite site, VirtualRegister frame, VirtualRegister code, Func<VirtualRegister> instruction)
    {
        if (!layout.NamesAreQualified && IsCall(site))
        {
            // _Py_CheckFunctionResult(callable, result, where) of 3.6 to 3.8; (tstate, callable, result, where) of 3.9 and 3.10.
            var register = values.CheckedResultIsThird ? Rdx : Rsi;
            return ir.Load(Size.Double, new IrAddress(context, PtRegs.Offset(register)));
        }

        var result = ir.Constant(0);
        var (stack, got) = (ir.NewBlock("on_stack"), ir.NewBlock("got_result"));
        if (values.ReturnConstantOpcodes.Count > 0)
        {
            ReadOrZero(2, instruction());
            var opcode = ir.Load(Size.Byte, new IrAddress(word));
            var constant = ir.NewBlock("constant");
            foreach (var number in values.ReturnConstantOpcodes)
            {
                var other = ir.NewBlock("other_opcode");
                ir.Branch(Condition.Equal, opcode, number, constant, other);
                ir.MoveTo(other);
            }

            ir.Jump(stack);
            ir.MoveTo(constant);
            var place = ir.Arithmetic(IrOperation.ShiftLeft, ir.Load(Size.Byte, new IrAddress(word, 1)), 3);
            ReadOrZero(8, ir.Arithmetic(IrOperation.Add, code, values.CodeConstants));
            ReadOrZero(8, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, ir.Load(Size.Double, new IrAddress(word)), values.TupleItems), place));
            ir.Move(result, ir.Load(Size.Double, new IrAddress(word)));
            ir.Jump(got);
        }
        else
        {
            ir.Jump(stack);
        }

        ir.MoveTo(stack);
        if (values.FrameValueStack is { } field)
        {
            ReadOrZero(8, ir.Arithmetic(IrOperation.Add, frame, field));
            ReadOrZero(8, ir.Load(Size.Double, new IrAddress(word)));
        }
        else
        {
            ReadOrZero(4, ir.Arithmetic(IrOperation.Add, code, values.CodeVariableCount));
            var variables = ir.Arithmetic(IrOperation.ShiftLeft, ir.Load(Size.Word, new IrAddress(word)), 3);
            ReadOrZero(8, ir.Arithmetic(IrOperation.Add, ir.Arithmetic(IrOperation.Add, frame, values.FrameLocals), variables));
        }

        ir.Move(result, Untag(ir, values, ir.Load(Size.Double, new IrAddress(word))));
        ir.Jump(got);
        ir.MoveTo(got);
        return result;
    }

    /// <summary>A slot's content as an address: without its tag; 0 where it is a number or nothing.</summary>
    public static VirtualRegister Untag(IrBuilder ir, ValueLayout values, VirtualRegister slot)
    {
        if (values.SlotTagMask == 0)
        {
            return slot;
        }

        var result = ir.Copy(slot);
        var (tagged, untagged, number) = (ir.NewBlock("tagged"), ir.NewBlock("untagged"), ir.NewBlock("number"));
        ir.Branch(Condition.Equal, ir.Arithmetic(IrOperation.And, slot, values.SlotTagMask), values.SlotTagMask, number, tagged);
        ir.MoveTo(number);
        ir.Move(result, 0);
        ir.Jump(untagged);
        ir.MoveTo(tagged);
        ir.Move(result, ir.Arithmetic(IrOperation.And, result, ~values.SlotTagMask));
        ir.Jump(untagged);
        ir.MoveTo(untagged);
        return result;
    }

    void ReadOrZero(int size, VirtualRegister from)
    {
        ir.Store(Size.Double, new IrAddress(word), 0);
        ir.Add(new IrCallHelper(null, Helper.ProbeReadUser, [word, size, from]));
    }
}
