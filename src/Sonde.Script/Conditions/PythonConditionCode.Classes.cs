using Sonde.Bpf;
using Sonde.Script.Ir;

namespace Sonde.Script.Conditions;

/// <content>
/// What a class says of its instances: whether it does as the built-in type does that it is made of, so that its instances are told by what that holds; what has a name in it and wins over the
/// instance's own entry (a property, or whatever else has a <c>__set__</c>); and the fields of a named tuple.
/// </content>
sealed partial class PythonConditionCode
{
    // Include/cpython/object.h: PyTypeObject and its tables of functions, the same in all versions.
    const int TypeNumbers = 96, TypeSequences = 104, TypeMappings = 112, TypeComparison = 200, TypeDictionary = 264, TypeSetDescriptor = 280, TypeResolutionOrder = 344;
    const int NumberTruth = 72, SequenceContains = 56, MappingLength = 0;

    /// <summary>Bases that are gone through to the built-in one, classes of a resolution order, and of one of a tuple, and places of a table where a key is looked for.</summary>
    const int MostBases = 8, MostClasses = 32, MostTupleClasses = 5, MostProbes = 32;

    const int TextHash = 24;

    // What the turns of a search through the classes share.
    const int ClassesOrder = 0, ClassesHash = 8, ClassesResult = 16, ClassesEnd = 24, ClassesSize = 32;

    static readonly NoneConstant _any = new();

    static readonly TextConstant _getItem = new("__getitem__");

    /// <summary>Goes on where a type does as the built-in one does that it is made of, by one of its functions; what a class does in a way of its own is undecided.</summary>
    void RequireInherited(VirtualRegister address, VirtualRegister flags, Func<VirtualRegister, VirtualRegister> function)
    {
        var (heap, same) = (_ir.NewBlock("made_at_run_time"), _ir.NewBlock("as_built_in"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, flags, HeapFlag), 0, heap, same);
        _ir.MoveTo(heap);
        var type = Read(_ir.Arithmetic(IrOperation.Add, address, _layout.ObjectType));
        var root = _ir.Function.NewRegister();
        _ir.Add(new IrCallFunction(root, Function("root", _any, 1, static code => code.WriteRoot()), [type]));
        Require(Condition.NotEqual, root, 0, _undecided);
        _ir.Branch(Condition.Equal, function(type), function(root), same, _undecided);
        _ir.MoveTo(same);
    }

