// What the specs of tests/specs probe: spectarget MODE [COUNT]. It writes nothing but "ready", in the modes that wait.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <fcntl.h>

// A USDT probe: a nop, and a note in the file that tells where it is and where its arguments are.
#define NOTE(provider, name, semaphore, arguments)                                                         \
    "990: nop\n"                                                                                           \
    ".pushsection .note.stapsdt,\"\",\"note\"\n"                                                           \
    ".balign 4\n.4byte 992f-991f, 994f-993f, 3\n"                                                          \
    "991: .asciz \"stapsdt\"\n992: .balign 4\n"                                                            \
    "993: .8byte 990b\n.8byte _.stapsdt.base\n.8byte " semaphore "\n"                                      \
    ".asciz \"" provider "\"\n.asciz \"" name "\"\n.asciz \"" arguments "\"\n994: .balign 4\n.popsection\n"
__asm__(".pushsection .stapsdt.base,\"aG\",\"progbits\",.stapsdt.base,comdat\n.weak _.stapsdt.base\n.hidden _.stapsdt.base\n"
        "_.stapsdt.base: .space 1\n.size _.stapsdt.base, 1\n.popsection\n");
__extension__ unsigned short guarded_semaphore __attribute__((unused, section(".probes"), visibility("hidden")));

enum color { RED, GREEN = 5, BLUE };
union word { uint32_t whole; uint8_t bytes[4]; };
struct flags { unsigned low : 3; unsigned middle : 5; signed high : 4; };
struct point { int x; int y; };
struct shape {
    char name[16];
    const char *label;
    enum color color;
    struct point corner;
    struct point *other;
    int sides[4];
    union word word;
    struct flags flags;
    int64_t big;
    struct shape *next;
};

int global_counter = 7;

int add(int a, int b) { __asm__ volatile("" : "+r"(a)); return a + b; }
long many(long a, long b, long c, long d, long e, long f, long g, long h) { __asm__ volatile("" : "+r"(a)); return a + b + c + d + e + f + g + h; }
const char *greet(const char *name) { __asm__ volatile("" : "+r"(name)); return name; }
int area(struct shape *shape) { __asm__ volatile("" : "+r"(shape)); return shape->corner.x * shape->corner.y; }
int paint(enum color color) { __asm__ volatile("" : "+r"(color)); return color; }
int bytes(const char *data, int length) { __asm__ volatile("" : "+r"(data)); return data[length - 1]; }
int list(char **words) { __asm__ volatile("" : "+r"(words)); return words[0] != 0; }
int small(int8_t a, uint8_t b, int16_t c, uint16_t d) { __asm__ volatile("" : "+r"(a)); return a + b + c + d; }
int isnull(void *pointer) { __asm__ volatile("" : "+r"(pointer)); return pointer == 0; }
int inner(int depth) { __asm__ volatile("" : "+r"(depth)); return depth; }
int middle(int depth) { return inner(depth) + 1; }
int outer(int depth) { return middle(depth) + 1; }
static int hidden_function(int value) { __asm__ volatile("" : "+r"(value)); return value; }
int settable(int *value) { __asm__ volatile("" : "+r"(value) : : "memory"); return *value; }

static void fire_simple(int value) { __asm__ volatile(NOTE("specs", "simple", "0", "-4@%0") : : "r"(value)); }
static void fire_text(int value, const char *text) { __asm__ volatile(NOTE("specs", "text", "0", "-4@%0 8@%1") : : "r"(value), "r"(text)); }
static void fire_types(int64_t value) {
    __asm__ volatile(NOTE("specs", "types", "0", "-1@%b0 1@%b0 -2@%w0 2@%w0 -4@%k0 4@%k0 -8@%0 8@%0") : : "r"(value));
}
static void fire_memory(int64_t *value) { __asm__ volatile(NOTE("specs", "memory", "0", "-8@(%0) -4@8(%0) -4@$-3") : : "r"(value)); }
static void fire_guarded(int value) { __asm__ volatile(NOTE("specs", "guarded", "guarded_semaphore", "-4@%0") : : "r"(value)); }
static void fire_other(int value) { __asm__ volatile(NOTE("others", "simple", "0", "-4@%0") : : "r"(value)); }

