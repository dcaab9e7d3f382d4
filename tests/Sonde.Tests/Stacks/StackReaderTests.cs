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
