using Iced.Intel;
using Sonde.Python.Sites;
using Xunit;

namespace Sonde.Tests.Python;

public class AbstractStateTests
{
    const byte Rax = 0, Rcx = 1, Rdx = 2, Rbx = 3, Rsp = 4, Rsi = 6, Rdi = 7;
    static readonly Value _thread = new(Roles.ThreadState);

    static readonly EvalLoopConstants _constants = EvalLoopConstants.Of(14)!;

    [Theory]
    [InlineData("4889f8", "rax")] // mov rax, rdi
    [InlineData("89f8", "")] // mov eax, edi: half a pointer is none
    [InlineData("8cd8", "")] // mov eax, ds
    [InlineData("57 58", "rax")] // push rdi; pop rax
    [InlineData("48897c2408 488b442408", "rax [rsp+8]")] // mov [rsp+8], rdi; mov rax, [rsp+8]
    [InlineData("48897c2408 c744240c00000000 488b442408", "")] // the same, half overwritten between
    [InlineData("48897c2408 660fef c0 0f29442400", "")] // the same, overwritten by sixteen bytes at [rsp]
    [InlineData("48897c2408 4883ec10 488b442418", "rax [rsp+24]")] // the slot is where it was when rsp moves
    [InlineData("488d07", "rax")] // lea rax, [rdi]
    [InlineData("488d4701", "")] // lea rax, [rdi+1]
    [InlineData("4889f8 480f44c3", "")] // mov rax, rdi; cmove rax, rbx
    [InlineData("4889f8 b001", "")] // mov rax, rdi; mov al, 1
    [InlineData("4889f8 e800000000", "")] // mov rax, rdi; call: rdi and rax are the callee's
    [InlineData("4889fb e800000000", "rbx")] // mov rbx, rdi; call: rbx is kept
    [InlineData("4887f8 4887f8", "")] // xchg rax, rdi, twice
    public void Follows_the_thread_state(string code, string expected)
    {
        var state = new Transfer(_constants).AtStart();
        state[Rsp] = new(Roles.StackAddress, -64);
        Run(state, code);
        Assert.Equal(expected, string.Join(' ', state.Locations(Roles.ThreadState).Select(location => location.ToString()).Where(name => name != "rdi")));
    }

    [Theory]
    [InlineData("83472801", "")] // add dword [rdi+40], 1: another field
    [InlineData("83473001", "+1")] // add dword [rdi+48], 1
    [InlineData("832f01", "")] // sub dword [rdi], 1
    [InlineData("836f3001", "-1")] // sub dword [rdi+48], 1
    [InlineData("ff4730", "+1")] // inc dword [rdi+48]
    [InlineData("8b4730 83e801 894730", "-1")] // mov eax, [rdi+48]; sub eax, 1; mov [rdi+48], eax
    [InlineData("8b4730 8d5001 895730", "+1")] // mov eax, [rdi+48]; lea edx, [rax+1]; mov [rdi+48], edx
    [InlineData("8b4730 836f3001 894730", "-1 +1")] // the old value is one more than the lowered counter
    [InlineData("894730", "lost")] // mov [rdi+48], eax
    [InlineData("0f114728", "lost")] // movups [rdi+40], xmm0 covers it
    public void Follows_the_recursion_counter(string code, string expected)
    {
        var events = Run(new Transfer(_constants).AtStart(), code).Select(happened => happened.Kind switch
        {
            EventKind.CounterLost => "lost",
            EventKind.CounterStored => happened.Deltas == Deltas.Of(1) ? "+1" : happened.Deltas == Deltas.Of(-1) ? "-1" : "?",
            _ => "",
        });
        Assert.Equal(expected, string.Join(' ', events.Where(name => name.Length > 0)));
    }

    [Fact]
    public void A_copy_made_before_the_store_is_the_current_frame_too()
    {
        var state = new Transfer(_constants).AtStart();
        Run(state, "4889d0 48895748"); // mov rax, rdx; mov [rdi+72], rdx
        Assert.Equal([new ValueLocation(Rax), new ValueLocation(Rdx)], state.Locations(Roles.CurrentFrame));
        Run(state, "48895f48"); // mov [rdi+72], rbx
        Assert.Equal([new ValueLocation(Rbx)], state.Locations(Roles.CurrentFrame));
        Assert.Equal([new ValueLocation(Rax), new ValueLocation(Rdx)], state.Locations(Roles.ReplacedFrame));
    }

    [Fact]
    public void Registers_equal_on_both_paths_are_equal_where_the_paths_meet()
    {
        AbstractState left = new(), right = new();
        left.Copy(Rbx, Rax);
        left.Copy(Rax, Rcx);
        right[Rax] = right[Rcx] = new(Roles.FrameArgument);
        right.Copy(Rsi, Rbx);

        Assert.True(left.MeetWith(right));
        Assert.Equal(new Value(Roles.Copy, Rax), left[Rax]);
        Assert.Equal(left[Rax], left[Rcx]);
        Assert.Equal(default, left[Rbx]);
        Assert.False(left.MeetWith(right));
    }

    [Fact]
    public void The_last_of_several_equal_registers_needs_no_name()
    {
        var state = new AbstractState();
        state.Copy(Rax, Rbx);
        state.Copy(Rax, Rcx);
        state[Rax] = _thread;
        Assert.Equal((new Value(Roles.Copy, Rcx), new Value(Roles.Copy, Rcx)), (state[Rbx], state[Rcx]));
        state[Rcx] = default;
        Assert.Equal(default, state[Rbx]);
    }

    [Fact]
    public void Meeting_keeps_only_what_both_say()
    {
        AbstractState left = new(), right = new();
        left[Rax] = right[Rax] = _thread;
        left[Rbx] = _thread;
        left[Rdi] = new(Roles.Counter, Deltas.Of(0));
        right[Rdi] = new(Roles.Counter, Deltas.Of(1));
        left.SetSlot(-8, _thread, 8);
        left.SetSlot(-24, _thread, 8);
        right.SetSlot(-24, _thread, 8);
        left.History = Histories.Start;
        right.History = Histories.Raised(Histories.Dispatched);

        Assert.True(left.MeetWith(right));
        Assert.Equal((_thread, default), (left[Rax], left[Rbx]));
        Assert.Equal(Deltas.Of(0) | Deltas.Of(1), left[Rdi].Number);
        Assert.Equal([new Slot(-24, _thread)], left.Slots.ToArray());
        Assert.Equal(Histories.Start | right.History, left.History);
    }

    [Fact]
    public void Leaving_a_frame_takes_two_steps_in_any_order()
    {
        var raisedFirst = Histories.CurrentStored(Histories.Raised(Histories.Dispatched));
        var poppedFirst = Histories.Raised(Histories.CurrentStored(Histories.Dispatched));
        Assert.Equal(History.LeaveDone, raisedFirst & History.LeaveStates);
        Assert.Equal(History.LeaveDone, poppedFirst & History.LeaveStates);
        Assert.Equal(History.LeaveNotBegun, Histories.Lowered(poppedFirst) & History.LeaveStates);
    }

    static List<Event> Run(AbstractState state, string code)
    {
        var decoder = Decoder.Create(64, Convert.FromHexString(code.Replace(" ", "", StringComparison.Ordinal)));
        var factory = new InstructionInfoFactory();
        var transfer = new Transfer(_constants);
        List<Event> events = [];
        foreach (var instruction in decoder)
        {
            events.Add(transfer.Apply(state, Effect.Of(instruction, factory)));
        }

        return events;
    }
}
