// Defines probes with the functions of libstapsdt, fires them when a tracer is there, and prints what it fired. Arguments: how many firings; "file" to
// have the probes in a file, "fork" to have a child fire too, "again" to load and unload many times first.
#include <errno.h>
#include <libstapsdt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void nap(void) { nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL); }

static uint64_t state = 88172645463325252ull;
static uint64_t number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static long resident(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%*d %ld", &pages) != 1)
    exit(9);
  fclose(file);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

// By how many KiB the process grows when a provider is made, loaded, unloaded and destroyed so many times.
static long again(int times) {
  long before = 0;
  for (int i = 0; i < 2 * times; i++) {
    if (i == times)
      before = resident();
    SDTProvider_t *provider = providerInit("again");
    SDTProbe_t *said = providerAddProbe(provider, "said", 2, uint64, int32);
    if (providerLoad(provider) != 0)
      exit(8);
    probeFire(said, "text", i);
    if (providerUnload(provider) != 0)
      exit(8);
    providerDestroy(provider);
  }
  return resident() - before;
}

int main(int count, char **arguments) {
  int firings = count > 1 ? atoi(arguments[1]) : 100;
  int byFile = count > 2 && strcmp(arguments[2], "file") == 0, forks = count > 2 && strcmp(arguments[2], "fork") == 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (count > 2 && strcmp(arguments[2], "again") == 0)
    printf("grown %ld\n", again(firings));

  SDTProvider_t *provider = providerInit("cshop");
  if (byFile)
    providerUseMemfd(provider, memfd_disabled);
  SDTProbe_t *six = providerAddProbe(provider, "six", 6, int8, uint16, int32, uint64, int64, uint64);
  SDTProbe_t *twelve = providerAddProbe(provider, "twelve", 12, int64, usdtDouble, int64, int64, usdtFloat, int64, int64, int64, int64, int64, int64, uint64);
  SDTProbe_t *none = providerAddProbe(provider, "none", 0);
  probeNameArguments(six, "a, b, c, d, e, text");
  if (providerAddProbe(provider, "many", 13) || !strstr(provider->error, "13 arguments"))
    return 2;
  if (providerLoad(provider) != 0) {
    printf("failed %s\n", provider->error);
    return 1;
  }
  if (strcmp(six->name, "six") || six->argCount != 6 || six->argFmt[0] != int8 || six->argFmt[5] != uint64 || six->provider != provider || provider->probes->probe.name[0] != 'n')
    return 3;
  if ((provider->_filename != NULL) != byFile)
    return 7;
  printf("ready %s\n", byFile ? provider->_filename : "");
  while (!probeIsEnabled(six) || !probeIsEnabled(twelve))
    nap();
  if (probeIsEnabled(none))
    return 4;
  if (forks && fork() == 0) {
    probeFire(six, 1, 2, 3, 4ull, 5ll, "child");
    return 0;
  }
  if (forks)
    wait(NULL);
  for (int i = 0; i < firings; i++) {
    uint64_t bits = number();
    char text[32];
    snprintf(text, sizeof text, "text %d", i);
    probeFire(six, (int8_t)bits, (uint16_t)bits, (int32_t)bits, bits, (int64_t)bits, text);
    printf("%d %u %d %" PRIu64 " %" PRId64 " %s\n", (int8_t)bits, (uint16_t)bits, (int32_t)bits, bits, (int64_t)bits, text);
    long long a = (int64_t)number(), b = (int64_t)number(), c = (int64_t)number();
    double half = (int)bits + 0.5, quarter = (short)bits + 0.25;
    probeFire(twelve, a, half, b, c, quarter, a + 1, b + 1, c + 1, a + 2, b + 2, c + 2, "end");
    printf("%lld %.1f %lld %lld %.2f %lld %lld %lld %lld %lld %lld end\n", a, half, b, c, quarter, a + 1, b + 1, c + 1, a + 2, b + 2, c + 2);
    probeFire(none);
  }
  while (probeIsEnabled(six))
    nap();
  if (providerUnload(provider) != 0 || probeIsEnabled(six))
    return 5;
  probeFire(six, 1, 2, 3, 4, 5, "nobody");
  if (providerLoad(provider) != 0)
    return 6;
  printf("reloaded\n");
  while (!probeIsEnabled(none))
    nap();
  probeFire(none);
  while (probeIsEnabled(none))
    nap();
  providerDestroy(provider);
  printf("done\n");
  return 0;
}
