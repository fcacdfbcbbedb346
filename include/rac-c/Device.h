/*===- rac-c/Device.h - Generated code and the runtime, on accelerators -----===
 *
 * A model for an accelerator is a host program that launches kernels. Its host
 * code is what Abi.h describes, with this difference: all that rac_input,
 * rac_output, rac_arena, rac_weights, rac_scratch and rac_heap give is memory
 * of the device, which host code passes on and never touches. Everything
 * happens on one stream, in order.
 *
 *===----------------------------------------------------------------------===*/
#ifndef RAC_C_DEVICE_H
#define RAC_C_DEVICE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All kernels, for one kind of chip. */
typedef struct {
  /* "sm_90a": machine code for it. "compute_80": PTX, zero-terminated, which
   * the driver compiles for any chip from sm_80 on. "simulator": an ELF shared
   * object (lib/Target/NVPTX/Simulator). */
  const char *chip;
  const void *data;
  uint64_t size; /* B */
} RacImage;

typedef struct {
  const char *name;
  /* The most dynamic shared memory that a launch asks for, B. */
  int32_t shared_bytes;
  int32_t num_params;
  /* It may be launched while the kernel before it runs: it waits by itself
   * until that has ended, before it touches memory (griddepcontrol). */
  int32_t overlaps;
} RacKernel;

/* Beside a RacModelInfo. */
typedef struct {
  int32_t num_images; /* the first that the device can run is taken */
  const RacImage *images;
  int32_t num_kernels;
  const RacKernel *kernels;
  /* What failing kernels mean: see rac_kernel_status. */
  int32_t num_messages;
  const char *const *messages;
} RacDeviceInfo;

typedef struct RacContext RacContext;

/* Enqueues kernel number `kernel`. `sizes`: of the grid in blocks and of a
 * block in threads, x, y, z each, then bytes of dynamic shared memory: seven
 * numbers. Where the grid has no blocks nothing happens. `params`: the
 * addresses of the kernel's parameters, in order; read before it returns. */
void rac_launch(RacContext *, int32_t kernel, const int64_t *sizes,
                void **params);

/* Of a CUtensorMap (cuda.h), B. */
enum { RAC_TENSOR_MAP_BYTES = 128, RAC_TENSOR_MAP_ALIGN = 64 };

/* Fills in `map`, a parameter of a kernel of sm_90 or later:
 * RAC_TENSOR_MAP_BYTES that tell its copy unit of an array of device memory
 * from `base` on (a CUtensorMap). `code` and `bits`: the elements' type, as
 * DLPack's. The last dimension's elements are neighbours; `strides` are those
 * of the others, counted in elements. `box`: the size of what is copied at
 * once, in lines of 128 B, which are swizzled. Of an empty array nothing is
 * copied. */
void rac_tensor_map(RacContext *, void *map, const void *base, int32_t code,
                    int32_t bits, int32_t rank, const int64_t *sizes,
                    const int64_t *strides, const int64_t *box);

/* Copies `bytes` of device memory to host memory, once all that was enqueued
 * is done. A run that does this can't be replayed without its host code. */
void rac_read(RacContext *, void *host, const void *device, int64_t bytes);

/* Device memory of one int32_t, 0 before a run. A kernel that fails writes the
 * number of its message plus one; the run then fails with that message. */
void *rac_kernel_status(RacContext *);

/* Device memory of the context's own with at least `count` int32_t that are 0.
 * A kernel that counts in them leaves zeros; it is launched before this is
 * called again. After a run that fails they are made zeros. */
void *rac_counters(RacContext *, int64_t count);

#ifdef __cplusplus
}
#endif

#endif /* RAC_C_DEVICE_H */
