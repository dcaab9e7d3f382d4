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
                case Test test when !names.Contains(test.Subject.Name):
                    names.Add(test.Subject.Name);
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

/// <summary>An argument, or <c>len()</c> of it.</summary>
readonly record struct Subject(string Name, bool IsLength);

/// <summary>Something asked of an argument.</summary>
abstract record Test(Subject Subject) : PythonCondition;

/// <summary>Whether it is true.</summary>
sealed record Truth(Subject Subject) : Test(Subject);

/// <summary>A comparison with a constant on the right.</summary>
sealed record Comparison(Subject Subject, Relation Relation, Constant Constant) : Test(Subject);

/// <summary>Whether a text or bytes are in it.</summary>
sealed record Containment(Subject Subject, Constant Needle) : Test(Subject);

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
