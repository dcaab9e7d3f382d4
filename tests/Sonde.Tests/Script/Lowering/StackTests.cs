using System.Text;
using Sonde.Bpf;
using Sonde.Script.Binding;
using Sonde.Script.Ir;
using Sonde.Script.Lowering;
using Sonde.Tests.Script.Fuzz;
using Xunit;

namespace Sonde.Tests.Script.Lowering;

/// <summary>However many values a program makes, they fit the stack: those that are not needed at the same time share it, and what does not fit goes elsewhere.</summary>
public sealed class StackTests
{
    public static TheoryData<string, string> Programs => new()
    {
        {
            "a short loop, written in place, with many values in each turn",
            $"begin {{ for ($i : 0..2) {{ {Repeat(12, i => $"@m{i % 3}[(int64)$i, (int64){i}, comm] = max((@a[(int64){i}, (int64)$i], \"text\").0 & @a[(int64)$i, (int64){i}]);")} }} @a[1, 2] = 3; }}"
        },
        { "loops in loops", Nested(6, "@a[(int64)$v0, (int64)$v5, comm] = (nsecs, \"a text\", (int64)pid); printf(\"%s %d %d %s\", comm, nsecs, $v3, \"text\");") },
        {
            "loops in loops that keep values of every turn",
            Nested(6, "@s = $t0; printf(\"%d\", $t5.1);", i => $"$t{i} = (comm, (int64)$v{i}, (int64)nsecs, \"some text\"); @m{i}[$t{i}, comm] = count();")
        },
        { "more numbers than registers, and texts", $"begin {{ {Repeat(40, i => $"$n{i} = nsecs + {i};")} @m[comm, \"a longer text than most\", $n1] = sum($n2); {Repeat(40, i => $"@n[{i}] = $n{i};")} }}" },
        {
            "more numbers than registers in loops in loops",
            Nested(5, $"{Repeat(30, i => $"$n{i} = nsecs + {i};")} {Repeat(30, i => $"@n[{i}, comm] = $n{i};")}", i => $"@m{i}[(int64)$v{i}, comm, \"text\"] = count();")
        },
    };

    [Theory]
    [MemberData(nameof(Programs))]
    public void Everything_fits(string shape, string program)
    {
        foreach (TargetKernel kernel in new[] { TargetKernel.Newest, OldKernels.Linux515 })
        {
            Assert.True(Lowerer.Lower(Texts.Bind(program), kernel).Programs.All(compiled => compiled.Instructions.Count > 0), shape);
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void The_representation_that_is_shown_is_the_one_that_is_compiled(string shape, string program)
    {
        foreach (TargetKernel kernel in new[] { TargetKernel.Newest, OldKernels.Linux515 })
        {
            IEnumerable<string> compiled = Lowerer.Lower(Texts.Bind(program), kernel).Programs.Select(each => Listing(each.Instructions));
            IEnumerable<string> shown = Lowerer.WriteAsLowered(Texts.Bind(program), kernel).Select(each => Listing(IrCompiler.Compile(each, kernel)));
            Assert.True(compiled.SequenceEqual(shown), shape);
        }
    }

    [Fact]
    public void So_it_is_where_a_program_is_written_again_to_spare_the_stack()
    {
        // Numbers that are kept across many calls have a place on the stack each; at some number the tuples beside them find none.
        List<int> writtenAgain = [];
        for (int numbers = 10; numbers <= 56; numbers += 2)
        {
            string program = $"begin {{ {Repeat(6, i => $"$t{i} = (comm, nsecs, (int64){i});")} {Repeat(numbers, i => $"$n{i} = nsecs + {i};")} {Repeat(6, i => $"@t{i}[$t{i}] = $n{i};")} {Repeat(numbers, i => $"@n[{i}] = $n{i};")} }}";
            bool fits = Record.Exception(() => Lowerer.Write(Texts.Bind(program), TargetKernel.Newest).Programs.Select(each => each.Compile(TargetKernel.Newest)).ToList()) is null;
            if (!fits && Record.Exception(() => Lowerer.Lower(Texts.Bind(program), TargetKernel.Newest)) is null)
            {
                writtenAgain.Add(numbers);
                Assert.Equal(
                    Lowerer.Lower(Texts.Bind(program), TargetKernel.Newest).Programs.Select(each => Listing(each.Instructions)),
                    Lowerer.WriteAsLowered(Texts.Bind(program), TargetKernel.Newest).Select(each => Listing(IrCompiler.Compile(each, TargetKernel.Newest))));
            }
        }

        Assert.NotEmpty(writtenAgain);
    }

    static string Listing(IReadOnlyList<Instruction> instructions)
    {
        using StringWriter writer = new();
        Disassembler.Print(instructions, writer);
        return writer.ToString();
    }

    static string Nested(int depth, string innermost, Func<int, string>? before = null)
    {
        StringBuilder text = new("begin { ");
        for (int i = 0; i < depth; i++)
        {
            text.Append($"for ($v{i} : 0..(int64)ncpus) {{ {before?.Invoke(i)} ");
        }

        return text.Append(innermost).Append(' ').Append('}', depth + 1).ToString();
    }

    static string Repeat(int count, Func<int, string> statement) => string.Join(" ", Enumerable.Range(0, count).Select(statement));
}
