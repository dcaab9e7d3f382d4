// Written by eng/usdt-probes.
using Sonde.Usdt.Native;

namespace Sonde.Usdt;

/// <summary>A probe with one argument.</summary>
/// <typeparam name="T">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument">The argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T argument)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument));
            firing.Add(argument);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with two arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with three arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with four arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with five arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with six arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with seven arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with eight arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>(), Firing.KindOf<T8>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument8">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7, T8 argument8)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7) + Firing.BytesOf(argument8));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Add(argument8);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with nine arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>(), Firing.KindOf<T8>(), Firing.KindOf<T9>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument8">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument9">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7, T8 argument8, T9 argument9)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7) + Firing.BytesOf(argument8) + Firing.BytesOf(argument9));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Add(argument8);
            firing.Add(argument9);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with ten arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>(), Firing.KindOf<T8>(), Firing.KindOf<T9>(), Firing.KindOf<T10>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument8">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument9">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument10">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7, T8 argument8, T9 argument9, T10 argument10)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7) + Firing.BytesOf(argument8) + Firing.BytesOf(argument9) + Firing.BytesOf(argument10));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Add(argument8);
            firing.Add(argument9);
            firing.Add(argument10);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with eleven arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T11">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>(), Firing.KindOf<T8>(), Firing.KindOf<T9>(), Firing.KindOf<T10>(), Firing.KindOf<T11>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument8">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument9">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument10">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument11">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7, T8 argument8, T9 argument9, T10 argument10, T11 argument11)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7) + Firing.BytesOf(argument8) + Firing.BytesOf(argument9) + Firing.BytesOf(argument10) + Firing.BytesOf(argument11));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Add(argument8);
            firing.Add(argument9);
            firing.Add(argument10);
            firing.Add(argument11);
            firing.Pass(site);
        }
    }
}

/// <summary>A probe with twelve arguments.</summary>
/// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T11">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
/// <typeparam name="T12">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
public sealed class UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> : UsdtProbe
{
    internal UsdtProbe(string provider, string name, IReadOnlyList<string> argumentNames)
        : base(provider, name, [Firing.KindOf<T1>(), Firing.KindOf<T2>(), Firing.KindOf<T3>(), Firing.KindOf<T4>(), Firing.KindOf<T5>(), Firing.KindOf<T6>(), Firing.KindOf<T7>(), Firing.KindOf<T8>(), Firing.KindOf<T9>(), Firing.KindOf<T10>(), Firing.KindOf<T11>(), Firing.KindOf<T12>()], argumentNames)
    {
    }

    /// <summary>Passes the arguments to the tracers that are attached; without any it does nothing.</summary>
    /// <param name="argument1">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument2">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument3">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument4">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument5">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument6">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument7">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument8">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument9">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument10">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument11">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    /// <param name="argument12">An argument. Texts are passed in UTF-8, and end at their first NUL.</param>
    public void Fire(T1 argument1, T2 argument2, T3 argument3, T4 argument4, T5 argument5, T6 argument6, T7 argument7, T8 argument8, T9 argument9, T10 argument10, T11 argument11, T12 argument12)
    {
        var site = Site;
        if (site.IsEnabled)
        {
            var firing = new Firing(stackalloc byte[Firing.StackBytes], Firing.BytesOf(argument1) + Firing.BytesOf(argument2) + Firing.BytesOf(argument3) + Firing.BytesOf(argument4) + Firing.BytesOf(argument5) + Firing.BytesOf(argument6) + Firing.BytesOf(argument7) + Firing.BytesOf(argument8) + Firing.BytesOf(argument9) + Firing.BytesOf(argument10) + Firing.BytesOf(argument11) + Firing.BytesOf(argument12));
            firing.Add(argument1);
            firing.Add(argument2);
            firing.Add(argument3);
            firing.Add(argument4);
            firing.Add(argument5);
            firing.Add(argument6);
            firing.Add(argument7);
            firing.Add(argument8);
            firing.Add(argument9);
            firing.Add(argument10);
            firing.Add(argument11);
            firing.Add(argument12);
            firing.Pass(site);
        }
    }
}

public sealed partial class UsdtProvider
{
    /// <summary>Adds a probe with one argument.</summary>
    /// <typeparam name="T">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T> AddProbe<T>(string name, params string[] argumentNames) => Add(new UsdtProbe<T>(Name, name, argumentNames));

    /// <summary>Adds a probe with two arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2> AddProbe<T1, T2>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2>(Name, name, argumentNames));

    /// <summary>Adds a probe with three arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3> AddProbe<T1, T2, T3>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3>(Name, name, argumentNames));

    /// <summary>Adds a probe with four arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4> AddProbe<T1, T2, T3, T4>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4>(Name, name, argumentNames));

    /// <summary>Adds a probe with five arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5> AddProbe<T1, T2, T3, T4, T5>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5>(Name, name, argumentNames));

    /// <summary>Adds a probe with six arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6> AddProbe<T1, T2, T3, T4, T5, T6>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6>(Name, name, argumentNames));

    /// <summary>Adds a probe with seven arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7> AddProbe<T1, T2, T3, T4, T5, T6, T7>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7>(Name, name, argumentNames));

    /// <summary>Adds a probe with eight arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8> AddProbe<T1, T2, T3, T4, T5, T6, T7, T8>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8>(Name, name, argumentNames));

    /// <summary>Adds a probe with nine arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9> AddProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9>(Name, name, argumentNames));

    /// <summary>Adds a probe with ten arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> AddProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(Name, name, argumentNames));

    /// <summary>Adds a probe with eleven arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T11">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> AddProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(Name, name, argumentNames));

    /// <summary>Adds a probe with twelve arguments.</summary>
    /// <typeparam name="T1">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T2">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T3">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T4">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T5">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T6">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T7">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T8">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T9">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T10">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T11">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <typeparam name="T12">An integer, <see langword="bool"/>, <see langword="char"/>, a floating-point number, a text or bytes.</typeparam>
    /// <param name="name">Its name, which no other probe of the provider has.</param>
    /// <param name="argumentNames">What the arguments are called, for tools that show it: one for each, or none.</param>
    /// <exception cref="ArgumentException">The name is none or taken, or there are names for some arguments only.</exception>
    /// <exception cref="NotSupportedException">An argument is of a type that cannot be passed.</exception>
    /// <exception cref="InvalidOperationException">The provider is loaded.</exception>
    public UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> AddProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(string name, params string[] argumentNames) => Add(new UsdtProbe<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(Name, name, argumentNames));
}
