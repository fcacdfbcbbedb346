/*===- rac-c/Abi.h - Between generated code and the runtime -----------------===
 *
 * The compiler emits a RacModelInfo, the functions that it points to, and the
 * seven wrappers of Model.h, which only pass it on to rac_model_*. The runtime
 * is linked into the model's library; none of the names below is visible
 * outside of it.
 *
 * Raise RAC_ABI_VERSION with every change of what is here or in Library.h.
 */
#ifndef RAC_C_ABI_H
#define RAC_C_ABI_H

#include "rac-c/Device.h"
#include "rac-c/Library.h"
#include "rac-c/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RAC_ABI_VERSION 4

/*--- What generated code calls: only during a run, with the run's context. --*/

/* Address of input `index`, its byte offset applied; aligned to its element
 * only. */
const void *rac_input(RacContext *, int64_t index);
int64_t rac_input_dim(RacContext *, int64_t index, int64_t dim);

/* Memory of output `index`, dense row-major: the caller's, if it gave some
 * (then its shape must be `sizes`, or the run fails), else the context's. Every
 * output must be asked for in every run, by the run's own thread, once its
 * sizes are known. */
void *rac_output(RacContext *, int64_t index, int64_t rank,
                 const int64_t *sizes);

/* At least `bytes` bytes, 64-byte aligned, the same memory in every call of a
 * run as long as no call asks for more; contents do not survive. By the run's
 * own thread. */
void *rac_arena(RacContext *, int64_t bytes);

/* The weights: 64-byte aligned (a file: page-aligned), read-only. */
const void *rac_weights(RacContext *);

/* Memory of the calling worker, 64-byte aligned, until the body of the
 * innermost rac_parallel_for that is running returns; outside of one, until the
 * run ends. */
void *rac_scratch(RacContext *, int64_t bytes);

/* Memory until the run ends, 64-byte aligned. Any thread. */
void *rac_heap(RacContext *, int64_t bytes);

/* Fails the run with this message (copied). Does not return, on any thread. Of
 * several failures in one parallel loop the first is kept. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void rac_fail(RacContext *, const char *message);

/* Calls body(context, env, low, high) for ranges that cover [0, count), at most
 * `threads` at once (0: as many as the context has); returns when all are done.
 * Bounds are multiples of `grain` (>= 1), but for the last. One in the body of
 * another runs in the calling worker. With one thread, body is called at once
 * for all of it. */
void rac_parallel_for(RacContext *, int64_t count, int64_t grain,
                      int64_t threads,
                      void (*body)(RacContext *, void *env, int64_t low,
                                   int64_t high),
                      void *env);

/* From here on the run's time is group number `group`'s; below 0: no group's.
 * By the run's own thread, in models of num_times > 0 only. */
void rac_profile(RacContext *, int32_t group);

/*--- What describes the model to the runtime. -------------------------------*/

typedef struct {
  const char *name;
  int32_t dtype; /* RacDtype */
  int32_t rank;
  const int64_t *dims; /* >= 0: that size; < 0: symbol number -(1 + dim) */
} RacTensorInfo;

typedef struct {
  uint32_t abi_version; /* RAC_ABI_VERSION */
  const char *name;
  int32_t num_inputs, num_outputs, num_symbols;
  const RacTensorInfo *inputs, *outputs;
  const char *const *symbols; /* the names of the symbolic dimensions */
  const char *describe;       /* JSON: see Model.h */
  /* LLVM's names, comma-separated, e.g. "avx512f,avx512bw,fma"; create checks
   * them. */
  const char *cpu_features;
  /* Either embedded, or null and the name of a file of `weights_size` bytes,
   * beside the library unless it is absolute. */
  const uint8_t *weights;
  uint64_t weights_size;
  const char *weights_file;
  /* rac_weights_checksum of the file; 0: not checked */
  uint64_t weights_checksum;
  int32_t num_sites; /* call sites of rac_library_call */
  int32_t threads;   /* default of RacOptions.threads; 0: all cores at hand */
  int32_t spin_us;   /* default of RacOptions.spin_us; 0: none */
  /* Groups that rac_profile tells of, and one for the rest; 0: it isn't called.
   */
  int32_t num_times;
  void (*main)(RacContext *);
  /* Bytes that main will ask of rac_arena, from rac_input_dim alone (inputs
   * have no data then). Null if it depends on data. */
  int64_t (*arena_size)(RacContext *);
  /* Of a model whose kernels run on an accelerator; else null. */
  const RacDeviceInfo *device;
} RacModelInfo;

/* Of the size and of 64 lines spread over the data: tells one model's weights
 * from another's, or from a truncated file, without reading all of them. */
uint64_t rac_weights_checksum(const void *data, uint64_t size);

/*--- What the wrappers call: see Model.h, by the same names. ----------------*/

int rac_model_create(const RacModelInfo *, const RacOptions *, RacContext **);
int rac_model_run(RacContext *, const DLTensor *const *inputs,
                  int32_t num_inputs, DLTensor *const *outputs,
                  int32_t num_outputs);
void rac_model_destroy(RacContext *);
const char *rac_model_describe(const RacModelInfo *);
const char *rac_model_last_error(const RacContext *);
int rac_model_arena_size(RacContext *, const DLTensor *const *inputs,
                         int32_t num_inputs, int64_t *bytes);
int rac_model_profile(RacContext *, RacGroupTime *times, int32_t count);

#ifdef __cplusplus
}
#endif

#endif /* RAC_C_ABI_H */
