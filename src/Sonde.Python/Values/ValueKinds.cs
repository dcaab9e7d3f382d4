namespace Sonde.Python.Values;

/// <summary>Which types are shown how. A type without an entry is shown as the first of its bases that has one.</summary>
static class ValueKinds
{
    /// <summary>Types written in C, by <c>tp_name</c>.</summary>
    static readonly Dictionary<string, ValueKind> _builtIn = new()
    {
        ["int"] = static (writer, value) => writer.WriteInteger(value),
        ["bool"] = static (writer, value) => writer.WriteBool(value),
        ["float"] = static (writer, value) => writer.WriteFloat(value),
        ["complex"] = static (writer, value) => writer.WriteComplex(value),
        ["NoneType"] = static (writer, _) => writer.Add("None"),
        ["ellipsis"] = static (writer, _) => writer.Add("Ellipsis"),
        ["NotImplementedType"] = static (writer, _) => writer.Add("NotImplemented"),
        ["str"] = static (writer, value) => writer.WriteText(value),
        ["bytes"] = static (writer, value) => writer.WriteBytes(value),
        ["bytearray"] = static (writer, value) => writer.WriteByteArray(value),
        ["list"] = static (writer, value) => writer.WriteList(value),
        ["tuple"] = static (writer, value) => writer.WriteTuple(value),
        ["dict"] = static (writer, value) => writer.WriteDictionary(value),
        ["frozendict"] = static (writer, value) => writer.WriteFrozenDictionary(value),
        ["collections.OrderedDict"] = static (writer, value) => writer.WriteOrderedDictionary(value),
        ["collections.defaultdict"] = static (writer, value) => writer.WriteDefaultDictionary(value),
        ["collections.deque"] = static (writer, value) => writer.WriteDeque(value),
        ["dict_keys"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["dict_values"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["dict_items"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["odict_keys"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["odict_values"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["odict_items"] = static (writer, value) => writer.WriteDictionaryView(value),
        ["mappingproxy"] = static (writer, value) => writer.WriteWrapped(value, 16),
        ["set"] = static (writer, value) => writer.WriteSet(value),
        ["frozenset"] = static (writer, value) => writer.WriteSet(value),
        ["range"] = static (writer, value) => writer.WriteRange(value),
        ["slice"] = static (writer, value) => writer.WriteSlice(value),
        ["function"] = static (writer, value) => writer.WriteFunction(value),
        ["method"] = static (writer, value) => writer.WriteMethod(value),
        ["builtin_function_or_method"] = static (writer, value) => writer.WriteBuiltIn(value),
        ["method_descriptor"] = static (writer, value) => writer.WriteDescriptor(value, "method"),
        ["wrapper_descriptor"] = static (writer, value) => writer.WriteDescriptor(value, "slot wrapper"),
        ["getset_descriptor"] = static (writer, value) => writer.WriteDescriptor(value, "attribute"),
        ["member_descriptor"] = static (writer, value) => writer.WriteDescriptor(value, "member"),
        ["code"] = static (writer, value) => writer.WriteCode(value),
        ["generator"] = static (writer, value) => writer.WriteGenerator(value, "generator"),
        ["coroutine"] = static (writer, value) => writer.WriteGenerator(value, "coroutine"),
        ["async_generator"] = static (writer, value) => writer.WriteGenerator(value, "async_generator"),
        ["type"] = static (writer, value) => writer.WriteClass(value),
        ["module"] = static (writer, value) => writer.WriteModule(value),
        ["weakref"] = static (writer, value) => writer.WriteWeakReference(value),
        ["weakref.ReferenceType"] = static (writer, value) => writer.WriteWeakReference(value),
        ["memoryview"] = static (writer, value) => writer.Add($"<memory at 0x{value.Address:x}>"),
        ["BaseException"] = static (writer, value) => writer.WriteException(value),
        ["types.SimpleNamespace"] = static (writer, value) => writer.WriteNamespace(value),
        ["datetime.date"] = static (writer, value) => writer.WriteDate(value),
        ["datetime.datetime"] = static (writer, value) => writer.WriteDateTime(value),
        ["datetime.time"] = static (writer, value) => writer.WriteTime(value),
        ["datetime.timedelta"] = static (writer, value) => writer.WriteTimeDelta(value),
        ["datetime.timezone"] = static (writer, value) => writer.WriteTimeZone(value),
        ["zoneinfo.ZoneInfo"] = static (writer, value) => writer.WriteZone(value),
        ["decimal.Decimal"] = static (writer, value) => writer.WriteDecimal(value),
        ["array.array"] = static (writer, value) => writer.WriteArray(value),
        ["numpy.ndarray"] = static (writer, value) => writer.WriteNumpyArray(value),
        ["numpy.generic"] = static (writer, value) => writer.WriteNumpyScalar(value),
        ["object"] = static (writer, value) => writer.WriteInstance(value),
    };

    /// <summary>Classes of the standard library, by module and qualified name.</summary>
    static readonly Dictionary<string, ValueKind> _library = new()
    {
        ["collections.Counter"] = static (writer, value) => writer.WriteCounter(value),
        ["fractions.Fraction"] = static (writer, value) => writer.WriteFraction(value),
        ["uuid.UUID"] = static (writer, value) => writer.WriteUuid(value),
        ["pathlib.PurePath"] = static (writer, value) => writer.WritePath(value),
        ["pathlib._local.PurePath"] = static (writer, value) => writer.WritePath(value),
    };

    /// <summary>How instances of a type are shown.</summary>
    public static ValueKind Of(ObjectReader objects, PythonType type) => type.Kind ??= Find(objects, type);

    static ValueKind Find(ObjectReader objects, PythonType type)
    {
        if (EnumMembers.IsEnumeration(objects, type))
        {
            return static (writer, value) => writer.WriteEnumMember(value);
        }

        foreach (var ancestor in objects.Ancestors(type))
        {
            if (!ancestor.IsClass && _builtIn.TryGetValue(ancestor.Name, out var kind))
            {
                return kind;
            }

            if (ancestor.IsClass && _library.TryGetValue(objects.FullName(ancestor), out kind))
            {
                return kind;
            }

            // numpy.float64 and numpy.str_ derive from Python's own types first.
            if (!ancestor.IsClass && NumpyTypes.IsScalar(ancestor.Name))
            {
                return _builtIn["numpy.generic"];
            }
        }

        return _builtIn["object"];
    }
}
