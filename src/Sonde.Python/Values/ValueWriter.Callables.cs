namespace Sonde.Python.Values;

/// <content>Functions, classes, modules and what else has a name.</content>
sealed partial class ValueWriter
{
    string TextAt(ulong address, int longest = 300) =>
        objects.TryReadPointer(address, out var text) && objects.TryReadText(text, longest, out var found) ? PythonLiteral.Safe(found) : objects.MissingName;

    /// <summary>A name in a definition in C, which stays as it is.</summary>
    string NameAt(ulong address)
    {
        using var scope = objects.ReadLasting();
        return objects.TryReadPointer(address, out var text) && objects.TryReadName(text, out var found) ? found : objects.MissingName;
    }

    public void WriteFunction(PythonObject value) => Add($"<function {TextAt(value.Address + (ulong)objects.Layout.FunctionName)} at 0x{value.Address:x}>");

    /// <summary><c>PyMethodObject</c>: function, object (Include/cpython/classobject.h).</summary>
    public void WriteMethod(PythonObject value)
    {
        if (!objects.TryReadPointer(value.Address + 16, out var function) || !objects.TryReadPointer(value.Address + 24, out var self))
        {
            Add(Unreadable);
            return;
        }

        var name = objects.TryGet(function, out var callable) == ObjectState.Live && callable.Type.Name == "function"
            ? TextAt(function + (ulong)objects.Layout.FunctionName)
            : objects.MissingName;
        if (!TryEnter(value.Address, "...", $"<bound method {name} of …>"))
        {
            return;
        }

        Add($"<bound method {name} of ");
        Write(self);
        Add(">");
        Leave();
    }

    /// <summary><c>PyCFunctionObject</c>: definition, object (Include/cpython/methodobject.h).</summary>
    public void WriteBuiltIn(PythonObject value)
    {
        if (!objects.TryReadPointer(value.Address + 16, out var definition) || !objects.TryReadPointer(value.Address + 24, out var self))
        {
            Add(Unreadable);
            return;
        }

        var name = NameAt(definition);
        if (self != 0 && objects.TryGet(self, out _) == ObjectState.Unreadable)
        {
            Add($"<built-in {name} of {Unreadable}>");
            return;
        }

        Add(self != 0 && objects.TryGet(self, out var owner) == ObjectState.Live && owner.Type.Name != "module"
            ? $"<built-in method {name} of {owner.Type.Name} object at 0x{self:x}>"
            : $"<built-in function {name}>");
    }

    /// <summary><c>PyDescrObject</c>: type, name (Include/cpython/descrobject.h).</summary>
    public void WriteDescriptor(PythonObject value, string what)
    {
        var owner = objects.TryReadPointer(value.Address + 16, out var type) && objects.TryGetType(type, out var found) ? found.Name : "?";
        Add($"<{what} '{TextAt(value.Address + 24)}'{(what == "slot wrapper" && objects.Version.Minor >= 15 ? "" : $" of '{owner}' objects")}>");
    }

    public void WriteCode(PythonObject value)
    {
        Span<byte> line = stackalloc byte[4];
        var number = objects.TryRead(value.Address + (ulong)objects.Calls.CodeFirstLine, line) ? BitConverter.ToInt32(line) : -1;
        // co_name stands just before co_qualname.
        var name = (ulong)objects.Calls.CodeName - (objects.Calls.NamesAreQualified ? 8UL : 0);
        Add($"<code object {TextAt(value.Address + name)} at 0x{value.Address:x}, file \"{TextAt(value.Address + (ulong)objects.Calls.CodeFile, 4096)}\", line {number}>");
    }

    public void WriteGenerator(PythonObject value, string what) => Add($"<{what} object {TextAt(value.Address + (ulong)objects.Layout.GeneratorName)} at 0x{value.Address:x}>");

    public void WriteClass(PythonObject value)
    {
        if (!objects.TryGetType(value.Address, out var type))
        {
            Add("<freed>");
            return;
        }

        Add(EnumMembers.IsEnumeration(objects, type) ? $"<enum '{type.Name}'>" : $"<class '{objects.FullName(type)}'>");
    }

    /// <summary>The dictionary of a module follows its head (Objects/moduleobject.c, <c>md_dict</c>).</summary>
    public void WriteModule(PythonObject value)
    {
        if (!objects.TryReadPointer(value.Address + 16, out var dictionary) || dictionary == 0)
        {
            Add($"<module '{objects.MissingName}'>");
            return;
        }

        var name = Find("__name__");
        var origin = DictionaryReader.TryFind(objects, dictionary, "__spec__", out var spec) && objects.TryGet(spec, out var specification) == ObjectState.Live
            && InstanceFields.TryFind(objects, specification, "origin", out var where) && objects.TryReadText(where, 20, out var known) ? known : "";
        var file = origin is "frozen" or "built-in" ? $" ({origin})" : Find("__file__") is { } path ? $" from '{path}'"
            : objects.Version.Minor < 9 ? " (built-in)" : "";
        Add($"<module '{name ?? objects.MissingName}'{(name is null ? "" : file)}>");

        string? Find(string key) => DictionaryReader.TryFind(objects, dictionary, key, out var found) && objects.TryGet(found, out var item) == ObjectState.Live
            && ObjectReader.IsText(item.Type) && objects.TryReadText(found, 4096, out var text) ? PythonLiteral.Safe(text) : null;
    }

    /// <summary><c>PyWeakReference.wr_object</c> (Include/cpython/weakrefobject.h).</summary>
    public void WriteWeakReference(PythonObject value)
    {
        PythonObject referent = default;
        var state = objects.TryReadPointer(value.Address + 16, out var address) ? objects.TryGet(address, out referent) : ObjectState.Unreadable;
        var to = state == ObjectState.Unreadable ? Unreadable
            : state == ObjectState.Live && referent.Type.Name != "NoneType" ? $"to '{referent.Type.Name}' at 0x{address:x}"
            : "dead";
        Add($"<weakref at 0x{value.Address:x}; {to}>");
    }

    /// <summary><c>PyBaseExceptionObject.args</c> (Include/cpython/pyerrors.h).</summary>
    public void WriteException(PythonObject value)
    {
        const ulong arguments = 24;
        Add(value.Type.ShortName);
        if (!objects.TryReadPointer(value.Address + arguments, out var tuple) || objects.TryGet(tuple, out var items) != ObjectState.Live || (items.Type.Flags & PythonType.TupleFlag) == 0
            || !objects.TryReadInt64(tuple + (ulong)objects.Values.ItemCount, out var count) || count is < 0 or > MaximumCount)
        {
            Add($"({Unreadable})");
            return;
        }

        if (!TryEnter(value.Address, "(...)", "(…)"))
        {
            return;
        }

        Add("(");
        WriteItems(objects.ReadPointers(tuple + (ulong)objects.Values.TupleItems, Wanted(count)), count, Write);
        Add(count == 1 && objects.Version.Minor < 7 ? ",)" : ")");
        Leave();
    }
}
