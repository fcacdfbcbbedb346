/* Runs a program of rac-opt's LLVM pipeline once, on one thread, with inputs of
   its own: what a cache simulator then counts are the kernels' accesses. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { kMost = 64 << 20 };
static char memory[kMost] __attribute__((aligned(4096)));
static size_t used;

static void *take(int64_t bytes) {
  used = (used + 63) & ~(size_t)63;
  if (bytes < 0 || used + (size_t)bytes > kMost) {
    fprintf(stderr, "more than %d bytes are asked for\n", kMost);
    exit(1);
  }
  void *result = memory + used;
  used += (size_t)bytes;
  return result;
}

/* As large as any input of the test. */
void *rac_input(void *context, int64_t number) {
  (void)context;
  (void)number;
  return take(INPUT_BYTES);
}

void *rac_output(void *context, int64_t number, int64_t rank, int64_t *sizes) {
  (void)context;
  (void)number;
  int64_t count = 1;
  for (int64_t i = 0; i < rank; ++i)
    count *= sizes[i];
  return take(count * 8);
}

void *rac_arena(void *context, int64_t bytes) {
  (void)context;
  (void)bytes;
  static void *arena;
  return arena ? arena : (arena = take(8 << 20));
}

/* One kernel runs at a time: its memory is the next one's too. */
void *rac_scratch(void *context, int64_t bytes) {
  (void)context;
  static char scratch[8 << 20] __attribute__((aligned(4096)));
  return bytes <= (int64_t)sizeof scratch ? scratch : NULL;
}

void *rac_heap(void *context, int64_t bytes) {
  (void)context;
  return take(bytes);
}

void *rac_weights(void *context) {
  (void)context;
  return take(8 << 20);
}

/* Called before each kernel: caches hold nothing that it touches, not even the
   memory that all of them share. */
void make_cold(void) {
  static volatile char other[2 * CACHE_BYTES];
  for (size_t i = 0; i < sizeof other; i += 64)
    (void)other[i];
}

void rac_fail(void *context, const char *message) {
  (void)context;
  fprintf(stderr, "%s\n", message);
  exit(1);
}

void rac_parallel_for(void *context, int64_t count, int64_t grain,
                      int64_t threads,
                      void (*body)(void *, void *, int64_t, int64_t),
                      void *arguments) {
  (void)grain;
  (void)threads;
  body(context, arguments, 0, count);
}

void model(void *context);

int main(void) {
  model(NULL);
  return 0;
}
