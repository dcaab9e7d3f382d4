namespace Sonde.Script.Conditions;

/// <summary>A condition on the arguments of a Python function, written as in Python: <c>user_id == 42 and len(items) > 100</c>.</summary>
abstract record PythonCondition
{
    /// <summary>The arguments it speaks of, each once.</summary>
    public IReadOnlyList<string> Names()
    {
        var names = new List<string>();
        Add(this);
        return names;

        void Add(PythonCondition condition)
        {
            switch (condition)
            {
                case Junction junction:
                    Add(junction.Left);
                    Add(junction.Right);
                    break;
                case Negation negation:
                    Add(negation.Operand);
                    break;
                case Test test:
                    AddOperand(test.Operand);
                    AddOperand((test as Ordering)?.Right);
                    break;
            }
        }

        void AddOperand(Operand? operand)
        {
            switch (operand)
            {
                case Place place when !names.Contains(place.Name):
                    names.Add(place.Name);
                    break;
                case Length length:
                    AddOperand(length.Of);
                    break;
                case Arithmetic arithmetic:
                    AddOperand(arithmetic.Left);
                    AddOperand(arithmetic.Right);
                    break;
            }
        }
    }
}

/// <summary>True or False as it stands.</summary>
sealed record Fixed(bool Value) : PythonCondition;

/// <summary><c>not</c>.</summary>
sealed record Negation(PythonCondition Operand) : PythonCondition;

/// <summary><c>and</c>, <c>or</c>: the right side counts only where the left one leaves it open.</summary>
sealed record Junction(bool IsAnd, PythonCondition Left, PythonCondition Right) : PythonCondition;

/// <summary>Something with a value that is asked about.</summary>
abstract record Operand;

/// <summary>An argument, or what is found from it step by step: <c>self.items[0]</c>.</summary>
sealed record Place(string Name, IReadOnlyList<Step> Steps) : Operand;

/// <summary>A way from an object to another: a <see cref="TextConstant"/> or an <see cref="IntegerConstant"/> in brackets, or an attribute.</summary>
/// <param name="Key">The key, or the attribute's name.</param>
/// <param name="IsAttribute">Whether it is an attribute.</param>
readonly record struct Step(Constant Key, bool IsAttribute);

/// <summary><c>len()</c> of a place.</summary>
sealed record Length(Place Of) : Operand;

/// <summary>A whole number that is calculated with.</summary>
sealed record Whole(long Value) : Operand;

/// <summary>Two whole numbers that are calculated with.</summary>
sealed record Arithmetic(Calculation Calculation, Operand Left, Operand Right) : Operand;

/// <summary>What is calculated of two whole numbers; division and modulo round down, as in Python.</summary>
enum Calculation
{
    Add,
    Subtract,
    Multiply,
    FloorDivide,
    Modulo,
    And,
    Or,
    Xor,
    ShiftLeft,
    ShiftRight,
}

/// <summary>Something asked of a value.</summary>
abstract record Test(Operand Operand) : PythonCondition;

/// <summary>Whether it is true.</summary>
sealed record Truth(Operand Operand) : Test(Operand);

/// <summary>A comparison with a constant on the right.</summary>
sealed record Comparison(Operand Operand, Relation Relation, Constant Constant) : Test(Operand);

/// <summary>A comparison of two whole numbers.</summary>
sealed record Ordering(Operand Operand, Relation Relation, Operand Right) : Test(Operand);

/// <summary>Whether a text or bytes are in it.</summary>
sealed record Containment(Place Place, Constant Needle) : Test(Place);

/// <summary>How two values are compared; <see cref="Is"/> is with <c>None</c>, <c>True</c> and <c>False</c> only.</summary>
enum Relation
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Is,
}

/// <summary>A value written down.</summary>
abstract record Constant;

sealed record IntegerConstant(long Value) : Constant;

sealed record RealConstant(double Value) : Constant;

sealed record TruthConstant(bool Value) : Constant;

sealed record NoneConstant : Constant;

sealed record TextConstant(string Value) : Constant;

sealed record BytesConstant(byte[] Value) : Constant;
