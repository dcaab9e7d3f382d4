using System.Globalization;

namespace Sonde.Tests.Script.Fuzz;

/// <summary>What everyday programs seldom use. A map that is named here always has the same type.</summary>
sealed partial class ScriptGenerator
{
    const string Structures =
        "struct generated { int a; unsigned long b; char name[16]; struct { int x; int y; } inner; unsigned int low:3; int middle:5; unsigned long high:40; short list[4]; struct generated *next; unsigned char grid[2][3]; };";

    static readonly string[] _aggregates = ["count()", "sum((int64){0})", "min((int64){0})", "max((int64){0})", "avg((int64){0})", "stats((int64){0})", "hist((int64){0})", "hist((int64){0}, 2)", "lhist((int64){0}, 0, 1000, 100)", "tseries((int64){0}, 1s, 4)"];

    void Rare(int depth)
    {
        switch (_random.Next(depth > 0 ? 12 : 9))
        {
            case 0 when _probe.Statements.Count > 0 && _loops == 0:
                Line($"{{ {_probe.Statements[_random.Next(_probe.Statements.Count)]} }}");
                break;
            case 0 or 1:
                Line(StructuredMap());
                break;
            case 2 or 3:
                Line(TextStatement());
                break;
            case 4:
                Line(MemoryStatement());
                break;
            case 5:
                Line(ArithmeticStatement());
                break;
            case 6:
                Line(OutputStatement());
                break;
            case 7:
                Aggregate();
                break;
            case 8:
                Line(MapFunction());
                break;
            case 9:
                NestedLoops(depth);
                break;
            case 10:
                While(depth);
                break;
            default:
                OverMap(depth);
                break;
        }
    }

    string StructuredMap() => _random.Next(12) switch
    {
        0 => $"@tuple[((int64){Leaf()}, ({Builtin()}, comm))] = count();",
        1 => $"@record[(x=(int64){Leaf()}, y=comm)] = (a=(int64){Leaf()}, b=({Builtin()}, {Builtin()}));",
        2 => $"@value[{Builtin()}] = ((int64){Leaf()}, (comm, (int64){Leaf()}));",
        3 => $"@value[1] = ((int64)1, (comm, (int64)2)); print(@value[{Builtin()}].1.0); @record[(x=(int64)1, y=comm)] = (a=(int64)1, b=({Builtin()}, {Builtin()})); print(@record[(x=(int64)1, y=comm)].b.1);",
        4 => $"@value[1] = ((int64)1, (comm, (int64)2)); $t = @value[{Builtin()}]; print($t.0); @value[{Builtin()}] = $t;",
        5 => "@stacks[kstack(3), comm] = count();",
        6 => "@stack = kstack; print(@stack); print(len(kstack(5)));",
        7 => $"@nested[(({Builtin()}, {Builtin()}), ({Builtin()}, (comm, {Builtin()})))] = lhist({Leaf()}, 0, 10, 1);",
        8 => $"@long[(comm, {String()}, {String()}, str($2))] = 1;",
        9 => $"if ((1, {Builtin()}, comm) == (1, {Builtin()}, \"sh\")) {{ @same = 1; }}",
        10 => $"@array[1] = (uint8[8])(uint64){Leaf()}; print(@array[1][{_random.Next(8)}]); print(@array[1][(uint64)nsecs]);",
        _ => $"@flag[{Boolean(1)}] = {Boolean(1)}; print(@flag[true]);",
    };

