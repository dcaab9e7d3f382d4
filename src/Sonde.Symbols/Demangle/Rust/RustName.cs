using System.Globalization;
using System.Text;

namespace Sonde.Symbols.Demangle.Rust;

/// <summary>Rust's v0 mangling, read and written in one pass. Output follows the compiler's own demangler without the hashes of crates.</summary>
/// <remarks>Source: Rust RFC 2603 "Rust Symbol Name Mangling v0". Back references are read again where they point, so steps are counted.</remarks>
sealed class RustName
{
    const int DeepestNesting = 150;
    const int MostSteps = 100_000;

    readonly string _mangled;
    readonly StringBuilder _text = new();
    int _position;
    int _depth;
    int _steps;
    ulong _boundLifetimes;
    bool _isSilent;
    bool _failed;

    RustName(string mangled) => _mangled = mangled;

    char Peek => _position < _mangled.Length ? _mangled[_position] : '\0';

    /// <summary>The path; null when the name is damaged or beyond the limits.</summary>
    public static string? Demangle(string mangled)
    {
        var end = mangled.IndexOf('.', StringComparison.Ordinal);
        var suffix = end < 0 ? "" : mangled[end..];
        var body = end < 0 ? mangled[2..] : mangled[2..end];
        if (body.Length == 0 || !char.IsAsciiLetterUpper(body[0]) || body.AsSpan().ContainsAnyExceptInRange('\u0001', '\u007f'))
        {
            return null;
        }

        var name = new RustName(body);
        name.Path(inValue: true);
        if (name._position < body.Length)
        {
            // The crate that instantiated a generic function follows; it is no part of its name.
            name._isSilent = true;
            name.Path(inValue: false);
        }

        return name._failed || name._position < body.Length ? null
            : suffix.Length == 0 || suffix.StartsWith(".llvm.", StringComparison.Ordinal) ? name._text.ToString()
            : name._text.Append(suffix).ToString();
    }

    void Path(bool inValue)
    {
        if (!Enter())
        {
            return;
        }

        switch (Next())
        {
            case 'C':
                Disambiguator();
                Write(Identifier());
                break;
            case 'N':
                NestedPath(inValue);
                break;
            case 'M':
                SilentImplPath();
                Write("<");
                Type();
                Write(">");
                break;
            case 'X':
                SilentImplPath();
                TraitPath();
                break;
            case 'Y':
                TraitPath();
                break;
            case 'I':
                Path(inValue);
                Write(inValue ? "::<" : "<");
                Separated(GenericArgument);
                Write(">");
                break;
            case 'B':
                Again(() => Path(inValue));
                break;
            default:
                Fail();
                break;
        }

        _depth--;
    }

    void TraitPath()
    {
        Write("<");
        Type();
        Write(" as ");
        Path(inValue: false);
        Write(">");
    }

    void SilentImplPath()
    {
        Disambiguator();
        var outer = _isSilent;
        _isSilent = true;
        Path(inValue: false);
        _isSilent = outer;
    }

    void NestedPath(bool inValue)
    {
        var space = Next();
        if (!char.IsAsciiLetter(space))
        {
            Fail();
            return;
        }

        Path(inValue);
        var disambiguator = Disambiguator();
        var name = Identifier();
        if (char.IsAsciiLetterUpper(space))
        {
            var kind = space switch
            {
                'C' => "closure",
                'S' => "shim",
                _ => space.ToString(),
            };
            Write(string.Create(CultureInfo.InvariantCulture, $"::{{{kind}{(name.Length > 0 ? ":" : "")}{name}#{disambiguator}}}"));
        }
        else if (name.Length > 0)
        {
            Write("::");
            Write(name);
        }
    }

    void GenericArgument()
    {
        if (Eat('L'))
        {
            Lifetime(Number());
        }
        else if (Eat('K'))
        {
            Constant();
        }
        else
        {
            Type();
        }
    }

    void Type()
    {
        if (!Enter())
        {
            return;
        }

        var letter = Next();
        if (BasicType(letter) is { } basic)
        {
            Write(basic);
            _depth--;
            return;
        }

        switch (letter)
        {
            case 'R' or 'Q':
                Write("&");
                if (Eat('L') && Number() is > 0 and var lifetime)
                {
                    Lifetime(lifetime);
                    Write(" ");
                }

                Write(letter == 'Q' ? "mut " : "");
                Type();
                break;
            case 'P' or 'O':
                Write(letter == 'P' ? "*const " : "*mut ");
                Type();
                break;
            case 'A' or 'S':
                Write("[");
                Type();
                if (letter == 'A')
                {
                    Write("; ");
                    Constant();
                }

                Write("]");
                break;
            case 'T':
                Write("(");
                var count = Separated(Type);
                Write(count == 1 ? ",)" : ")");
                break;
            case 'F':
                Bound(FunctionType);
                break;
            case 'D':
                DynamicType();
                break;
            case 'B':
                Again(Type);
                break;
            default:
                _position--;
                Path(inValue: false);
                break;
        }

        _depth--;
    }

