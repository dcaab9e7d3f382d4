using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Xunit;

namespace Sonde.Kernel.Tests.Script.Ir;

public class IrProgramTests
{
    [Fact]
    public void Compiled_programs_run()
    {
        IrFunction main = new("main", 1);
        IrBuilder builder = new(main);
        StackSlot sum = main.NewSlot("sum", 8);
        BasicBlock loop = builder.NewBlock("loop");
        BasicBlock end = builder.NewBlock("end");
        builder.Store(Size.Double, new IrAddress(sum), 0);
        VirtualRegister i = builder.Constant(0);
        List<VirtualRegister> kept = [.. Enumerable.Range(0, 8).Select(_ => builder.Call(Helper.GetCurrentPidTgid))];
        builder.Jump(loop);
        builder.MoveTo(loop);
        VirtualRegister old = builder.Load(Size.Double, new IrAddress(sum));
        builder.Store(Size.Double, new IrAddress(sum), builder.Arithmetic(IrOperation.Add, old, i));
        builder.Move(i, builder.Arithmetic(IrOperation.Add, 1, i));
        builder.Call(Helper.GetPrandomU32);
        builder.Branch(Condition.Less, i, 10, loop, end);
        builder.MoveTo(end);
        VirtualRegister result = builder.Load(Size.Double, new IrAddress(sum));
        foreach (VirtualRegister register in kept)
        {
            VirtualRegister same = builder.Call(Helper.GetCurrentPidTgid);
            builder.Move(result, builder.Arithmetic(IrOperation.Add, result, builder.Arithmetic(IrOperation.Subtract, same, register)));
        }

        builder.Return(result);
        Assert.Equal(45u, Run(main));
    }

    static uint Run(IrFunction main)
    {
        IrProgram ir = new("test");
        ir.Functions.Add(main);
        using Program program = Program.Load(new ProgramSpec
        {
            Name = "sonde_ir",
            Type = ProgramType.RawTracepoint,
            Instructions = IrCompiler.Compile(ir, TargetKernel.Newest),
        });
        return program.TestRun();
    }
}