    VirtualRegister LengthFunction(VirtualRegister type) => Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, type, TypeMappings)), MappingLength));

    VirtualRegister TruthFunction(VirtualRegister type) => Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, type, TypeNumbers)), NumberTruth));

    VirtualRegister ContainsFunction(VirtualRegister type) => Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, type, TypeSequences)), SequenceContains));

    VirtualRegister ComparisonFunction(VirtualRegister type) => Read(_ir.Arithmetic(IrOperation.Add, type, TypeComparison));

    /// <summary>root(type): the first of a type and its bases that was not made at run time; 0 when it is too far away.</summary>
    void WriteRoot()
    {
        var type = _ir.Copy(_ir.Function.Parameters[0]);
        for (var level = 0; level < MostBases; level++)
        {
            var (builtIn, next) = (_ir.NewBlock("built_in"), _ir.NewBlock("next_base"));
            var flags = Read(_ir.Arithmetic(IrOperation.Add, type, _values.TypeFlags));
            _ir.Branch(Condition.Equal, _ir.Arithmetic(IrOperation.And, flags, HeapFlag), 0, builtIn, next);
            _ir.MoveTo(builtIn);
            _ir.Return(type);
            _ir.MoveTo(next);
            _ir.Move(type, Read(_ir.Arithmetic(IrOperation.Add, type, TypeBase)));
            Require(Condition.NotEqual, type, 0, _undecided);
        }

        _ir.Jump(_undecided);
    }

    /// <summary>Goes on where no class of an instance has something by a key's name that wins over its own entry.</summary>
    void RequireOwn(VirtualRegister type, VirtualRegister key) => SearchClasses(type, key, 0);

    /// <summary>Looks for a name in the classes of an instance. Goes on where nothing in them wins over an entry of the instance; with <paramref name="end"/>, where no class before that one has it.</summary>
    void SearchClasses(VirtualRegister type, VirtualRegister key, IrOperand end)
    {
        var context = _classes ??= _ir.Function.NewSlot("classes", ClassesSize);
        var order = Read(_ir.Arithmetic(IrOperation.Add, type, TypeResolutionOrder));
        var count = Read(_ir.Arithmetic(IrOperation.Add, order, _values.ItemCount));
        Require(Condition.LessOrEqual, count, MostClasses, _undecided);
        _ir.Store(Size.Double, new IrAddress(context, ClassesOrder), _ir.Arithmetic(IrOperation.Add, order, _values.TupleItems));
        _ir.Store(Size.Double, new IrAddress(context, ClassesHash), Read(_ir.Arithmetic(IrOperation.Add, key, TextHash)));
        _ir.Store(Size.Double, new IrAddress(context, ClassesResult), 0);
        _ir.Store(Size.Double, new IrAddress(context, ClassesEnd), end);
        _ir.Add(new IrCallHelper(null, Helper.Loop, [count, Function("class_turn", _any, 2, static code => code.WriteClassTurn(), otherwise: 1), context, 0]));
        Require(Condition.Equal, _ir.Load(Size.Double, new IrAddress(context, ClassesResult)), 0, _undecided);
    }

    /// <summary>Goes on where a slot is what its name stands for: no class before the slot's own has the name, and there it still is that slot.</summary>
    /// <param name="type">The instance's class.</param>
    /// <param name="owner">The class with the slot.</param>
    /// <param name="member">The slot among its members.</param>
    /// <param name="name">The name.</param>
    void RequireFirst(VirtualRegister type, VirtualRegister owner, VirtualRegister member, TextConstant name)
    {
        const int descriptorMember = 40; // Include/descrobject.h: PyMemberDescrObject
        var (apart, listed, first) = (_ir.NewBlock("kept_elsewhere"), _ir.NewBlock("listed_in_class"), _ir.NewBlock("first_of_name"));
        var dictionary = Read(_ir.Arithmetic(IrOperation.Add, owner, TypeDictionary));
        _ir.Branch(Condition.Equal, dictionary, 0, apart, listed);

        _ir.MoveTo(listed);
        var context = Keys;
        var index = IndexOf(name, Read(_ir.Arithmetic(IrOperation.Add, dictionary, DictionaryKeys)), context, _undecided);
        var entry = _ir.Copy(EntryAt(new IrAddress(context), index));
        Require(Condition.Equal, Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, entry, 8)), descriptorMember)), member, _undecided);
        SearchClasses(type, Read(entry), owner);
        _ir.Jump(first);

        // Nobody can change a built-in type that keeps its names elsewhere (3.12 and later).
        _ir.MoveTo(apart);
        OnClasses(type, _undecided, each =>
        {
            var (other, next) = (_ir.NewBlock("class_before"), _ir.NewBlock("next_class"));
            _ir.Branch(Condition.Equal, each, owner, first, other);
            _ir.MoveTo(other);
            Member(each, name, next);
            _ir.Jump(_undecided);
            _ir.MoveTo(next);
        });
        _ir.Jump(_undecided);
        _ir.MoveTo(first);
    }

    /// <summary>A turn looks into one class, by the hash of the name; the first class that has it decides. Built-in types keep theirs elsewhere from 3.12 on, and none of it is in an instance.</summary>
    void WriteClassTurn()
    {
        var (index, context) = (_ir.Function.Parameters[0], _ir.Function.Parameters[1]);
        var (absent, found, plain, before) = (_ir.NewBlock("absent"), _ir.NewBlock("found_in_class"), _ir.NewBlock("plain_entry"), _ir.NewBlock("before_end"));
        // What cannot be read leaves it at that.
        _ir.Store(Size.Double, new IrAddress(context, ClassesResult), 1);
        var place = _ir.Arithmetic(IrOperation.Add, _ir.Load(Size.Double, new IrAddress(context, ClassesOrder)), _ir.Arithmetic(IrOperation.ShiftLeft, index, 3));
        var of = Read(place);
        _ir.Branch(Condition.Equal, of, Shared(ClassesEnd), plain, before);
        _ir.MoveTo(before);
        var dictionary = Read(_ir.Arithmetic(IrOperation.Add, of, TypeDictionary));
        Require(Condition.NotEqual, dictionary, 0, absent);
        var keys = Read(_ir.Arithmetic(IrOperation.Add, dictionary, DictionaryKeys));
        var table = _ir.Function.NewSlot("table", KeysFound);
        StoreTable(keys, table);
        var (mask, shift, indices) = IndicesOf(keys);
        var width = _ir.Arithmetic(IrOperation.Subtract, _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Constant(1), _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Constant(8), shift)), 1);
        var perturb = Shared(ClassesHash);
        var (at, entry) = (_ir.Arithmetic(IrOperation.And, perturb, mask), _ir.Constant(0));
        for (var probe = 0; probe < MostProbes; probe++)
        {
            var (used, next) = (_ir.NewBlock("used_place"), _ir.NewBlock("next_place"));
            // Entries follow the indices: eight bytes are there.
            var number = _ir.Arithmetic(IrOperation.And, Read(_ir.Arithmetic(IrOperation.Add, indices, _ir.Arithmetic(IrOperation.ShiftLeft, at, shift))), width);
            // -1 is empty, -2 was deleted (Objects/dictobject.c).
            Require(Condition.NotEqual, number, width, absent);
            _ir.Branch(Condition.Equal, number, _ir.Arithmetic(IrOperation.Subtract, width, 1), next, used);
            _ir.MoveTo(used);
            _ir.Move(entry, EntryAt(new IrAddress(table), number));
            _ir.Branch(Condition.Equal, Read(_ir.Arithmetic(IrOperation.Add, Read(entry), TextHash)), Shared(ClassesHash), found, next);
            _ir.MoveTo(next);
            _ir.Move(perturb, _ir.Arithmetic(IrOperation.ShiftRightLogical, perturb, 5));
            var mixed = _ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Multiply, at, 5), perturb), 1);
            _ir.Move(at, _ir.Arithmetic(IrOperation.And, mixed, mask));
        }

        _ir.Jump(_undecided);
        _ir.MoveTo(found);
        Require(Condition.Equal, Shared(ClassesEnd), 0, _undecided);
        var value = Read(_ir.Arithmetic(IrOperation.Add, entry, 8));
        var setter = Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, value, _layout.ObjectType)), TypeSetDescriptor));
        _ir.Branch(Condition.Equal, setter, 0, plain, _undecided);
        _ir.MoveTo(plain);
        _ir.Store(Size.Double, new IrAddress(context, ClassesResult), 0);
        _ir.Return(1);
        _ir.MoveTo(absent);
        // A class that is to be come to still is.
        _ir.Store(Size.Double, new IrAddress(context, ClassesResult), Shared(ClassesEnd));
        _ir.Return(0);

        // Loaded where it is asked for: kept, it would take stack.
        VirtualRegister Shared(int field) => _ir.Load(Size.Double, new IrAddress(context, field));
    }

    /// <summary>How a table of keys is searched by hash: the mask of its places, the width of an index as a power of two, and where the indices are.</summary>
    (VirtualRegister Mask, VirtualRegister Shift, VirtualRegister Indices) IndicesOf(VirtualRegister keys)
    {
        if (_objects.CompactKeys)
        {
            const int logSize = 8, logIndexBytes = 9, indicesAt = 32;
            var log = Read(_ir.Arithmetic(IrOperation.Add, keys, logSize), 1, Size.Byte);
            var shift = _ir.Arithmetic(IrOperation.Subtract, Read(_ir.Arithmetic(IrOperation.Add, keys, logIndexBytes), 1, Size.Byte), log);
            Require(Condition.Less, log, 32, _undecided);
            Require(Condition.LessOrEqual, shift, 2, _undecided);
            return (_ir.Arithmetic(IrOperation.Subtract, _ir.Arithmetic(IrOperation.ShiftLeft, _ir.Constant(1), log), 1), shift, _ir.Arithmetic(IrOperation.Add, keys, indicesAt));
        }

        const int size = 8, oldIndicesAt = 40;
        var places = Read(_ir.Arithmetic(IrOperation.Add, keys, size));
        Require(Condition.LessOrEqual, places, _ir.Constant(1L << 32), _undecided);
        var width = _ir.Constant(0);
        foreach (var most in new[] { 0xff, 0xffff })
        {
            var (wider, enough) = (_ir.NewBlock("wider_index"), _ir.NewBlock("index_width"));
            _ir.Branch(Condition.Greater, places, most, wider, enough);
            _ir.MoveTo(wider);
            _ir.Move(width, _ir.Arithmetic(IrOperation.Add, width, 1));
            _ir.Jump(enough);
            _ir.MoveTo(enough);
        }

        return (_ir.Arithmetic(IrOperation.Subtract, places, 1), width, _ir.Arithmetic(IrOperation.Add, keys, oldIndicesAt));
    }

    /// <summary>Returns the field of that name, where a tuple's class has one: what stands for it in the class tells its number (<c>_tuplegetter</c>, Modules/_collectionsmodule.c, 3.8 and later).</summary>
    void ReturnField(VirtualRegister address, VirtualRegister type, TextConstant name)
    {
        const int getterIndex = 16;
        var (search, none, member) = (_ir.NewBlock("tuple_class"), _ir.NewBlock("no_field"), _ir.NewBlock("class_member"));
        var flags = Read(_ir.Arithmetic(IrOperation.Add, type, _values.TypeFlags));
        var isMade = _ir.Arithmetic(IrOperation.And, flags, _ir.Constant(TupleFlag | HeapFlag));
        _ir.Branch(Condition.Equal, isMade, _ir.Constant(TupleFlag | HeapFlag), search, none);
        _ir.MoveTo(search);
        var found = _ir.Function.NewRegister();
        OnClasses(type, none, each =>
        {
            var next = _ir.NewBlock("next_class");
            _ir.Move(found, Member(each, name, next));
            _ir.Jump(member);
            _ir.MoveTo(next);
        });
        _ir.Jump(none);
        _ir.MoveTo(member);
        var typeName = Read(_ir.Arithmetic(IrOperation.Add, Read(_ir.Arithmetic(IrOperation.Add, found, _layout.ObjectType)), _values.TypeName));
        CompareName(typeName, _version.Minor < 12 ? "_collections._tuplegetter" : "collections._tuplegetter", _undecided);
        var number = Read(_ir.Arithmetic(IrOperation.Add, found, getterIndex));
        Require(Condition.Less, number, Read(_ir.Arithmetic(IrOperation.Add, address, _values.ItemCount)), _undecided);
        _ir.Return(Read(_ir.Arithmetic(IrOperation.Add, _ir.Arithmetic(IrOperation.Add, address, _values.TupleItems), _ir.Arithmetic(IrOperation.ShiftLeft, number, 3))));
        _ir.MoveTo(none);
    }

    /// <summary>
    /// Goes on where items are what the built-in type takes for them: no class before it has a <c>__getitem__</c>. The function of the type does not tell, for a class made of <c>dict</c> or <c>list</c>
    /// gets another one in any case (<c>METH_COEXIST</c>, Objects/typeobject.c: update_one_slot).
    /// </summary>
    void RequireBuiltInItems(VirtualRegister address, VirtualRegister flags)
    {
        var (heap, asBuiltIn) = (_ir.NewBlock("items_of_class"), _ir.NewBlock("items_as_built_in"));
        _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, flags, HeapFlag), 0, heap, asBuiltIn);
        _ir.MoveTo(heap);
        OnClasses(Read(_ir.Arithmetic(IrOperation.Add, address, _layout.ObjectType)), _undecided, each =>
        {
            var (container, made, next) = (_ir.NewBlock("container"), _ir.NewBlock("made_class"), _ir.NewBlock("next_class"));
            var of = Read(_ir.Arithmetic(IrOperation.Add, each, _values.TypeFlags));
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, of, HeapFlag), 0, made, container);
            _ir.MoveTo(container);
            _ir.Branch(Condition.NotEqual, _ir.Arithmetic(IrOperation.And, of, _ir.Constant(DictionaryFlag | ListFlag | TupleFlag)), 0, asBuiltIn, next);
            _ir.MoveTo(made);
            Member(each, _getItem, next);
            _ir.Jump(_undecided);
            _ir.MoveTo(next);
        });
        _ir.Jump(_undecided);
        _ir.MoveTo(asBuiltIn);
    }

    /// <summary>Goes through the first classes of a resolution order; to <paramref name="end"/> where it ends before.</summary>
    void OnClasses(VirtualRegister type, BasicBlock end, Action<VirtualRegister> write)
    {
        var order = Read(_ir.Arithmetic(IrOperation.Add, type, TypeResolutionOrder));
        var count = Read(_ir.Arithmetic(IrOperation.Add, order, _values.ItemCount));
        for (var level = 0; level < MostTupleClasses; level++)
        {
            Require(Condition.SignedGreater, count, level, end);
            write(Read(_ir.Arithmetic(IrOperation.Add, order, _values.TupleItems + (8 * level))));
        }
    }

    /// <summary>What a class itself has by a name; goes to <paramref name="none"/> where it has nothing, or is a built-in one that keeps it elsewhere (3.12 and later).</summary>
    VirtualRegister Member(VirtualRegister type, TextConstant name, BasicBlock none)
    {
        var context = Keys;
        var dictionary = Read(_ir.Arithmetic(IrOperation.Add, type, TypeDictionary));
        Require(Condition.NotEqual, dictionary, 0, none);
        var index = IndexOf(name, Read(_ir.Arithmetic(IrOperation.Add, dictionary, DictionaryKeys)), context, none);
        return Read(_ir.Arithmetic(IrOperation.Add, EntryAt(new IrAddress(context), index), 8));
    }
}
