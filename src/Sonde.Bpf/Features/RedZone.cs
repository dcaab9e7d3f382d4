using Sonde.Linux;

namespace Sonde.Bpf;

/// <summary>
/// Tries whether a uprobe on a five-byte nop spoils the 128 bytes below the stack pointer, which the x86-64 ABI gives to leaf functions.
/// </summary>
/// <remarks>
/// Linux 6.18 replaces such a nop, after its first hit, by a call that pushes onto the stack of whoever runs there
/// (arch/x86/kernel/uprobes.c). The code tried is our own, so nobody is harmed.
/// </remarks>
static class RedZone
{
    const int NopOffset = 30;
    const int Calls = 16; // the first hit still goes through a breakpoint, the later ones through the call

    // Four words below the stack pointer are written, the nop is passed, and the words are compared: 0 when they are as they were.
    internal static ReadOnlySpan<byte> Leaf =>
    [
        0x48, 0xb8, 0x5a, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, 0x5a, 0xa5, // mov rax, 0xa55aa55aa55aa55a
        0x48, 0x89, 0x44, 0x24, 0xf8, // mov [rsp-8], rax
        0x48, 0x89, 0x44, 0x24, 0xf0, // mov [rsp-16], rax
        0x48, 0x89, 0x44, 0x24, 0xe8, // mov [rsp-24], rax
        0x48, 0x89, 0x44, 0x24, 0xe0, // mov [rsp-32], rax
        0x0f, 0x1f, 0x44, 0x00, 0x00, // nop dword [rax+rax]
        0x48, 0x89, 0xc1, // mov rcx, rax
        0x48, 0x33, 0x4c, 0x24, 0xf8, // xor rcx, [rsp-8]
        0x48, 0x89, 0xc2, // mov rdx, rax
        0x48, 0x33, 0x54, 0x24, 0xf0, // xor rdx, [rsp-16]
        0x48, 0x09, 0xd1, // or rcx, rdx
        0x48, 0x89, 0xc2, // mov rdx, rax
        0x48, 0x33, 0x54, 0x24, 0xe8, // xor rdx, [rsp-24]
        0x48, 0x09, 0xd1, // or rcx, rdx
        0x48, 0x89, 0xc2, // mov rdx, rax
        0x48, 0x33, 0x54, 0x24, 0xe0, // xor rdx, [rsp-32]
        0x48, 0x09, 0xd1, // or rcx, rdx
        0x48, 0x89, 0xc8, // mov rax, rcx
        0xc3, // ret
    ];

    /// <summary>Whether the words are still there after every hit.</summary>
    /// <exception cref="LinuxException">It could not be tried.</exception>
    internal static bool IsKept()
    {
        // Other architectures have neither the red zone's use of it nor the optimization.
        if (!SelfProbe.IsX64)
        {
            return true;
        }

        using ExecutablePage page = ExecutablePage.Create(Leaf);
        using SelfProbe.Attachment attached = SelfProbe.Attach(page, NopOffset);
        bool kept = true;
        for (int i = 0; i < Calls; i++)
        {
            kept &= page.Call(0) == 0;
        }

        return kept;
    }
}
