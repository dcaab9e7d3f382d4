/* Calls that nest deeply, and one that never returns, once for each line it reads. */

#include <setjmp.h>
#include <stdio.h>

static jmp_buf out;

int deep(int n)
{
    return n == 0 ? 0 : deep(n - 1) + 1;
}

int leave(int how)
{
    if (how == 1)
        longjmp(out, 1);
    return 7;
}

int main(void)
{
    char line[64];
    volatile int how;

    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        deep(100);
        how = 1;
        if (setjmp(out))
            how = 0;
        leave(how);
        puts("done");
        fflush(stdout);
    }
    return 0;
}
