// Loaded into the server before the C library (LD_PRELOAD): moves its wall clock, and makes its disk slow. What it shall
// do is read from a file of two 64-bit numbers, which may change at any time: seconds to add to the wall clock, and
// microseconds that each sync of a file takes longer. Built by the tests; no part of the product.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t* orders(void) {
  static const volatile int64_t* mapped = NULL;
  if (mapped == NULL) {
    const char* path = getenv("HANDSCHLAG_TEST_SHIM");
    int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void* at = file < 0 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, file, 0);
    if (at == MAP_FAILED) _exit(99);
    mapped = at;
  }
  return mapped;
}

int clock_gettime(clockid_t clock, struct timespec* out) {
  static int (*real)(clockid_t, struct timespec*) = NULL;
  if (real == NULL) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, out);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) out->tv_sec += orders()[0];
  return result;
}

int gettimeofday(struct timeval* out, void* zone) {
  (void)zone;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

static void dawdle(void) {
  int64_t micros = orders()[1];
  if (micros > 0) usleep((useconds_t)micros);
}

int fsync(int file) {
  static int (*real)(int) = NULL;
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  dawdle();
  return real(file);
}

int fdatasync(int file) {
  static int (*real)(int) = NULL;
  if (real == NULL) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  dawdle();
  return real(file);
}
