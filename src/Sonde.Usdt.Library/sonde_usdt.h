/*
 * USDT probes that a program defines while it runs.
 *
 *     SDTProvider_t *provider = providerInit("shop");
 *     SDTProbe_t *placed = providerAddProbe(provider, "order_placed", 2, int64, uint64);
 *     probeNameArguments(placed, "id, sku");
 *     if (providerLoad(provider) != 0)
 *         fprintf(stderr, "no probes: %s\n", provider->error);
 *     ...
 *     if (probeIsEnabled(placed))
 *         probeFire(placed, id, sku);
 *
 *     $ sudo sonde -p PID -e 'usdt:*:shop:order_placed { printf("%d %s\n", args.id, str(args.sku)); }'
 *
 * Link with -lsonde-usdt. Functions, structures and numbers are those of libstapsdt's libstapsdt.h, so that programs and bindings written for it run with
 * this library in its place, without being compiled again: install it as libstapsdt.so.0 too. What libstapsdt has not is marked with "Sonde:".
 *
 * All functions may be called from any thread. A probe and its provider must not be used after providerDestroy.
 */
#ifndef SONDE_USDT_H
#define SONDE_USDT_H

#ifdef __cplusplus
extern "C" {
#endif

/* The arguments SDTProbe_t has room to tell of. Sonde: a probe can have 12. */
#define MAX_ARGUMENTS 6

typedef enum {
  noError = -1,
  elfCreationError = 0,
  tmpCreationError = 1,
  sharedLibraryOpenError = 2,
  symbolLoadingError = 3,
  sharedLibraryCloseError = 4,
} SDTError_t;

/* How tracers see an argument: its bytes, negative when it is a number with a sign. Texts are passed as uint64: their address. */
typedef enum {
  noarg = 0,
  uint8 = 1,
  int8 = -1,
  uint16 = 2,
  int16 = -2,
  uint32 = 4,
  int32 = -4,
  uint64 = 8,
  int64 = -8,
  usdtFloat = 5,  /* Sonde: seen as a float of 4 bytes; passed as C passes it there, a double */
  usdtDouble = 6, /* Sonde */
} ArgType_t;

typedef enum {
  memfd_disabled = 0,
  memfd_enabled = 1,
} MemFDOption_t;

struct SDTProvider;
struct SDTProbeList_;

typedef struct SDTProbe {
  char *name;
  ArgType_t argFmt[MAX_ARGUMENTS];
  void *_fire;
  struct SDTProvider *provider;
  int argCount;
} SDTProbe_t;

typedef struct SDTProbeList_ {
  SDTProbe_t probe;
  struct SDTProbeList_ *next;
} SDTProbeList_t;

/* errno.h makes a macro of the name of a field here. */
#pragma push_macro("errno")
#undef errno
typedef struct SDTProvider {
  char *name;
  SDTProbeList_t *probes;
  SDTError_t errno;
  char *error; /* what went wrong the last time, in words; NULL before */

  /* private */
  void *_handle;
  char *_filename;
  int _memfd;
  MemFDOption_t _use_memfd;
} SDTProvider_t;
#pragma pop_macro("errno")

/* A provider without probes yet; NULL when there is no name. Names hold no colon, slash or blank, which providerLoad checks. */
SDTProvider_t *providerInit(const char *name);

/* memfd_enabled, the default: tracers find the probes by the process. memfd_disabled: in a file in $TMPDIR or /tmp, that tracers can be given; call it before providerLoad. 0, or -1 without a provider. */
int providerUseMemfd(SDTProvider_t *provider, const MemFDOption_t use_memfd);

/* Adds a probe with so many arguments, whose types follow. NULL, and provider->error, when it cannot be. Not while the provider is loaded. */
SDTProbe_t *providerAddProbe(SDTProvider_t *provider, const char *name, int argCount, ...);

/* Sonde: what the arguments are called, with commas between: one for each. Tools show it, and scripts ask for args.NAME. Before providerLoad. 0, or -1 for NULL. */
int probeNameArguments(SDTProbe_t *probe, const char *names);

/* Makes the probes visible to tracers. 0, or -1 and provider->error. */
int providerLoad(SDTProvider_t *provider);

/* Takes them away again; probes may go on being fired, and do nothing. 0, or -1 and provider->error. */
int providerUnload(SDTProvider_t *provider);

/* Unloads the provider and frees it and its probes. */
void providerDestroy(SDTProvider_t *provider);

/* Passes the arguments, as many as the probe has, to the tracers that are attached. Integers of any size and addresses; doubles where the type says so. */
void probeFire(SDTProbe_t *probe, ...);

/* Sonde: the same with each argument in 8 bytes of an array, doubles by their bits, for callers that cannot call probeFire. */
void probeFireArray(SDTProbe_t *probe, const void *arguments);

/* 1 while a tracer is attached, else 0. Ask before working out arguments that nobody may want. */
int probeIsEnabled(SDTProbe_t *probe);

#ifdef __cplusplus
}
#endif

#endif