    void FunctionType()
    {
        if (Eat('U'))
        {
            Write("unsafe ");
        }

        if (Eat('K'))
        {
            var abi = Eat('C') ? "C" : Identifier().Replace('_', '-');
            Write($"extern \"{abi}\" ");
        }

        Write("fn(");
        Separated(Type);
        Write(")");
        if (!Eat('u'))
        {
            Write(" -> ");
            Type();
        }
    }

    void DynamicType()
    {
        Write("dyn ");
        Bound(() => Separated(DynamicTrait, " + "));
        if (!Eat('L'))
        {
            Fail();
            return;
        }

        if (Number() is > 0 and var lifetime)
        {
            Write(" + ");
            Lifetime(lifetime);
        }
    }

    /// <summary>A trait with its arguments and associated types in one pair of brackets.</summary>
    void DynamicTrait()
    {
        var isOpen = PathWithOpenArguments();
        while (!_failed && Eat('p'))
        {
            Write(isOpen ? ", " : "<");
            isOpen = true;
            Write(Identifier());
            Write(" = ");
            Type();
        }

        Write(isOpen ? ">" : "");
    }

    bool PathWithOpenArguments()
    {
        if (!Enter())
        {
            return false;
        }

        var isOpen = false;
        if (Eat('B'))
        {
            Again(() => isOpen = PathWithOpenArguments());
        }
        else if (Eat('I'))
        {
            Path(inValue: false);
            Write("<");
            Separated(GenericArgument);
            isOpen = true;
        }
        else
        {
            Path(inValue: false);
        }

        _depth--;
        return isOpen;
    }

    void Bound(Action body)
    {
        var count = Eat('G') ? Number() + 1 : 0;
        if (count > 256)
        {
            Fail();
            return;
        }

        var outer = _boundLifetimes;
        if (count > 0)
        {
            Write("for<");
            for (ulong i = 0; i < count; i++)
            {
                Write(i > 0 ? ", " : "");
                _boundLifetimes++;
                Lifetime(1);
            }

            Write("> ");
        }

        body();
        _boundLifetimes = outer;
    }

    /// <summary>Lifetimes count from the innermost binder outwards; 0 is one that was left out.</summary>
    void Lifetime(ulong index)
    {
        if (index == 0)
        {
            Write("'_");
            return;
        }

        if (index > _boundLifetimes)
        {
            Fail();
            return;
        }

        var depth = _boundLifetimes - index;
        Write(depth < 26 ? $"'{(char)('a' + (int)depth)}" : string.Create(CultureInfo.InvariantCulture, $"'_{depth}"));
    }

    void Constant()
    {
        if (!Enter())
        {
            return;
        }

        var type = Next();
        switch (type)
        {
            case 'p':
                Write("_");
                break;
            case 'B':
                Again(Constant);
                break;
            case 'b':
                Write(HexDigits() switch
                {
                    "0" => "false",
                    "1" => "true",
                    _ => Fail(),
                });
                break;
            case 'c':
                Write(ulong.TryParse(HexDigits(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && code <= int.MaxValue && Rune.IsValid((int)code)
                    ? Quoted(new Rune((int)code))
                    : Fail());
                break;
            case 'a' or 's' or 'l' or 'x' or 'n' or 'i':
                Write(Eat('n') ? "-" : "");
                Write(Integer(HexDigits()));
                break;
            case 'h' or 't' or 'm' or 'y' or 'o' or 'j':
                Write(Integer(HexDigits()));
                break;
            case 'e':
                Write("*");
                Write(StringLiteral(HexDigits()));
                break;
            case 'R' or 'Q':
                if (type == 'R' && Eat('e'))
                {
                    Write(StringLiteral(HexDigits()));
                    break;
                }

                Write(type == 'R' ? "&" : "&mut ");
                Constant();
                break;
            case 'A':
                Write("[");
                Separated(Constant);
                Write("]");
                break;
            case 'T':
                Write("(");
                var count = Separated(Constant);
                Write(count == 1 ? ",)" : ")");
                break;
            case 'V':
                ConstantOfClass();
                break;
            default:
                Fail();
                break;
        }

        _depth--;
    }

    void ConstantOfClass()
    {
        Path(inValue: true);
        switch (Next())
        {
            case 'U':
                break;
            case 'T':
                Write("(");
                Separated(Constant);
                Write(")");
                break;
            case 'S':
                Write(" { ");
                Separated(() =>
                {
                    Disambiguator();
                    Write(Identifier());
                    Write(": ");
                    Constant();
                });
                Write(" }");
                break;
            default:
                Fail();
                break;
        }
    }

    static string Integer(string digits)
    {
        digits = digits.TrimStart('0');
        return digits.Length == 0 ? "0"
            : ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) ? value.ToString(CultureInfo.InvariantCulture)
            : "0x" + digits;
    }

    static string Quoted(Rune letter) => letter.Value switch
    {
        '\'' => @"'\''",
        '\\' => @"'\\'",
        '\n' => @"'\n'",
        '\r' => @"'\r'",
        '\t' => @"'\t'",
        < ' ' or 0x7f => string.Create(CultureInfo.InvariantCulture, $"'\\u{{{letter.Value:x}}}'"),
        _ => $"'{letter}'",
    };

    string StringLiteral(string digits)
    {
        if (digits.Length % 2 != 0)
        {
            return Fail();
        }

        var text = Encoding.UTF8.GetString(Convert.FromHexString(digits));
        return "\"" + text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal) + "\"";
    }

