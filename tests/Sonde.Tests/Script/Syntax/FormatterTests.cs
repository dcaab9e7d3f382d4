using System.Runtime.CompilerServices;
using Sonde.Script.Syntax;
using Sonde.Tests.Script.Fuzz;
using Xunit;

namespace Sonde.Tests.Script.Syntax;

/// <summary>Scripts laid out anew: what they mean stays, and so does every comment.</summary>
public sealed class FormatterTests
{
    const string Crowded = """
        #!/usr/bin/env sonde
        // What it is for.
        #include <linux/sched.h>
        #define LIMIT \
           3
        struct pair { int a;   char b[4]; };
        config = { max_strlen=128; stack_mode=perf }
        let @m=hash(100);
        macro add($a,b) { $a+b }
        fn twice($a:int64):int64{return $a*2;}
        BEGIN{printf("hi %d\n",1);@a[1,2]=count();if(pid==1){print(1);}else if pid == 2 {print(2)} else{print(3);} /* so */ }



        tracepoint:syscalls:sys_enter_open  ,
        tracepoint:syscalls:sys_enter_openat /* both */
          /pid==3&&comm=="x/y"/ { // behind
          $x=(1,2);let $y:uint64=5;
          $s=(struct pair *)arg0;

          // on its own
          while($y<LIMIT){$y++;--$y;unroll(3){print($y)}}
          for ($kv:@a){print($kv.0);}
          for $i:0..10{@=hist($i,3)}
          @b[comm]=args->filename!=0?str(args->filename):"x";
          delete(@a[1,2]);$s->a;-$x.0;!$y;*(uint8*)arg1;~$y&&-$y; $z=$y-(int8)-1; &$s;
          $r=(a=1,b="q"); $v=$y ?: 2; $w = sizeof(struct pair *) * $y[0];
          $e = { let $q=1; $q+1 };
          printf("a long line that goes on %s %s %d %d\n", comm, str(args->filename), pid, tid, nsecs, elapsed, cpu);
        }
        uprobe:/bin/sh:main,usdt:./a:b:c{}
        END{clear(@a)}
        """;

    static readonly string[] _files = [.. Directory.EnumerateFiles(Tools(), "*.bt", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    [Fact]
    public void A_crowded_script_gets_room() => Golden.Check("formatted.txt", Format(Crowded));

    [Fact]
    public void What_is_laid_out_stays_so()
    {
        var once = Format(Crowded);
        Assert.Equal(once, Format(once));
    }

    [Fact]
    public void The_tools_mean_what_they_meant()
    {
        Assert.NotEmpty(_files);
        Assert.All(_files, file => Format(File.ReadAllText(file)));
    }

    [Fact]
    public void Generated_programs_mean_what_they_meant()
    {
        for (var seed = 0; seed < FuzzSize.Or(800); seed++)
        {
            var program = new ScriptGenerator(seed).Program();
            var once = Format(program);
            Assert.True(once == Format(once), $"seed {seed}:\n{program}");
        }
    }

    /// <summary>Characters at random places: whatever is no error is laid out, or said to be beyond that.</summary>
    [Fact]
    public void Spoilt_programs_end()
    {
        for (var seed = 0; seed < FuzzSize.Or(1500); seed++)
        {
            var diagnostics = new DiagnosticBag();
            var program = new ScriptMutator(seed).Spoil(new ScriptGenerator(seed % 300).Program(), Crowded);
            var text = ScriptFormatter.Format(new SourceText("stdin", program), new ParseOptions(), diagnostics);
            Assert.Equal(text is null, diagnostics.HasErrors);
        }
    }

    [Fact]
    public void Errors_are_told_and_nothing_is_written()
    {
        var diagnostics = new DiagnosticBag();
        Assert.Null(ScriptFormatter.Format(new SourceText("stdin", "begin { print( }"), new ParseOptions(), diagnostics));
        Assert.StartsWith("stdin:1:", diagnostics.Render(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_hides_a_brace_is_said_to()
    {
        var diagnostics = new DiagnosticBag();
        Assert.Null(ScriptFormatter.Format(new SourceText("stdin", "#define CLOSE }\nbegin { print(1); CLOSE\ntracepoint:a:b { print(2); CLOSE"), new ParseOptions(), diagnostics));
        Assert.Contains("#define", diagnostics.Render(), StringComparison.Ordinal);
    }

    static string Format(string program)
    {
        var diagnostics = new DiagnosticBag();
        var text = ScriptFormatter.Format(new SourceText("stdin", program), new ParseOptions(), diagnostics);
        return text ?? throw new InvalidOperationException($"{program}\n{diagnostics.Render()}");
    }

    static string Tools([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "..", "tools");
}
