using System.Diagnostics;
using System.Text.RegularExpressions;
using Sonde.Symbols.Demangle;
using Xunit;

namespace Sonde.Tests.Symbols.Demangle;

public sealed partial class DemanglerTests
{
    [Theory]
    [InlineData("_Z3foov", "foo()")]
    [InlineData("_Z3fooi.part.0", "foo(int) [clone .part.0]")]
    [InlineData("_Z3fooi.constprop.0.isra.1", "foo(int) [clone .constprop.0] [clone .isra.1]")]
    [InlineData("_Z3fooi@@VERS_1", "foo(int)")]
    [InlineData("_ZN2ns1A1fEv", "ns::A::f()")]
    [InlineData("_ZNK2ns1A1fERKS0_", "ns::A::f(ns::A const&) const")]
    [InlineData("_ZNKR1A1fEv", "A::f() const &")]
    [InlineData("_ZNO1A1fEv", "A::f() &&")]
    [InlineData("_ZN1AC1Ei", "A::A(int)")]
    [InlineData("_ZN1AIiED0Ev", "A<int>::~A()")]
    [InlineData("_ZNSsC1Ev", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string()")]
    [InlineData("_ZN12_GLOBAL__N_13fooEv", "(anonymous namespace)::foo()")]
    [InlineData("_Z1fIiEvT_", "void f<int>(int)")]
    [InlineData("_Z1fIJidEEvDpT_", "void f<int, double>(int, double)")]
    [InlineData("_Z1fIJidEEvDpRKT_", "void f<int, double>(int const&, double const&)")]
    [InlineData("_Z1fIJEEvDpT_", "void f<>()")]
    [InlineData("_Z1fIiEPFvvET_", "void (*f<int>(int))()")]
    [InlineData("_Z1fPFvPKcE", "f(void (*)(char const*))")]
    [InlineData("_Z1fRA3_Ki", "f(int const (&) [3])")]
    [InlineData("_Z1fM1AKFvvE", "f(void (A::*)() const)")]
    [InlineData("_Z1fM1Ai", "f(int A::*)")]
    [InlineData("_Z1fOiPVKcz", "f(int&&, char const volatile*, ...)")]
    [InlineData("_Z1fILi5ELb1ELj7ELl8ELm9ELin3EEvv", "void f<5, true, 7u, 8l, 9ul, -3>()")]
    [InlineData("_Z1fIL1E2EEvv", "void f<(E)2>()")]
    [InlineData("_Z1fDnDiDsDa", "f(decltype(nullptr), char32_t, char16_t, auto)")]
    [InlineData("_Z1fDv4_fCd", "f(float __vector(4), double _Complex)")]
    [InlineData("_ZplRK1AS1_", "operator+(A const&, A const&)")]
    [InlineData("_ZNK1AcvbEv", "A::operator bool() const")]
    [InlineData("_ZN1AcvT_IiEEv", "A::operator int<int>()")]
    [InlineData("_ZnwmRKSt9nothrow_t", "operator new(unsigned long, std::nothrow_t const&)")]
    [InlineData("_Zli2_wPKc", "operator\"\" _w(char const*)")]
    [InlineData("_ZZ1fvE1x", "f()::x")]
    [InlineData("_ZZ1fvE1x_0", "f()::x")]
    [InlineData("_ZZ1fvENKUlvE_clEv", "f()::{lambda()#1}::operator()() const")]
    [InlineData("_ZZ1fvENKUlT_E0_clIiEEDaS_", "auto f()::{lambda(auto:1)#2}::operator()<int>(auto:1) const")]
    [InlineData("_ZZ1fvEN1AUt_C1Ev", "f()::A::{unnamed type#1}::{unnamed type#1}()")]
    [InlineData("_ZN1A3fooB5cxx11Ev", "A::foo[abi:cxx11]()")]
    [InlineData("_ZTV1A", "vtable for A")]
    [InlineData("_ZTI1A", "typeinfo for A")]
    [InlineData("_ZTSN2ns1AE", "typeinfo name for ns::A")]
    [InlineData("_ZTC1A0_1B", "construction vtable for B-in-A")]
    [InlineData("_ZThn16_N1A1fEv", "non-virtual thunk to A::f()")]
    [InlineData("_ZTv0_n24_N1A1fEv", "virtual thunk to A::f()")]
    [InlineData("_ZTcv0_n24_h16_N1A1fEv", "covariant return thunk to A::f()")]
    [InlineData("_ZGVZ1fvE1x", "guard variable for f()::x")]
    [InlineData("_ZTW1x", "TLS wrapper function for x")]
    [InlineData("_Z1fIiEDTplfp_Li1EET_", "decltype ({parm#1}+(1)) f<int>(int)")]
    [InlineData("_Z1fI1AEN9enable_ifIXsr9is_signedIT_EE5valueEvE4typeES2_", "enable_if<is_signed<A>::value, void>::type f<A>(A)")]
    public void Cpp_names_read_as_in_the_source(string mangled, string expected)
    {
        Assert.True(Demangler.TryDemangle(mangled, out var name));
        Assert.Equal(expected, name);
    }

    [Theory]
    [InlineData("_ZN4core3fmt9Formatter3new17h0123456789abcdefE", "core::fmt::Formatter::new")]
    [InlineData("_ZN4core3fmt9Formatter3new17h0123456789abcdefE.llvm.123", "core::fmt::Formatter::new")]
    [InlineData("_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE", "<Test + 'static as foo::Bar<Test>>::bar")]
    [InlineData("_ZN52_$LT$$RF$T$u20$as$u20$core..fmt..Debug$C$$BP$mut$GT$3fmt17h0123456789abcdefE", "<&T as core::fmt::Debug,*mut>::fmt")]
    [InlineData("_RNvCs1234_7mycrate3foo", "mycrate::foo")]
    [InlineData("_RNvC6_123foo3bar", "123foo::bar")]
    [InlineData("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_", "cc::spawn::{closure#0}::{closure#0}")]
    [InlineData("_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std", "alloc::alloc::box_free::<dyn alloc::boxed::FnBox<(), Output = ()>>")]
    [InlineData("_RMC0INtC8arrayvec8ArrayVechKj7b_E", "<arrayvec::ArrayVec<u8, 123>>")]
    [InlineData("_RMC0TTDNtC5Trait3FooL_Eluuu_E", null)]
    [InlineData("_RIC0Kcm_E", null)]
    [InlineData("_RIC1aKc76_Kln98_Kb1_E", "a::<'v', -152, true>")]
    [InlineData("_RIC1aKe616263_E", "a::<*\"abc\">")]
    [InlineData("_RNvNtNtNtNtCs92dm3009vxr_4rand4rngs7adapter9reseeding4fork23FORK_HANDLER_REGISTERED.0.0", "rand::rngs::adapter::reseeding::fork::FORK_HANDLER_REGISTERED.0.0")]
    [InlineData("_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y", "utf8_idents::საჭმელად_გემრიელი_სადილი")]
    [InlineData("_RIC1aFG_RL0_hEuE", "a::<for<'a> fn(&'a u8)>")]
    [InlineData("_RIC1aFUKCQhOhEPhE", "a::<unsafe extern \"C\" fn(&mut u8, *mut u8) -> *const u8>")]
    [InlineData("_RIC1aAhj4_ShTjETjmEE", "a::<[u8; 4], [u8], (usize,), (usize, u32)>")]
    public void Rust_names_read_as_in_the_source(string mangled, string? expected)
    {
        Demangler.TryDemangle(mangled, out var name);

        Assert.Equal(expected, name);
    }

    [Theory]
    [InlineData("_ZN2ns1fIiEEvT_", "ns::f<int>")]
    [InlineData("_ZNK2ns1A1fERKS0_", "ns::A::f")]
    [InlineData("_Z1fIiEPFvvET_", "f<int>")]
    [InlineData("_ZZ1fiENKUlvE_clEv", "f(int)::{lambda()#1}::operator()")]
    [InlineData("_ZTV1A", "vtable for A")]
    [InlineData("_ZN4core3fmt9Formatter3new17h0123456789abcdefE", "core::fmt::Formatter::new")]
    [InlineData("main", null)]
    public void A_function_has_a_name_without_parameters(string mangled, string? expected) =>
        Assert.Equal(expected, Demangler.FunctionName(mangled));

    [Theory]
    [InlineData("")]
    [InlineData("_")]
    [InlineData("_Z")]
    [InlineData("_R")]
    [InlineData("main")]
    [InlineData("_Zfoo")]
    [InlineData("_Z3fo")]
    [InlineData("_ZN1AE1")]
    [InlineData("_Z1fT_")]
    [InlineData("_Z1fS_")]
    [InlineData("_RNvB_")]
    [InlineData("_Z99999999999999999999a")]
    public void What_is_not_mangled_stays(string name) => Assert.False(Demangler.TryDemangle(name, out _));

    [Fact]
    public void Names_that_would_grow_without_bound_stay()
    {
        // Every parameter doubles the one before it.
        var doubling = "_Z1f1AIiiE" + string.Concat(Enumerable.Range(0, 60).Select(i => $"S_IS{Digits(i, 36).ToUpperInvariant()}_S{Digits(i, 36).ToUpperInvariant()}_E"));
        Assert.False(Demangler.TryDemangle(doubling, out _));
        Assert.False(Demangler.TryDemangle("_Z1f" + new string('P', 10_000) + "i", out _));
        Assert.False(Demangler.TryDemangle("_RIC1a" + new string('R', 10_000) + "hE", out _));
        Assert.False(Demangler.TryDemangle("_ZN1AcvT_IT_EEv", out _));
        var rust = "IC1aThhE";
        for (int at = 4, i = 0; i < 60; i++)
        {
            var reference = $"B{Digits(at - 1, 62)}_";
            at = rust.Length;
            rust += $"T{reference}{reference}E";
            if (i is < 8 or > 16)
            {
                Assert.Equal(i < 8, Demangler.TryDemangle($"_R{rust}E", out _));
            }
        }

        static string Digits(int number, int radix) => (number >= radix ? Digits(number / radix, radix) : "") + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % radix];
    }

    [Fact]
    public void Any_text_can_be_given()
    {
        string[] originals =
        [
            "_ZN4llvm11PassManagerINS_6ModuleENS_15AnalysisManagerIS1_JEEEJEE3runERS1_RS3_",
            "_ZZNSt12__shared_ptrIiLN9__gnu_cxx12_Lock_policyE2EEC4ISaIiEJiEEESt20_Sp_alloc_shared_tagIT_EDpOT0_ENKUlS6_E_clEv",
            "_Z1fIiEDTclsr3stdE5beginclsr3stdE7declvalIRT_EEEES2_PFvM1AKFvvEDpT_Ez",
            "_RINbNbCskIICzLVDPPb_5alloc5alloc8box_freeDINbNiB4_5boxed5FnBoxuEp6OutputuEL_ECs1iopQbuBiw2_3std",
            "_RIC1aKc76_Kln98_Ke616263_FG_RL0_hEuAhj4_TjmEu5ab_7hE",
            "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
        ];
        const string Letters = "_ZNIEJLXDTSKRPOFMAUCVGtvcilpsfdn0123456789.$hau";
        for (var seed = 0; seed < 60_000; seed++)
        {
            var random = new Random(seed);
            var text = originals[seed % originals.Length].ToCharArray().ToList();
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                var at = random.Next(2, text.Count);
                switch (random.Next(4))
                {
                    case 0:
                        text.RemoveAt(at);
                        break;
                    case 1:
                        text.Insert(at, Letters[random.Next(Letters.Length)]);
                        break;
                    case 2:
                        text.InsertRange(at, [.. text.Skip(random.Next(text.Count)).Take(random.Next(12))]);
                        break;
                    default:
                        text[at] = Letters[random.Next(Letters.Length)];
                        break;
                }
            }

            var mangled = string.Concat(text);
            if (Demangler.TryDemangle(mangled, out var name))
            {
                Assert.InRange(name.Length, 1, Demangler.LongestResult + 100);
                Assert.NotNull(Demangler.FunctionName(mangled));
            }
        }
    }

