/*===- rac-c/Model.h - Calling a compiled model -----------------------------===
 *
 * A compiled model is a shared library with these nine symbols, where <prefix>
 * is what rac-compile's --prefix said (by default the model's file name):
 *
 *   <prefix>_create, _run, _destroy, _describe, _last_error, _arena_size,
 *   <prefix>_profile
 *   rac_model_prefix    const char[]: the prefix, for who opens the library by
 *                       dlopen and does not know it
 *   rac_model_report    const char[]: what the compiler decided, and what it
 *                       expects a run to cost: JSON, schema rac-report/1
 *                       (docs/Report.md); "": it isn't told
 *
 * RAC_DECLARE_MODEL(prefix) declares them all:
 *
 *   #include "rac-c/Model.h"
 *   RAC_DECLARE_MODEL(resnet50)
 *
 *   RacContext *context;
 *   if (resnet50_create(NULL, &context) != RAC_OK)
 *     return puts(resnet50_last_error(NULL)), 1;
 *   int64_t shape[] = {1, 3, 224, 224};
 *   DLTensor image = {pixels, {kDLCPU, 0}, 4, {kDLFloat, 32, 1}, shape};
 *   DLTensor scores = {0};     // no memory given: the context lends its own
 *   const DLTensor *in[] = {&image};
 *   DLTensor *out[] = {&scores};
 *   if (resnet50_run(context, in, 1, out, 1) != RAC_OK)
 *     return puts(resnet50_last_error(context)), 1;
 *   const float *values = scores.data;    // valid until the next run
 *   resnet50_destroy(context);
 *
 * Threads. Contexts are independent: any number of threads may each run one of
 * their own at the same time. A context runs one thing at a time; a call that
 * finds it running returns RAC_BUSY and changes nothing.
 *
 * No call aborts, prints or throws. Every failure is a status, and a message
 * that <prefix>_last_error gives to the thread that saw it.
 */
#ifndef RAC_C_MODEL_H
#define RAC_C_MODEL_H

#include "rac-c/DLPack.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  RAC_OK = 0,
  /* The caller's tensors or options do not fit the model. */
  RAC_INVALID_ARGUMENT = 1,
  /* This CPU, the GPU or its driver, or the kernel library, lacks something. */
  RAC_UNSUPPORTED = 2,
  RAC_OUT_OF_MEMORY = 3,
  /* The context is running on another thread. */
  RAC_BUSY = 4,
  /* The run itself failed: an index out of range, shapes that clash … */
  RAC_FAILED = 5,
  /* The weights file is missing, or is not this model's. */
  RAC_NOT_FOUND = 6
} RacStatus;

typedef struct RacContext RacContext;

/* Set `size` to sizeof(RacOptions); all else zero is the default. */
typedef struct {
  uint32_t size;
  /* How many threads a run may use, the caller's included. 0: as many as the
   * model was compiled for, or, where it was compiled for none in particular,
   * as many as cores are in the process's affinity mask. */
  int32_t threads;
  /* How long a thread looks for its part of another run before it sleeps, in
   * microseconds, at most RAC_MOST_SPIN: looking costs energy, and waking up
   * costs time. 0: as the model was compiled for, by its objective;
   * RAC_SPIN_NONE: sleep at once, within a run as well, where threads otherwise
   * look for 300 us at least. docs/ThreadPool.md has what it costs. */
  int32_t spin_us;
  /* From here on: of models for GPUs only. Which GPU, as the driver counts. */
  int32_t device;
  /* A run that does the same as an earlier one, on the same memory, is replayed
   * by the driver without the model's host code, which saves time where there
   * are many small kernels. 0: so; RAC_GRAPHS_NONE: never. */
  int32_t graphs;
  /* A CUstream (cudaStream_t) of that GPU's primary context to run in. A run
   * whose tensors are all in the GPU's memory then returns before it is done;
   * that a kernel failed is told by a later run. NULL: a stream of the
   * context's own; every run waits until it is done. */
  void *stream;
  /* Kernels of chips from sm_90 on are launched while the one before runs, and
   * wait for its end by themselves, which hides what a launch takes (CUDA's
   * programmatic dependent launch). 0: so, if the driver knows it;
   * RAC_OVERLAP_NONE: each is launched when the one before has ended. */
  int32_t overlap;
} RacOptions;

