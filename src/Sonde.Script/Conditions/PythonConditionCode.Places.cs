using Sonde.Bpf;
using Sonde.Python.Layouts;
using Sonde.Python.Values;
using Sonde.Script.Ir;

namespace Sonde.Script.Conditions;

/// <content>
/// Attributes and items: the slots and the dictionary of an instance, fields of named tuples, dictionaries, lists and tuples. What a class computes (properties, <c>__getattr__</c>,
/// <c>__missing__</c>) or keeps for all its instances is undecided, also where an instance has an entry of the same name that Python would not look at. Items are taken of dictionaries, lists
/// and tuples themselves, and of classes made of them that have no <c>__getitem__</c> of their own.
/// </content>
sealed partial class PythonConditionCode
{
    /// <summary>Entries of a dictionary that are looked through; what may be behind them is not found.</summary>
    const int MostEntries = 1024;

    /// <summary>Slots of a class and its bases that are looked through, with a turn for each of these.</summary>
    const int MostMembers = 256;

    // What the turns of a search for a key share.
    const int KeysTable = 0, KeysWidth = 8, KeysFound = 16, KeysSize = 24;

    // What the turns of a search for a slot share.
    const int MembersNext = 0, MembersType = 8, MembersOffset = 16, MembersSize = 24;

    // Include/cpython/object.h, the same in all versions; Include/descrobject.h for the members.
    const int TypeBasicSize = 32, TypeMembers = 240, TypeBase = 256, TypeDictionaryOffset = 288;

    const int ListItems = 24, DictionaryKeys = 32, DictionaryValues = 40;

    readonly Dictionary<(string Kind, Constant Key), IrFunction> _functions;

    /// <summary>The function that takes a step from an object: it returns another, or 0.</summary>
    IrFunction FunctionOf(Step step) => step.IsAttribute
        ? Function("attribute", step.Key, 1, code => code.WriteAttribute((TextConstant)step.Key))
        : Function("item", step.Key, 1, code => code.WriteItem(step.Key));

    /// <summary>A function of the same program; once for each key. What it cannot find out ends it with <paramref name="otherwise"/>.</summary>
    IrFunction Function(string kind, Constant key, int parameters, Action<PythonConditionCode> write, int otherwise = 0)
    {
        if (_functions.TryGetValue((kind, key), out var known))
        {
            return known;
        }

        var function = new IrFunction($"{kind}_{_functions.Count}", parameters);
        var code = new PythonConditionCode(_program, function, _version, _layout, _names, _functions);
        _functions.Add((kind, key), function);
        write(code);
        foreach (var block in new[] { code._undecided, code._unnamed })
        {
            code._ir.MoveTo(block);
            code._ir.Return(otherwise);
        }

        return function;
    }

    void WriteItem(Constant key)
    {
        var address = _ir.Function.Parameters[0];
        var found = Recognize(address);
        RequireBuiltInItems(address, found.Flags);
        OnFlag(found, DictionaryFlag, () =>
        {
            var keys = Read(_ir.Arithmetic(IrOperation.Add, address, DictionaryKeys));
            ReturnFound(key, keys, Read(_ir.Arithmetic(IrOperation.Add, address, DictionaryValues)));
        });
        if (key is IntegerConstant { Value: var wanted })
        {
            OnFlag(found, ListFlag, () => ReturnItem(Read(_ir.Arithmetic(IrOperation.Add, address, ListItems))));
            OnFlag(found, TupleFlag, () => ReturnItem(_ir.Arithmetic(IrOperation.Add, address, _values.TupleItems)));

            void ReturnItem(VirtualRegister items)
            {
                var count = Read(_ir.Arithmetic(IrOperation.Add, address, _values.ItemCount));
                Require(wanted < 0 ? Condition.SignedGreaterOrEqual : Condition.SignedGreater, count, _ir.Constant(wanted < 0 ? -wanted : wanted), _undecided);
                var index = wanted < 0 ? _ir.Arithmetic(IrOperation.Add, count, _ir.Constant(wanted)) : _ir.Constant(wanted);
                _ir.Return(Read(_ir.Arithmetic(IrOperation.Add, items, _ir.Arithmetic(IrOperation.ShiftLeft, index, 3))));
            }
        }

        _ir.Jump(_undecided);
    }