    [Fact]
    public void Names_of_real_libraries_read_as_in_cppfilt()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/c++filt"), "c++filt (binutils) is not installed.");
        string[] places =
        [
            "/usr/lib/x86_64-linux-gnu/libstdc++.so.6", "/usr/lib64/libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libprotobuf.so.32",
            "/usr/lib/x86_64-linux-gnu/libgrpc_unsecure.so.29", "/usr/lib/x86_64-linux-gnu/libLLVM-14.so.1",
        ];
        var checkedNames = 0;
        foreach (var path in places.Where(File.Exists))
        {
            var names = TestFiles.Open(path).DynamicSymbols.Select(s => s.Name).Where(n => n.StartsWith("_Z", StringComparison.Ordinal)).Distinct().ToArray();
            var different = names.Zip(CppFilt(names)).Where(pair => Plain(pair.Second) != Plain(Demangler.TryDemangle(pair.First, out var name) ? name : pair.First)).ToArray();

            // c++filt does not know some forms, and resolves a parameter by the template around the place of printing.
            Assert.True(different.Length <= names.Length / 500, string.Join('\n', different.Take(10)));
            checkedNames += names.Length;
        }

        Assert.SkipUnless(checkedNames > 0, "None of the libraries is installed.");

        static string Plain(string name) => name.Replace("> >", ">>", StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_real_Rust_libraries_read_as_in_cppfilt()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/c++filt"), "c++filt (binutils) is not installed.");
        var toolchains = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".rustup/toolchains");
        var libraries = Directory.Exists(toolchains) ? Directory.GetDirectories(toolchains).SelectMany(d => Directory.GetFiles(Path.Combine(d, "lib"), "librustc_driver-*.so")).ToArray() : [];
        Assert.SkipWhen(libraries.Length == 0, "No Rust toolchain is installed.");
        foreach (var path in libraries)
        {
            var names = TestFiles.Open(path).DynamicSymbols.Select(s => s.Name).Where(n => n.StartsWith("_R", StringComparison.Ordinal)).Distinct().ToArray();
            var different = names.Zip(CppFilt(names)).Where(pair => Plain(pair.Second) != (Demangler.TryDemangle(pair.First, out var name) ? name : pair.First)).ToArray();

            Assert.True(different.Length == 0, string.Join('\n', different.Take(10)));
        }

        // It is asked for nothing, yet shows the hashes of crates and the types of constants.
        static string Plain(string name) => ConstantType().Replace(Hash().Replace(name, ""), "");
    }

    [GeneratedRegex(@"\[[0-9a-f]{1,16}\]")]
    private static partial Regex Hash();

    [GeneratedRegex(@"(?<=[0-9e'\}]): (?:[iu](?:8|16|32|64|128|size)|bool|char)\b")]
    private static partial Regex ConstantType();

    static string[] CppFilt(string[] names)
    {
        using var process = Process.Start(new ProcessStartInfo("c++filt") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var output = process.StandardOutput.ReadToEndAsync();
        foreach (var name in names)
        {
            process.StandardInput.WriteLine(name);
        }

        process.StandardInput.Close();
        process.WaitForExit();
        return output.Result.TrimEnd('\n').Split('\n');
    }
}