/* Of one group, or of the rest of a run: see <prefix>_profile. */
typedef struct {
  int64_t calls;
  double seconds;
} RacGroupTime;

enum {
  RAC_SPIN_NONE = -1,
  RAC_MOST_SPIN = 1000000,
  RAC_GRAPHS_NONE = -1,
  RAC_OVERLAP_NONE = -1
};

/* <prefix>_create
 *
 * Makes a context: what one run at a time needs. `options` may be NULL. On
 * failure *context is NULL, and <prefix>_last_error(NULL) tells why.
 *
 * <prefix>_run
 *
 * Inputs and outputs are in the order of <prefix>_describe.
 *
 * Inputs: in CPU memory, dense row-major, aligned to their element's size, of
 * the described dtype and rank; symbolic dimensions of one name must agree.
 * What does not fit is refused with a message that names it. Inputs are only
 * read.
 *
 * Outputs: either `data` is memory of the caller's, and dtype, rank and shape
 * are the result's. It must not overlap any input or other output. Or `data` is
 * NULL, or what an earlier run put there, and the run fills in all of the
 * tensor: data, shape and strides then belong to the context, and are valid
 * until its next run or its destruction. They may be given to the next run as
 * an input: that run then writes elsewhere.
 *
 * A model for GPUs takes tensors in CPU memory, page-locked (kDLCUDAHost) or
 * not, and in the memory of its GPU (kDLCUDA), in any mixture; what the context
 * lends is where the first input is. Memory of the GPU must be ready for work
 * in options.stream, or, where none was given, in the legacy default stream.
 *
 * <prefix>_destroy
 *
 * NULL is allowed. The context must not be running.
 *
 * <prefix>_describe
 *
 * JSON, schema rac-model/1, valid as long as the library is loaded:
 *
 *   {"schema": "rac-model/1", "name": …, "prefix": …,
 *    "inputs": [{"name": "x", "dtype": "f32", "shape": ["batch", 3, 224]}],
 *    "outputs": […], "symbols": ["batch"], …}
 *
 * A string in a shape names a symbolic dimension. dtypes: f32 f16 bf16 f64 i8
 * u8 i16 u16 i32 u32 i64 u64 bool.
 *
 * <prefix>_last_error
 *
 * Why the calling thread's last failed call with this context failed (NULL: any
 * context, or a create); "" if none did. Valid until the thread's next failure.
 *
 * <prefix>_arena_size
 *
 * How many bytes of working memory a run on inputs of these shapes takes from
 * the context, weights and outputs not counted; the inputs' `data` may be NULL.
 * -1 where it depends on the data.
 *
 * <prefix>_profile
 *
 * Of a model compiled with --profile: how often each group ran, and how long in
 * all, since the last call of this function or the context's creation, which it
 * then forgets. `count` must be the number of groups that <prefix>_describe
 * lists, and one: the last is the time of runs outside of groups, its `calls`
 * the number of runs. RAC_UNSUPPORTED without --profile.
 */
#define RAC_DECLARE_MODEL(prefix)                                              \
  RAC_MODEL_LINKAGE int prefix##_create(const RacOptions *options,             \
                                        RacContext **context);                 \
  RAC_MODEL_LINKAGE int prefix##_run(                                          \
      RacContext *context, const DLTensor *const *inputs, int32_t num_inputs,  \
      DLTensor *const *outputs, int32_t num_outputs);                          \
  RAC_MODEL_LINKAGE void prefix##_destroy(RacContext *context);                \
  RAC_MODEL_LINKAGE const char *prefix##_describe(void);                       \
  RAC_MODEL_LINKAGE const char *prefix##_last_error(                           \
      const RacContext *context);                                              \
  RAC_MODEL_LINKAGE int prefix##_arena_size(                                   \
      RacContext *context, const DLTensor *const *inputs, int32_t num_inputs,  \
      int64_t *bytes);                                                         \
  RAC_MODEL_LINKAGE int prefix##_profile(RacContext *context,                  \
                                         RacGroupTime *times, int32_t count);

#ifdef __cplusplus
#define RAC_MODEL_LINKAGE extern "C"
}
#else
#define RAC_MODEL_LINKAGE extern
#endif

#endif /* RAC_C_MODEL_H */