    string HexDigits()
    {
        var start = _position;
        while (char.IsAsciiHexDigitLower(Peek))
        {
            _position++;
        }

        var digits = _mangled[start.._position];
        return Eat('_') ? digits : Fail();
    }

    ulong Disambiguator() => Eat('s') ? Number() + 1 : 0;

    /// <summary>A number in base 62: <c>_</c> is 0, <c>0_</c> is 1.</summary>
    ulong Number()
    {
        if (Eat('_'))
        {
            return 0;
        }

        ulong value = 0;
        while (!Eat('_'))
        {
            var digit = Next() switch
            {
                >= '0' and <= '9' and var c => c - '0',
                >= 'a' and <= 'z' and var c => c - 'a' + 10,
                >= 'A' and <= 'Z' and var c => c - 'A' + 36,
                _ => -1,
            };
            if (digit < 0 || value > (ulong.MaxValue - 62) / 62)
            {
                Fail();
                return 0;
            }

            value = value * 62 + (ulong)digit;
        }

        return value + 1;
    }

    string Identifier()
    {
        var isPunycode = Eat('u');
        var length = 0;
        if (!char.IsAsciiDigit(Peek))
        {
            return Fail();
        }

        if (!Eat('0'))
        {
            while (char.IsAsciiDigit(Peek) && length <= _mangled.Length)
            {
                length = length * 10 + (Next() - '0');
            }
        }

        // It keeps names apart that begin with a digit or an underscore.
        Eat('_');
        if (length > _mangled.Length - _position)
        {
            return Fail();
        }

        var name = _mangled.Substring(_position, length);
        _position += length;
        if (!isPunycode)
        {
            return name;
        }

        var split = name.LastIndexOf('_');
        return Punycode.Decode(split < 0 ? "" : name.AsSpan(0, split), name.AsSpan(split + 1)) ?? Fail();
    }

    /// <summary>Reads once more what stands earlier in the name.</summary>
    void Again(Action read)
    {
        var self = _position - 1;
        var target = Number();
        if (target >= (ulong)self)
        {
            Fail();
            return;
        }

        if (_isSilent)
        {
            return;
        }

        var after = _position;
        _position = (int)target;
        read();
        _position = _failed ? _mangled.Length : after;
    }

    int Separated(Action read, string separator = ", ")
    {
        var count = 0;
        while (!_failed && !Eat('E'))
        {
            Write(count++ > 0 ? separator : "");
            read();
        }

        return count;
    }

    static string? BasicType(char letter) => letter switch
    {
        'a' => "i8",
        'b' => "bool",
        'c' => "char",
        'd' => "f64",
        'e' => "str",
        'f' => "f32",
        'h' => "u8",
        'i' => "isize",
        'j' => "usize",
        'l' => "i32",
        'm' => "u32",
        'n' => "i128",
        'o' => "u128",
        's' => "i16",
        't' => "u16",
        'u' => "()",
        'v' => "...",
        'x' => "i64",
        'y' => "u64",
        'z' => "!",
        'p' => "_",
        _ => null,
    };

    void Write(string text)
    {
        if (!_isSilent)
        {
            _text.Append(text);
            if (_text.Length > Demangler.LongestResult)
            {
                Fail();
            }
        }
    }

    char Next()
    {
        if (_position >= _mangled.Length)
        {
            Fail();
            return '\0';
        }

        return _mangled[_position++];
    }

    bool Eat(char letter)
    {
        if (Peek != letter)
        {
            return false;
        }

        _position++;
        return true;
    }

    bool Enter()
    {
        if (++_depth > DeepestNesting || ++_steps > MostSteps || _failed)
        {
            Fail();
            return false;
        }

        return true;
    }

    string Fail()
    {
        _failed = true;
        _position = _mangled.Length;
        return "";
    }
}
