// A program that is no python but has one in it: says "ready PID", and ends after a line.
#include <stddef.h>

// Those two have been the same since Python 1 (Include/pylifecycle.h, Include/pythonrun.h), so that no headers are needed.
void Py_Initialize(void);
int PyRun_SimpleStringFlags(const char *program, void *flags);

int main(void)
{
    Py_Initialize();
    return PyRun_SimpleStringFlags(
        "import os, sys\n"
        "def embedded(answer):\n"
        "    line = sys.stdin.readline()\n"
        "    while line == 'spin\\n':\n"
        "        answer += 0\n"
        "sys.stdout.write('ready %d\\n' % os.getpid())\n"
        "sys.stdout.flush()\n"
        "embedded(42)\n", NULL);
}
