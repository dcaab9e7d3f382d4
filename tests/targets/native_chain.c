// A program that knows its own stack: native_chain wait|spin|signal|abort. It says "ready", then is in the chain main, outermost, ... innermost until its input ends.
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int stopped;
static volatile long sink;

static void wait_for_end(void)
{
    char byte;
    while (read(0, &byte, 1) > 0)
    {
    }
}

static void *watch(void *unused)
{
    (void)unused;
    wait_for_end();
    stopped = 1;
    return 0;
}

__attribute__((noinline)) static int innermost(int mode)
{
    if (mode == 's')
    {
        while (!stopped)
        {
            sink++;
        }
    }
    else
    {
        wait_for_end();
    }

    return (int)sink + mode;
}

static void on_signal(int number)
{
    sink += innermost('w') + number;
}

__attribute__((noinline)) static int through_pointer(int (*next)(int), int mode)
{
    if (mode == 'S')
    {
        raise(SIGUSR1);
        return (int)sink;
    }

    if (mode == 'a')
    {
        abort();
    }

    return next(mode) + 1;
}

// Aligns its stack: the frame address is in memory.
__attribute__((noinline)) static int aligned(int mode)
{
    volatile char buffer[256] __attribute__((aligned(128)));
    buffer[mode & 127] = (char)mode;
    return through_pointer(innermost, mode) + buffer[mode & 127];
}

__attribute__((noinline)) static int with_array(int mode)
{
    volatile char buffer[3000];
    memset((char *)buffer, mode, sizeof buffer);
    return aligned(mode) + buffer[sink & 1023];
}

// Its frame has a size that only it knows, so it keeps a frame pointer.
__attribute__((noinline)) static int with_alloca(int mode, int size)
{
    volatile char *buffer = alloca((size_t)size);
    memset((char *)buffer, mode, (size_t)size);
    return with_array(mode) + buffer[size / 2];
}

__attribute__((noinline)) static int outermost(int mode)
{
    return with_alloca(mode, 500 + (mode & 1)) + 1;
}

static void *in_thread(void *mode)
{
    return (void *)(long)outermost((int)(long)mode);
}

int main(int count, char **arguments)
{
    int mode = count > 1 ? arguments[1][0] : 'w';
    pthread_t thread;
    signal(SIGUSR1, on_signal);
    if (count > 1 && !strcmp(arguments[1], "spin"))
    {
        pthread_create(&thread, 0, watch, 0);
    }

    if (count > 1 && !strcmp(arguments[1], "signal"))
    {
        mode = 'S';
    }

    puts("ready");
    fflush(stdout);
    if (count > 2)
    {
        pthread_create(&thread, 0, in_thread, (void *)(long)mode);
        pthread_join(thread, 0);
        return 0;
    }

    return outermost(mode) & 1;
}