static volatile int sink;

static void calls(int count) {
    for (int i = 0; i < count; i++) { sink = add(i, 10); }
}

static void values(void) {
    static struct point far = { 100, 200 };
    static struct shape second = { "second", 0, RED, { 1, 1 }, 0, { 0 }, { 0 }, { 0 }, 0, 0 };
    static struct shape shape = { "square", "a label", GREEN, { 3, 4 }, &far, { 10, 20, 30, 40 }, { 0x04030201 }, { 5, 17, -2 }, -5000000000, &second };
    static char *words[] = { "one", "two", "three", 0 };
    static int value = 42;
    sink = many(1, 2, 3, 4, 5, 6, 7, 8);
    sink = greet("world")[0];
    sink = area(&shape);
    sink = paint(BLUE);
    sink = bytes("a\x01\xff\0z", 5);
    sink = list(words);
    sink = small(-1, 255, -2, 65535);
    sink = isnull(0);
    sink = outer(3);
    sink = hidden_function(9);
    sink = settable(&value);
}

static void probes(int count) {
    static int64_t memory[] = { -7, 11 };
    for (int i = 0; i < count; i++) {
        fire_simple(i);
        fire_text(i, "usdt text");
        fire_types(-2);
        fire_memory(memory);
        if (guarded_semaphore) { fire_guarded(i); }
        fire_other(i);
    }
}

// Writes to an address that a spec can know.
static void watch(int count) {
    volatile int *place = mmap((void *)0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (place == MAP_FAILED) { exit(3); }
    for (int i = 0; i < count; i++) { *place = i; }
}

static void await_line(void) {
    char c;
    puts("ready");
    fflush(stdout);
    while (read(0, &c, 1) == 1 && c != '\n') { }
}

// Datagrams to nobody; each tells its number, and the rest of its bytes are zero.
static int packets(int number, int size) {
    static char bytes[60000];
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int sender = socket(AF_INET, SOCK_DGRAM, 0), sent = 0;
    for (int i = 0; i < number; i++) {
        snprintf(bytes, sizeof bytes, "packet %d", i);
        sent += sendto(sender, bytes, size, 0, (struct sockaddr *)&to, sizeof to) == size;
    }
    close(sender);
    return sent != number;
}

// A socket of TCP that begins to listen, wherever there is room.
static int listens(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), result = listen(listener, 1);
    close(listener);
    return result != 0;
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "calls";
    int times = count > 2 ? atoi(arguments[2]) : 1;
    int waits = !strncmp(mode, "wait-", 5);
    if (waits) { await_line(); mode += 5; }
    if (!strcmp(mode, "calls")) { calls(times); }
    else if (!strcmp(mode, "values")) { values(); }
    else if (!strcmp(mode, "probes")) { probes(times); }
    else if (!strcmp(mode, "spin")) { time_t end = time(0) + times; while (time(0) < end) { sink++; } }
    else if (!strcmp(mode, "watch")) { watch(times); }
    else if (!strcmp(mode, "syscalls")) { for (int i = 0; i < times; i++) { syscall(SYS_getpriority, 0, 0); } }
    else if (!strcmp(mode, "open")) { int file = open("/etc/hostname", O_RDONLY); if (file >= 0) { close(file); } file = open("/no/such/file", O_RDONLY); }
    else if (!strcmp(mode, "packets")) { return packets(times, count > 3 ? atoi(arguments[3]) : 32); }
    else if (!strcmp(mode, "listen")) { return listens(); }
    else if (!strcmp(mode, "exit")) { return times; }
    else if (!strcmp(mode, "sleep")) { sleep(times); }
    else { fprintf(stderr, "spectarget: no mode %s\n", mode); return 2; }
    // Whoever traces can still find the names of what was seen.
    if (waits) { await_line(); }
    return 0;
}