    /// <summary>Slots come before the dictionary, as in Python; instances whose class manages it have it, or what takes its place, before or behind them.</summary>
    void WriteAttribute(TextConstant name)
    {
        const int managed = 1 << 4, inlineValues = 1 << 2, dictionaryBefore = -24, valuesBefore = -32;
        var address = _ir.Function.Parameters[0];
        var type = Read(_ir.Arithmetic(IrOperation.Add, address, _layout.ObjectType));
        ReturnSlot(address, type, name);
        if (_version.Minor >= 8)
        {
            ReturnField(address, type, name);
        }

        var flags = Read(_ir.Arithmetic(IrOperation.Add, type, _values.TypeFlags));
        var (own, atOffset, inDictionary, inValues) = (_ir.NewBlock("managed"), _ir.NewBlock("at_offset"), _ir.NewBlock("in_dictionary"), _ir.NewBlock("in_values"));
        var (dictionary, values) = (_ir.Constant(0), _ir.Constant(0));
        if (_objects.Storage == InstanceStorage.Dictionary)
        {
            _ir.Jump(atOffset);
        }
        else
        {
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, flags, managed), 0, own, atOffset);
            _ir.MoveTo(own);
            _ir.Move(dictionary, Read(_ir.Arithmetic(IrOperation.Add, address, dictionaryBefore)));
            var isDictionary = _objects.Storage == InstanceStorage.Tagged ? _ir.Arithmetic(IrOperation.And, dictionary, 1) : dictionary;
            var apart = _ir.NewBlock("values_apart");
            _ir.Branch(_objects.Storage == InstanceStorage.Tagged ? Condition.Equal : Condition.NotEqual, isDictionary, 0, inDictionary, apart);
            _ir.MoveTo(apart);
            switch (_objects.Storage)
            {
                case InstanceStorage.Tagged:
                    _ir.Move(values, _ir.Arithmetic(IrOperation.Add, dictionary, 1));
                    break;
                case InstanceStorage.ValuesOrDictionary:
                    _ir.Move(values, Read(_ir.Arithmetic(IrOperation.Add, address, valuesBefore)));
                    break;
                default:
                    Require(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, flags, inlineValues), 0, _undecided);
                    _ir.Move(values, _ir.Arithmetic(IrOperation.Add, address, Read(_ir.Arithmetic(IrOperation.Add, type, TypeBasicSize))));
                    break;
            }

            Require(Condition.NotEqual, values, 0, _undecided);
            _ir.Jump(inValues);
        }

        _ir.MoveTo(atOffset);
        var offset = Read(_ir.Arithmetic(IrOperation.Add, type, TypeDictionaryOffset));
        Require(Condition.SignedGreater, offset, 0, _undecided);
        _ir.Move(dictionary, Read(_ir.Arithmetic(IrOperation.Add, address, offset)));
        _ir.Jump(inDictionary);

        _ir.MoveTo(inDictionary);
        Require(Condition.NotEqual, dictionary, 0, _undecided);
        var keys = _ir.Copy(Read(_ir.Arithmetic(IrOperation.Add, dictionary, DictionaryKeys)));
        _ir.Move(values, Read(_ir.Arithmetic(IrOperation.Add, dictionary, DictionaryValues)));
        var look = _ir.NewBlock("look");
        _ir.Jump(look);

        _ir.MoveTo(inValues);
        // ht_cached_keys follows ht_qualname.
        _ir.Move(keys, Read(_ir.Arithmetic(IrOperation.Add, type, _objects.TypeQualifiedName + 8)));
        _ir.Jump(look);
        _ir.MoveTo(look);
        ReturnFound(name, keys, values, key => RequireOwn(type, key));
    }

    /// <summary>Returns what a slot of that name holds, if there is one: <c>tp_members</c> of the class and its bases.</summary>
    void ReturnSlot(VirtualRegister address, VirtualRegister type, TextConstant name)
    {
        var context = _ir.Function.NewSlot("members", MembersSize);
        _ir.Store(Size.Double, new IrAddress(context, MembersNext), Read(_ir.Arithmetic(IrOperation.Add, type, TypeMembers)));
        _ir.Store(Size.Double, new IrAddress(context, MembersType), type);
        _ir.Store(Size.Double, new IrAddress(context, MembersOffset), 0);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [MostMembers, Function("slot", name, 2, code => code.WriteSlotTurn(name), otherwise: 1), context, 0]));
        var (slot, none) = (_ir.NewBlock("slot"), _ir.NewBlock("no_slot"));
        var offset = _ir.Load(Size.Double, new IrAddress(context, MembersOffset));
        _ir.Branch(Condition.NotEqual, offset, 0, slot, none);
        _ir.MoveTo(slot);
        RequireFirst(type, _ir.Load(Size.Double, new IrAddress(context, MembersType)), _ir.Load(Size.Double, new IrAddress(context, MembersNext)), name);
        _ir.Return(Read(_ir.Arithmetic(IrOperation.Add, address, offset)));
        _ir.MoveTo(none);
    }

    /// <summary>A turn looks at one member, or goes on to the base.</summary>
    void WriteSlotTurn(TextConstant wanted)
    {
        const int kindAt = 8, offsetAt = 16, size = 40, plainObject = 6, objectOrError = 16;
        var context = _ir.Function.Parameters[1];
        var (up, other, same, stop, isObject) = (_ir.NewBlock("up"), _ir.NewBlock("other_member"), _ir.NewBlock("same_name"), _ir.NewBlock("stop"), _ir.NewBlock("object"));
        var member = _ir.Load(Size.Double, new IrAddress(context, MembersNext));
        Require(Condition.NotEqual, member, 0, up);
        var name = Read(member);
        Require(Condition.NotEqual, name, 0, up);
        CompareName(name, wanted.Value, other);
        _ir.Jump(same);

        _ir.MoveTo(same);
        var kind = Read(_ir.Arithmetic(IrOperation.Add, member, kindAt), 4, Size.Word);
        var isOther = _ir.NewBlock("other_kind");
        _ir.Branch(Condition.Equal, kind, objectOrError, isObject, isOther);
        _ir.MoveTo(isOther);
        _ir.Branch(Condition.Equal, kind, plainObject, isObject, stop);
        _ir.MoveTo(isObject);
        _ir.Store(Size.Double, new IrAddress(context, MembersOffset), Read(_ir.Arithmetic(IrOperation.Add, member, offsetAt)));
        _ir.Jump(stop);

        _ir.MoveTo(other);
        _ir.Store(Size.Double, new IrAddress(context, MembersNext), _ir.Arithmetic(IrOperation.Add, member, size));
        _ir.Return(0);

        _ir.MoveTo(up);
        var above = Read(_ir.Arithmetic(IrOperation.Add, _ir.Load(Size.Double, new IrAddress(context, MembersType)), TypeBase));
        Require(Condition.NotEqual, above, 0, stop);
        _ir.Store(Size.Double, new IrAddress(context, MembersType), above);
        _ir.Store(Size.Double, new IrAddress(context, MembersNext), Read(_ir.Arithmetic(IrOperation.Add, above, TypeMembers)));
        _ir.Return(0);

        _ir.MoveTo(stop);
        _ir.Return(1);
    }

    /// <summary>Returns what a table of keys has for one: in it, or among the values where these are apart (Objects/dictobject.c).</summary>
    /// <param name="key">The key.</param>
    /// <param name="keys">The table.</param>
    /// <param name="values">The values, or 0.</param>
    /// <param name="require">What else must be so of the key that was found; null for nothing.</param>
    void ReturnFound(Constant key, VirtualRegister keys, VirtualRegister values, Action<VirtualRegister>? require = null)
    {
        var context = Keys;
        var index = IndexOf(key, keys, context, _undecided);
        var entry = EntryAt(new IrAddress(context), index);
        require?.Invoke(Read(entry));
        var (combined, split) = (_ir.NewBlock("combined"), _ir.NewBlock("split"));
        _ir.Branch(Condition.Equal, values, 0, combined, split);
        _ir.MoveTo(combined);
        _ir.Return(Read(_ir.Arithmetic(IrOperation.Add, entry, 8)));
        _ir.MoveTo(split);
        var first = values;
        if (_objects.Split == SplitValues.WithHeader)
        {
            // The first byte is how many there is room for.
            Require(Condition.Less, index, Read(values, 1, Size.Byte), _undecided);
            first = _ir.Arithmetic(IrOperation.Add, values, 8);
        }

        _ir.Return(Read(_ir.Arithmetic(IrOperation.Add, first, _ir.Arithmetic(IrOperation.ShiftLeft, index, 3))));
    }

    /// <summary>The number of a key's entry in a table, which is described in <paramref name="context"/> then; goes to <paramref name="none"/> when it has none.</summary>
    VirtualRegister IndexOf(Constant key, VirtualRegister keys, StackSlot context, BasicBlock none)
    {
        _ir.Store(Size.Double, new IrAddress(context, KeysFound), -1);
        var count = _ir.Copy(StoreTable(keys, context));
        var (over, within) = (_ir.NewBlock("many_entries"), _ir.NewBlock("entries"));
        _ir.Branch(Condition.Greater, count, MostEntries, over, within);
        _ir.MoveTo(over);
        _ir.Move(count, MostEntries);
        _ir.Jump(within);
        _ir.MoveTo(within);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [count, Function("key", key, 2, code => code.WriteKeyTurn(key), otherwise: 1), context, 0]));
        var index = _ir.Load(Size.Double, new IrAddress(context, KeysFound));
        Require(Condition.SignedGreaterOrEqual, index, 0, none);
        return index;
    }

    /// <summary>Where the entries are, and how long each; how many there are.</summary>
    VirtualRegister StoreTable(VirtualRegister keys, StackSlot context)
    {
        var width = _ir.Constant(24);
        VirtualRegister indices, entries;
        if (_objects.CompactKeys)
        {
            const int logIndexBytes = 9, kind = 10, count = 24, indicesAt = 32;
            var shift = Read(_ir.Arithmetic(IrOperation.Add, keys, logIndexBytes), 1, Size.Byte);
            Require(Condition.Less, shift, 40, _undecided);
            indices = _ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Constant(1), shift), indicesAt);
            var (narrow, known) = (_ir.NewBlock("narrow"), _ir.NewBlock("width_known"));
            _ir.Branch(Condition.NotEqual, Read(_ir.Arithmetic(IrOperation.Add, keys, kind), 1, Size.Byte), 0, narrow, known);
            _ir.MoveTo(narrow);
            _ir.Move(width, 16);
            _ir.Jump(known);
            _ir.MoveTo(known);
            entries = Read(_ir.Arithmetic(IrOperation.Add, keys, count));
        }
        else
        {
            const int size = 8, count = 32, indicesAt = 40;
            var slots = Read(_ir.Arithmetic(IrOperation.Add, keys, size));
            indices = _ir.Copy(slots);
            foreach (var most in new[] { 0xff, 0xffff })
            {
                var (wider, enough) = (_ir.NewBlock("wider"), _ir.NewBlock("enough"));
                _ir.Branch(Condition.Greater, slots, most, wider, enough);
                _ir.MoveTo(wider);
                _ir.Move(indices, _ir.Arithmetic(IrOperation.ShiftLeft, indices, 1));
                _ir.Jump(enough);
                _ir.MoveTo(enough);
            }

            indices = _ir.Arithmetic(IrOperation.Add, indices, indicesAt);
            entries = Read(_ir.Arithmetic(IrOperation.Add, keys, count));
        }

        _ir.Store(Size.Double, new IrAddress(context, KeysTable), _ir.Arithmetic(IrOperation.Add, keys, indices));
        _ir.Store(Size.Double, new IrAddress(context, KeysWidth), width);
        return entries;
    }

    /// <summary>Entries are hash, key, value, or key and value: the address of the key.</summary>
    VirtualRegister EntryAt(IrAddress context, VirtualRegister index)
    {
        var width = _ir.Load(Size.Double, context.Plus(KeysWidth));
        var entry = _ir.Arithmetic(IrOperation.Add, _ir.Load(Size.Double, context.Plus(KeysTable)), _ir.Arithmetic(IrOperation.Multiply, index, width));
        return _ir.Arithmetic(IrOperation.Add, entry, _ir.Arithmetic(IrOperation.Subtract, width, 16));
    }

    /// <summary>A turn looks at one entry.</summary>
    void WriteKeyTurn(Constant wanted)
    {
        var (index, context) = (_ir.Function.Parameters[0], _ir.Function.Parameters[1]);
        var (next, same) = (_ir.NewBlock("next_entry"), _ir.NewBlock("same_key"));
        var key = Read(EntryAt(new IrAddress(context), index));
        Require(Condition.NotEqual, key, 0, next);
        if (wanted is TextConstant text)
        {
            // Most keys differ in length, which is where other objects have another number.
            Require(Condition.Equal, Read(_ir.Arithmetic(IrOperation.Add, key, _layout.TextLength)), text.Value.EnumerateRunes().Count(), next);
            RequireFlag(key, ValueLayout.TextFlag, next);
            CompareText(key, text.Value, same, next);
        }
        else
        {
            RequireFlag(key, ValueLayout.IntegerFlag, next);
            var digits = Digits(key);
            Require(Condition.Equal, digits.IsLarge, 0, next);
            _ir.Branch(Condition.Equal, digits.Number, _ir.Constant(((IntegerConstant)wanted).Value), same, next);
        }

        _ir.MoveTo(same);
        _ir.Store(Size.Double, new IrAddress(context, KeysFound), index);
        _ir.Return(1);
        _ir.MoveTo(next);
        _ir.Return(0);
    }

    void RequireFlag(VirtualRegister address, long flag, BasicBlock otherwise)
    {
        var flags = Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, address, _layout.ObjectType)), _values.TypeFlags));
        Require(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, flags, _ir.Constant(flag)), 0, otherwise);
    }
}