    string TextStatement() => _random.Next(16) switch
    {
        0 => $"@concat = str_concat({String()}, {String()});",
        1 => $"$s{_names++} = {Boolean(1)} ? {String()} : {String()};",
        2 => $"if (strncmp({String()}, {String()}, {_random.Next(1, 40)}) == 0) {{ @equal = 1; }}",
        3 => $"print(strlen({String()})); print(strcontains({String()}, {Pick("\"a\"", "comm", "\"longer than most\"")}));",
        4 => $"print(strstr({String()}, {String()}));",
        5 => $"@buffer[buf((uint64){Leaf()}, {_random.Next(1, 100)})] = 1;",
        6 => $"print(buf((uint64){Leaf()}, (uint64){Leaf()}));",
        7 => "@address = ntop((uint32)nsecs); print(ntop(pton(\"::1\"))); print(ntop(2, 0x0100007f));",
        8 => $"print(strftime(\"{Pick("%H:%M:%S", "%Y %f", "%s %%", "")}\", {Pick("nsecs", "elapsed", "(uint64)" + Leaf())}));",
        9 => $"print(macaddr((uint8[8])nsecs)); ",
        10 => $"@text[str($2)] = $1; print($#); print(str($3, 5));",
        11 => $"print(str((uint64){Leaf()}, (uint64){Leaf()}));",
        12 => $"print({Pick("ksym", "usym")}((uint64){Leaf()})); @symbol[ksym(nsecs)] = count();",
        13 => $"$c{_names} = comm; print($c{_names}[{_random.Next(16)}]); print($c{_names++}[(uint64)nsecs]);",
        14 => $"@cgroup[cgroup_path(cgroup)] = username; print(strerror({_random.Next(200)})); print(signal_name(9)); print(syscall_name({_random.Next(500)}));",
        _ => $"if ({String()} {Pick("==", "!=")} {String()}) {{ print({String()}); }}",
    };

    string MemoryStatement()
    {
        string address = Pick("(uint64)curtask", $"(uint64){Leaf()}", $"kptr((uint64){Leaf()})", $"uptr((uint64){Leaf()})");
        string name = NewName();
        return _random.Next(11) switch
        {
            0 => $"{name} = (struct generated *){address}; print({name}->low + {name}->middle); print({name}->high);",
            1 => $"print(((struct generated *){address})->inner.y); print(((struct generated *){address})->next->next->name);",
            2 => $"{name} = *(struct generated *){address}; print({name}.list[(uint64)nsecs]); print({name}.name);",
            3 => $"@struct = *(struct generated *){address}; print(@struct.middle); print(@struct);",
            4 => $"{name} = (int64){Leaf()}; {name}p = &{name}; print(*{name}p);",
            5 => $"print(curtask->pid); print(curtask->real_parent->comm); print(curtask->sched_contributes_to_load); print(ppid);",
            6 => $"{name} = (struct generated *){address}; print({name}->grid[1][{_random.Next(3)}]); print({name}->grid[0]); {name}++; print({name} + 2);",
            7 => $"@key[(*(struct generated *){address}).inner, 1] = sizeof(struct generated) + offsetof(struct generated, inner.y);",
            8 => $"print(*(uint16 *)({address} + {Leaf()})); print((uint8)(*(int32 *){address}));",
            9 => $"{name} = (struct generated *){address}; if ({name}->low == {_random.Next(8)} && {name} != 0) {{ @low[{name}->middle] = count(); }}",
            _ => $"print(memcmp((int8 *){address}, (int8 *){address}, {_random.Next(1, 100)}));",
        };
    }

    string ArithmeticStatement()
    {
        string name = NewName();
        string type = Pick("int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64");
        return _random.Next(10) switch
        {
            0 => $"{name} = ({type}){Leaf()}; {name} = ({type})({name} * 3 + 1); print({name});",
            1 => $"print((int64)({type}){Leaf()} {Pick("/", "%")} (int64){Leaf()});",
            2 => $"let {name}: {type} = ({type}){Leaf()}; {name}++; print(({type}){name} {Pick("<", ">=", "==")} ({type})nsecs);",
            3 => $"{name} = {{ let {name}a = (int64){Leaf()}; {name}a * 2 }}; print({name});",
            4 => $"print(bswap(({Pick("uint8", "uint16", "uint32", "uint64")}){Leaf()}));",
            5 => $"@wrapped = ({type}){Leaf()}; @narrow[({type}){Leaf()}] = (int64)({type}){Leaf()};",
            6 => $"print((bool){Leaf()}); print(!(bool){Leaf()}); print({Leaf()} ?: 3);",
            7 => $"{name} = ({type})1 << {_random.Next(70)}; print({name} >> {_random.Next(70)});",
            8 => $"print(-({type}){Leaf()} - ~(int64){Leaf()}); print(({Pick("uint8[4])(uint32", "int8[8])(uint64", "uint16[2])(uint32", "int32[2])(uint64")}){Leaf()});",
            _ => $"{name} = (int64){Leaf()}; {name} {Pick("/=", "%=")} (int64){Leaf()}; print({name}--); print(++{name});",
        };
    }

    string OutputStatement() => _random.Next(12) switch
    {
        0 => $"printf(\"%c %p %5.3s %-8lu|%hhx %o\\n\", {Leaf()}, nsecs, comm, (uint64){Leaf()}, (uint8){Leaf()}, {Leaf()});",
        1 => $"printf(\"%s %s %s\\n\", kstack(2), ksym(nsecs), (1, {String()}));",
        2 => $"printf(\"%r %rx\\n\", buf((uint64)curtask, 8), buf((uint64){Leaf()}, (uint64){Leaf()}));",
        3 => "time(\"%H\\n\"); warnf(\"w %d\", pid); errorf(\"e %s\", comm);",
        4 => $"assert({Boolean(1)}, \"no\");",
        5 => $"print((x={Builtin()}, y=({String()}, {Leaf()})));",
        6 => $"cat(\"/proc/%d/stat\", pid); system(\"echo %d %s\", {Leaf()}, {String()});",
        7 => _loops == 0 && Chance(4) ? $"if ({Boolean(1)}) {{ exit({Builtin()}); }}" : "print(probe);",
        8 => $"signal({Pick("9", "\"TERM\"", Builtin())});",
        9 => $"print(nsecs({Pick("monotonic", "boot", "tai", "sw_tai")})); print(jiffies); print(numaid); print(cgroup);",
        10 => $"print(({String()}, {String()}, {String()}, {String()}));",
        _ => $"debugf(\"%d\", {Leaf()}); print(ustack); print(kstack(raw, 4));",
    };

    // Each aggregation has maps of its own, one with a key and one without.
    void Aggregate()
    {
        int which = _random.Next(_aggregates.Length);
        string value = string.Format(CultureInfo.InvariantCulture, _aggregates[which], Leaf());
        Line($"@scalar{which} = {value};");
        Line($"@keyed{which}[comm, (int64){Leaf()}] = {value};");
        if (which < 5)
        {
            Line(_random.Next(4) switch
            {
                0 => $"if ((int64)@scalar{which} > {Leaf()}) {{ clear(@scalar{which}); }}",
                1 => $"print((int64)@keyed{which}[comm, 1] + {Leaf()});",
                2 => $"@from{which} = (int64)@scalar{which};",
                _ => $"print(@keyed{which}[\"x\", 2]);",
            });
        }

        Line(Pick($"print(@keyed{which}, 3, 2);", $"zero(@keyed{which});", $"print(@scalar{which});", $"print(len(@keyed{which}));"));
        if (which < 5 && Chance(2))
        {
            _loops++;
            Line($"for ($kv{_names} : @keyed{which}) {{ print($kv{_names}.0.1); print($kv{_names}.1); @total += (int64)$kv{_names}.1; {(Chance(3) ? "break;" : "")} }}");
            _names++;
            _loops--;
        }
    }

    string MapFunction() => _random.Next(7) switch
    {
        0 => $"@found[{Builtin()}] = (int64){Leaf()}; if (find(@found, {Builtin()}, $f{_names})) {{ print($f{_names++}); }}",
        1 => $"@gone[comm, {Builtin()}] = comm; $d{_names++} = delete(@gone, (comm, {Builtin()}));",
        2 => $"@gone[comm, {Builtin()}] = comm; print(has_key(@gone, (\"x\", {Builtin()}))); print(len(@gone));",
        3 => $"@counter[{Builtin()}]++; print(@counter[{Builtin()}]--); ++@counter[1];",
        4 => $"@scalar = (int64){Leaf()}; $p{_names} = &@scalar; print(*$p{_names++});",
        5 => $"@string[{Builtin()}] = comm; print(@string[{Builtin()}] == {String()}); print(strlen(@string[1]));",
        _ => "@clock[tid] = nsecs; if (@clock[tid] != 0) { @took = hist(nsecs - @clock[tid]); delete(@clock, tid); }",
    };

    void NestedLoops(int depth)
    {
        (string outer, string inner) = (NewName(), NewName());
        _loops += 2;
        Line($"for ({outer} : 0..{Pick("3", "20", "ncpus", "100")}) {{ for ({inner} : {Pick("0", outer)}..{Pick("5", "30")}) {{");
        _scopes.Add([(outer, Kind.Int), (inner, Kind.Int)]);
        Line($"  if ({outer} {Pick("==", ">")} {inner}) {{ {Pick("break", "continue", "return")}; }}");
        Statements(_random.Next(1, 3), depth - 1);
        _scopes.RemoveAt(_scopes.Count - 1);
        Line($"}} if ({Boolean(1)}) {{ {Pick("break", "continue", "return")}; }} }}");
        _loops -= 2;
    }

    void While(int depth)
    {
        string name = NewName();
        Line($"{name} = 0; while ({name} < {_random.Next(1, 30)}) {{ {name}++;");
        _loops++;
        Statements(_random.Next(1, 3), depth - 1);
        Line($"if ({Boolean(1)}) {{ {Pick("break", "continue", "return")}; }} }}");
        _loops--;
    }

    void OverMap(int depth)
    {
        string name = NewName();
        string outside = NewName();
        Line($"@walked[{Builtin()}, comm] = ((int64){Leaf()}, comm); {outside} = (int64)0;");
        Line($"for ({name} : @walked) {{ {outside} += {name}.1.0; print({name}); if ({name}.0.1 == {name}.1.1) {{ {Pick("break", "continue", "return")}; }}");
        _loops++;
        Statements(_random.Next(1, 3), depth - 1);
        _loops--;
        Line($"}} print({outside});");
    }

    string Builtin() => "(int64)" + Pick("pid", "tid", "uid", "gid", "cpu", "ncpus", "nsecs", "rand", "$1");
}
