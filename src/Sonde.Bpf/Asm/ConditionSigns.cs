namespace Sonde.Bpf;

/// <summary>Conditions as listings show them.</summary>
public static class ConditionSigns
{
    /// <summary>The sign between what is compared, as bpftool(8) writes it: <c>s</c> before it for the signed forms.</summary>
    public static string Sign(this Condition condition) => condition switch
    {
        Condition.Equal => "==",
        Condition.NotEqual => "!=",
        Condition.Greater => ">",
        Condition.GreaterOrEqual => ">=",
        Condition.Less => "<",
        Condition.LessOrEqual => "<=",
        Condition.AnyBits => "&",
        Condition.SignedGreater => "s>",
        Condition.SignedGreaterOrEqual => "s>=",
        Condition.SignedLess => "s<",
        Condition.SignedLessOrEqual => "s<=",
        _ => "?",
    };
}
