using Sonde.Python.Stacks;
using Xunit;

namespace Sonde.Tests.Stacks;

public sealed class StackReaderTests
{
    readonly PaperPython _python = new();
    readonly ulong _module, _f, _g;

    public StackReaderTests()
    {
        _module = _python.Function("<module>", "f", "g");
        _f = _python.Function("f", "h");
        _g = _python.Function("g", "h");
    }

    [Fact]
    public void Finds_the_thread_and_its_frames()
    {
        _python.Run((_module, 3), (_g, 1));

        Assert.Equal(new ThreadRecord(0x10_1000, 0x10_0400, 0, 0x7000_0000, 4242), _python.Thread);
        Assert.Equal(StackReadResult.Verified, _python.Read(out var stack));
        Assert.Equal("g:2 <module>:3", stack);
    }

    [Fact]
    public void A_known_thread_costs_one_reading()
    {
        _python.Run((_module, 3), (_g, 1));
        List<RawFrame> frames = [];
        var thread = _python.Thread;
        // How long readings take is learned, and so long as some take longer than others they are doubted.
        for (var i = 0; i < 10_000; i++)
        {
            var before = _python.Readings;
            Assert.Equal(StackReadResult.Verified, _python.Reader.Read(thread, frames));
            if (_python.Readings == before + 1)
            {
                return;
            }
        }

        Assert.Fail("It was always read more than once.");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_stack_that_goes_up_and_down_is_always_the_one_that_is_there(int seed)
    {
        var random = new Random(seed);
        ulong[] functions = [_python.Function("p", "p", "q"), _python.Function("q", "p", "q")];
        var module = _python.Function("<module>", "p", "q");
        // The function at each depth, the line it is at, and whether C code called it.
        List<(int Function, int Line, bool FromC)> stack = [(-1, 2, false)];
        List<RawFrame> frames = [];
        for (var i = 0; i < 2000; i++)
        {
            var innermost = stack[^1];
            switch (random.Next(4))
            {
                case 0 when stack.Count > 1:
                    stack.RemoveAt(stack.Count - 1);
                    break;
                case 1:
                    stack[^1] = innermost with { Line = random.Next(2, 4) };
                    break;
                default:
                    if (stack.Count < 40)
                    {
                        stack.Add((innermost.Line - 2, random.Next(2, 4), random.Next(4) == 0));
                    }

                    break;
            }

            _python.Run([.. stack.Select(frame => (frame.Function < 0 ? module : functions[frame.Function], frame.Line))]);
            for (var depth = 1; depth < stack.Count; depth++)
            {
                if (stack[depth].FromC)
                {
                    _python.CallFromC(depth);
                }
            }

            Assert.Equal(StackReadResult.Verified, _python.Reader.Read(_python.Thread, frames, budgetNs: 10_000_000_000));
            Assert.Equal(
                stack.AsEnumerable().Reverse().Select((frame, index) => (frame.Function < 0 ? module : functions[frame.Function], frame.Line, frame.FromC || index == stack.Count - 1)),
                frames.Select(frame => (frame.Code, LineOf(frame), frame.CalledFromC)));
        }

        int LineOf(RawFrame frame) => _python.Codes.TryGet(frame.Code, out var code) ? code.Locate(frame.InstructionOffsetBytes)!.Value.Line : 0;
    }

    [Fact]
    public void Another_code_object_in_the_place_of_a_caller_is_noticed()
    {
        _python.Run((_module, 3), (_g, 1));
        Assert.Equal(StackReadResult.Verified, _python.Read(out _));
        var other = _python.Function("other", "h");
        _python.Bytes.Slice((int)(other - 0x10_0000), 192 + 20).CopyTo(_python.Bytes[(int)(_g - 0x10_0000)..]);
        Thread.Sleep(CodeTable.RecheckAfterMs + 20);

        // It is called by a line that calls g, and no look proves otherwise.
        Assert.Equal(StackReadResult.Changed, _python.Read(out _));
    }

    [Fact]
    public void What_is_asked_for_beside_a_thread_comes_with_it()
    {
        _python.Run((_module, 3), (_g, 1));
        List<RawFrame> frames = [];
        var thread = _python.Thread;
        var place = (PaperPython.FrameAt(50), 8);
        for (var i = 1; i <= 50; i++)
        {
            _python.Bytes[(int)(place.Item1 - 0x10_0000)] = (byte)i;
            Assert.Equal(StackReadResult.Verified, _python.Reader.Read(thread, frames, budgetNs: 10_000_000_000, beside: place));
            Assert.Equal((ulong)i, BitConverter.ToUInt64(_python.Reader.Beside.Span));
        }

        Assert.Equal(StackReadResult.Verified, _python.Reader.Read(thread, frames, budgetNs: 10_000_000_000));
        Assert.True(_python.Reader.Beside.IsEmpty);
    }

    [Fact]
    public void A_callee_that_was_there_before_is_not_shown()
    {
        // The module is at the call of g, but the frame above it still is that of f.
        _python.Run((_module, 3), (_f, 1));

        Assert.Equal(StackReadResult.Changed, _python.Read(out var stack));
        Assert.Equal("", stack);
        Assert.Equal(_f, _python.Reader.ChangedIn);
    }

    [Fact]
    public void What_nothing_proves_is_believed_of_a_thread_that_sleeps()
    {
        _python.Run((_module, 3), (_f, 1));

        Assert.Equal(StackReadResult.Verified, _python.Read(out var stack, isAsleep: true));
        Assert.Equal("f:2 <module>:3", stack);
    }

    [Fact]
    public void What_nothing_proves_is_believed_of_a_thread_that_turns_out_to_have_slept()
    {
        _python.Run((_module, 3), (_f, 1));
        var readings = 0;

        Assert.Equal(StackReadResult.Changed, _python.Read(out _, hasSlept: () => false));
        Assert.True(_python.Reader.IsUncertain, "it looked the same all the time");
        Assert.Equal(StackReadResult.Verified, _python.Read(out var stack, budgetNs: 0, hasSlept: () =>
        {
            readings = _python.Readings;
            return true;
        }));
        Assert.Equal("f:2 <module>:3", stack);
        Assert.False(_python.Reader.IsUncertain, "it is believed");
        Assert.Equal(readings, _python.Readings);
    }

    [Fact]
    public void A_thread_that_was_seen_to_go_on_is_not_taken_for_one_that_looked_the_same()
    {
        var turn = 0;
        _python.Run((_module, 3), (_f, 1));
        _python.BeforeReading = () => _python.SetFrame(0, _module, turn++ % 2 == 0 ? 1 : 3);

        Assert.Equal(StackReadResult.Changed, _python.Read(out _));
        Assert.False(_python.Reader.IsUncertain, "it went on from each look to the next");
    }

    [Fact]
    public void A_loop_is_never_shown_in_a_state_it_was_not_in()
    {
        // Frame by frame as the interpreter does it; at every second reading the callee is that of the call before.
        var turn = 0;
        _python.Run((_module, 2), (_f, 1));
        _python.BeforeReading = () =>
        {
            turn++;
            _python.SetFrame(0, _module, turn / 2 % 2 == 0 ? 2 : 3);
            _python.SetFrame(1, (turn + 1) / 2 % 2 == 0 ? _f : _g, 1);
        };

        HashSet<string> seen = [];
        for (var i = 0; i < 300; i++)
        {
            if (_python.Read(out var stack) == StackReadResult.Verified)
            {
                seen.Add(stack);
            }
        }

        Assert.Subset(new HashSet<string> { "f:2 <module>:2", "g:2 <module>:3" }, seen);
        Assert.NotEmpty(seen);
    }

    [Fact]
    public void A_frame_in_another_function_than_its_code_is_not_shown()
    {
        _python.Run((_module, 2), (_f, 1));
        // The instruction pointer is still in f.
        var frame = PaperPython.FrameAt(1);
        BitConverter.TryWriteBytes(_python.Bytes[(int)(frame - 0x10_0000)..], _g);

        Assert.Equal(StackReadResult.Changed, _python.Read(out _));
    }

    [Fact]
    public void A_chain_that_ends_before_the_threads_beginning_is_not_shown()
    {
        _python.Run((_module, 2), (_f, 1));
        _python.SetCaller(1, 0);

        Assert.Equal(StackReadResult.Changed, _python.Read(out _));
    }

    [Fact]
    public void A_ring_of_frames_ends()
    {
        _python.Run((_module, 2), (_f, 2), (_f, 1));
        _python.SetCaller(1, PaperPython.FrameAt(2));

        Assert.Equal(StackReadResult.Changed, _python.Read(out _));
    }

    [Fact]
    public void A_thread_that_has_ended_cannot_be_read()
    {
        _python.Run((_module, 2));
        var thread = _python.Thread;
        _python.EndThread();

        Assert.Equal(StackReadResult.Unreadable, _python.Reader.Read(thread, []));
    }

    [Fact]
    public void A_code_object_that_took_anothers_place_is_decoded_anew()
    {
        Assert.True(_python.Codes.TryGet(_f, out var before));
        Assert.Equal("f", before.Function);
        _python.Bytes.Slice((int)(_g - 0x10_0000), 192).CopyTo(_python.Bytes[(int)(_f - 0x10_0000)..]);

        var due = Environment.TickCount64 + CodeTable.RecheckAfterMs;
        Assert.True(SpinWait.SpinUntil(() => Environment.TickCount64 > due, TimeSpan.FromSeconds(60)));

        Assert.True(_python.Codes.TryGet(_f, out var after));
        Assert.Equal("g", after.Function);
    }

    [Fact]
    public void Damaged_memory_harms_nobody()
    {
        _python.Run((_module, 2), (_f, 2), (_g, 1));
        var whole = _python.Bytes.ToArray();
        var random = new Random(7);
        for (var i = 0; i < 2_000; i++)
        {
            whole.CopyTo(_python.Bytes);
            for (var damage = random.Next(1, 6); damage > 0; damage--)
            {
                _python.Bytes[random.Next(0x1_0000)] = (byte)random.Next(256);
            }

            foreach (var thread in _python.Runtime.ReadThreads())
            {
                List<RawFrame> frames = [];
                _python.Reader.Read(thread, frames, budgetNs: 20_000, isAsleep: i % 2 == 0);
                foreach (var frame in frames)
                {
                    _python.Codes.TryGet(frame.Code, out _);
                }

                _python.Runtime.ReadGil(thread.Interpreter);
                _python.Runtime.ReadException(thread);
                new ThreadNames(_python.Runtime).Read(thread.Interpreter);
            }
        }
    }
}
