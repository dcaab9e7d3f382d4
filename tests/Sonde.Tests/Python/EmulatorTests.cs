using Sonde.Python.Injection;
using Sonde.Symbols;
using Xunit;

namespace Sonde.Tests.Python;

/// <summary>Functions are followed instruction by instruction, exactly or not at all, and never change what they are followed on.</summary>
public sealed class EmulatorTests
{
    const ulong Code = 0x1000, Data = 0x2000;

    [Theory]
    // lea eax,[rdi+1]; cdq; mov ecx,32; idiv ecx; mov eax,edx; ret
    [InlineData("8d 47 01 99 b9 20 00 00 00 f7 f9 89 d0 c3", 31, 0)]
    [InlineData("8d 47 01 99 b9 20 00 00 00 f7 f9 89 d0 c3", 4, 5)]
    // movsxd rax,edi; imul rax,rax,0x1b4e81b5; sar rax,37; ret: division by 300 as compilers do it
    [InlineData("48 63 c7 48 69 c0 b5 81 4e 1b 48 c1 f8 25 c3", 899, 2)]
    // cmp edi,5; sete al; movzx eax,al; neg eax; ret
    [InlineData("83 ff 05 0f 94 c0 0f b6 c0 f7 d8 c3", 5, 0xffffffff)]
    // xor eax,eax; test edi,edi; je +5; mov eax,7; ret
    [InlineData("31 c0 85 ff 74 05 b8 07 00 00 00 c3", 1, 7)]
    [InlineData("31 c0 85 ff 74 05 b8 07 00 00 00 c3", 0, 0)]
    // mov eax,fs:[0x28]; ret: the stack protector's word
    [InlineData("64 8b 04 25 28 00 00 00 c3", 9, 0)]
    public void Computes_what_the_processor_does(string code, ulong argument, ulong result) => Assert.Equal(result, (uint)Follow(code, out _, argument));

    [Fact]
    public void What_a_function_writes_is_kept_apart_and_told_in_order()
    {
        // lock add dword [rdi+8],1; mov [rdi],rsi; mov dword [rdi+12],3; mov dword [rdi+12],0; mov rax,[rdi]; ret
        ulong result = Follow("f0 83 47 08 01 48 89 37 c7 47 0c 03 00 00 00 c7 47 0c 00 00 00 00 48 8b 07 c3", out List<MemoryWrite> changes, Data, 0x1122);
        Assert.Equal(0x1122UL, result);
        // What is done as a whole comes last, and what is in the end as it was not at all.
        Assert.Equal([Data, Data + 8], changes.Select(change => change.Address));
        Assert.Equal([0x22, 0x11, 0, 0, 0, 0, 0, 0], changes[0].Bytes);
        Assert.Equal([1, 0, 0, 0], changes[1].Bytes);
    }

    [Theory]
    [InlineData("0f a2 c3")] // cpuid
    [InlineData("0f 05 c3")] // syscall
    [InlineData("f3 a4 c3")] // rep movsb
    [InlineData("eb fe")] // an endless loop
    [InlineData("ff e7")] // to where the argument leads: no memory
    [InlineData("f7 f7 c3")] // div by what may be anything
    [InlineData("64 c7 04 25 10 00 00 00 01 00 00 00 c3")] // a store to thread-local memory
    public void What_cannot_be_followed_exactly_is_not_followed_at_all(string code) => Assert.Throws<EmulationException>(() => Follow(code, out _, 0x99_0000, 2));

    static ulong Follow(string code, out List<MemoryWrite> changes, params ulong[] arguments)
    {
        var target = new Recorded(Convert.FromHexString(code.Replace(" ", "", StringComparison.Ordinal)));
        var memory = new EmulatedMemory(target);
        ulong result = new Emulator(memory, (_, _) => false).Call(Code, arguments);
        changes = memory.Changes();
        return result;
    }

    /// <summary>A page of code and one of zeros.</summary>
    sealed class Recorded(byte[] code) : IMemory
    {
        public bool TryRead(ulong address, Span<byte> destination)
        {
            destination.Clear();
            if (address >= Data && address + (ulong)destination.Length <= Data + 0x1000)
            {
                return true;
            }

            if (address < Code || address + (ulong)destination.Length > Code + (ulong)code.Length)
            {
                return false;
            }

            code.AsSpan((int)(address - Code), destination.Length).CopyTo(destination);
            return true;
        }
    }
}
