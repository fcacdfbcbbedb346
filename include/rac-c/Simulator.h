/*===- rac-c/Simulator.h - GPU kernels on the CPU, and who runs them --------===
 *
 * An image of the chip "simulator" (Device.h) is a shared object whose kernels
 * are functions of the host that run one thread each. build/lib/
 * librac_simulator.so loads and runs it behind the CUDA driver's interface, and
 * defines the functions below.
 *
 *===----------------------------------------------------------------------===*/
#ifndef RAC_C_SIMULATOR_H
#define RAC_C_SIMULATOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAC_SIM_VERSION 7

/* What a kernel knows of the thread that it runs. */
typedef struct {
  int32_t thread[3], block[3], block_size[3], grid_size[3];
  char *shared; /* memory of the block: the kernel's own, then the dynamic */
  int64_t shared_bytes;
} RacSimThread;

typedef struct {
  const char *name;
  /* Runs `count` threads one after another, whose numbers along x count up from
   * thread->thread[0]. `params`: as cuLaunchKernel takes them. */
  void (*run)(void **params, RacSimThread *thread, int32_t count);
  /* Of memory that the kernel shares in a block, beside the dynamic. */
  int32_t shared_bytes;
  /* Whether threads wait for each other, so that each needs a stack. */
  int32_t waits;
  /* Blocks of a cluster, neighbours along x, which run at the same time. */
  int32_t cluster;
  /* Whether they wait for the kernel before this one. */
  int32_t overlaps;
  int32_t num_params;
  const int32_t *param_bytes;
} RacSimKernel;

/* The image's only symbol: rac_sim_image. */
typedef struct {
  int32_t version; /* RAC_SIM_VERSION */
  int32_t num_kernels;
  const RacSimKernel *kernels;
} RacSimImage;

/* What kernels call. A `site` numbers the op in the kernel: all lanes of a warp
 * must meet at the same. */

/* Waits for the block's other threads. */
void rac_sim_barrier(RacSimThread *, int32_t site);
/* Waits for the warp's other threads. */
void rac_sim_warp_barrier(RacSimThread *, int32_t site);

enum { RAC_SIM_XOR, RAC_SIM_DOWN, RAC_SIM_UP, RAC_SIM_IDX };

/* The value of another of the first `width` lanes, whether there is such a lane
 * in *valid. */
int64_t rac_sim_shuffle(RacSimThread *, int32_t site, int32_t mode,
                        int64_t value, int32_t offset, int32_t width,
                        char *valid);

/* Loads `count` 8x8 matrices of 16-bit elements to `result`, 32 bits of a lane
 * each; lane 8 * i + j tells the address of row j of matrix i. */
void rac_sim_load_matrices(RacSimThread *, int32_t site, int32_t count,
                           int32_t transposed, const void *row, void *result);

enum {
  RAC_SIM_F16,
  RAC_SIM_BF16,
  RAC_SIM_TF32,
  RAC_SIM_S8,
  RAC_SIM_F32,
  RAC_SIM_S32,
  RAC_SIM_F64,
  RAC_SIM_E4M3,
  RAC_SIM_U8
};

/* mma.sync of 16x8xdepth (f64: 8x8x4): fragments as PTX lays them out, in
 * memory of the lane. The factors' types are equal but for the sign of bytes;
 * `sum_type` is of the other two. */
void rac_sim_mma(RacSimThread *, int32_t site, int32_t lhs_type,
                 int32_t rhs_type, int32_t sum_type, int32_t depth,
                 const void *lhs, const void *rhs, const void *sum,
                 void *result);

enum { RAC_SIM_ADD = 1, RAC_SIM_LINES_OF_A = 2, RAC_SIM_LINES_OF_B = 4 };

/* The warp's part, 16 rows, of wgmma.mma_async of 64 x columns x 16 by its
 * group of four: factors of 16 bits, or of 8, of which there are 32 terms, in
 * shared memory where `a` and `b` say (matrix descriptors), the left one in
 * `registers` if that isn't NULL; sums of f32, or of 32-bit integers, which
 * wrap. The factors' types are equal but for the sign of bytes. `flags`: adds
 * to the sums; rows of A, or columns of B, lie side by side in memory. */
void rac_sim_group_mma(RacSimThread *, int32_t site, int32_t lhs_type,
                       int32_t rhs_type, int32_t columns, int32_t flags,
                       const void *registers, uint64_t a, uint64_t b,
                       void *sums);
void rac_sim_commit_group_mma(RacSimThread *);
/* Until then, what products read may not be copied to. */
void rac_sim_wait_group_mma(RacSimThread *, int32_t site, int32_t groups);
/* fence.proxy.async: such products see what the thread has copied. */
void rac_sim_fence_proxy(RacSimThread *);

/* cp.async: copies `from` bytes, fills up to `bytes` with zeros. Done at the
 * latest by the wait that a GPU would need. */
void rac_sim_copy(RacSimThread *, void *target, const void *source,
                  int32_t bytes, int64_t from);
void rac_sim_commit_copies(RacSimThread *);
void rac_sim_wait_copies(RacSimThread *, int32_t groups);

/* mbarrier.init of shared memory: a phase waits for so many threads. */
void rac_sim_init_barrier(RacSimThread *, void *barrier, int32_t threads);
/* fence.mbarrier_init: the copy unit may use the barriers that the thread has
 * made. */
void rac_sim_fence_barrier(RacSimThread *);
/* mbarrier.arrive.expect_tx: the thread has come to the barrier, and the phase
 * waits for `bytes` more, too. */
void rac_sim_expect_bytes(RacSimThread *, void *barrier, int32_t bytes);
/* mbarrier.arrive: the thread has come to the barrier, which may be another
 * block's. */
void rac_sim_arrive(RacSimThread *, void *barrier);
/* Waits until the phase of that parity is over. */
void rac_sim_wait_bytes(RacSimThread *, void *barrier, int32_t parity);
/* cp.async.bulk.tensor of a box of the array that `map` describes (what the
 * driver's cuTensorMapEncodeTiled wrote), from the element `from` on, the
 * fastest dimension first, to shared memory; `barrier` counts its bytes.
 * `mask`: to the same place in each of the cluster's blocks that has a bit,
 * whose own barrier there counts them; 0: to the block's own. */
void rac_sim_bulk_copy(RacSimThread *, const void *map, int32_t rank,
                       const int32_t *from, void *target, void *barrier,
                       int32_t mask);

/* mapa: where in the shared memory of the cluster's block of that number what
 * is at `address` in this one is. */
void *rac_sim_map_shared(RacSimThread *, void *address, int32_t block);
/* barrier.cluster.arrive.aligned, and .wait: all threads of the cluster. */
void rac_sim_cluster_arrive(RacSimThread *, int32_t site);
void rac_sim_cluster_wait(RacSimThread *);

/* cvt.rn.satfinite.e4m3x2.f32: two numbers rounded to 8 bits each, the first in
 * the lowest ones. */
int32_t rac_sim_to_float8(RacSimThread *, float first, float second);
/* cvt.rn.f16x2.e4m3x2: from those to 16 bits each. */
int32_t rac_sim_from_float8(RacSimThread *, int32_t pair);

/* The thread is about to return before its kernel's end. */
void rac_sim_exit(RacSimThread *);
/* The launch fails with CUDA_ERROR_LAUNCH_FAILED; never returns. */
void rac_sim_fail(RacSimThread *, const char *message);

#ifdef __cplusplus
}
#endif

#endif /* RAC_C_SIMULATOR_H */
