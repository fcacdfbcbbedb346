/*===- rac-c/Library.h - Calls of a kernel library from generated code ------===
 *
 * Generated code holds one constant RacLibraryCall per call site and passes it
 * with the operands' addresses and shapes. The values of RacPrimitive and
 * RacPostOpKind are those of Primitive and PostOpKind in
 * rac/Dialect/Rac/IR/RuntimeOps.td.
 */
#ifndef RAC_C_LIBRARY_H
#define RAC_C_LIBRARY_H

#include "rac-c/Model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  RAC_F32 = 0,
  RAC_F16 = 1,
  RAC_BF16 = 2,
  RAC_F64 = 3,
  RAC_I8 = 4,
  RAC_U8 = 5,
  RAC_I16 = 6,
  RAC_U16 = 7,
  RAC_I32 = 8,
  RAC_U32 = 9,
  RAC_I64 = 10,
  RAC_U64 = 11,
  RAC_BOOL = 12 /* one byte, 0 or 1 */
} RacDtype;
enum { RAC_NUM_DTYPES = 13 };

typedef enum {
  /* ...xMxK, ...xKxN -> ...xMxN; leading sizes broadcast */
  RAC_MATMUL = 0,
  /* N x spatial x C, F x C/groups x window -> N x spatial x F */
  RAC_CONV = 1,
  /* N x spatial x C, C x F/groups x window -> N x spatial x F */
  RAC_CONV_TRANSPOSE = 2
} RacPrimitive;

typedef enum {
  RAC_POST_RELU = 0,
  RAC_POST_LEAKY_RELU = 1, /* x > 0 ? x : alpha x */
  RAC_POST_ELU = 2,        /* x > 0 ? x : alpha (exp(x) - 1) */
  RAC_POST_TANH = 3,
  RAC_POST_SIGMOID = 4,
  RAC_POST_GELU = 5, /* with erf */
  RAC_POST_GELU_TANH = 6,
  RAC_POST_SILU = 7,         /* x sigmoid(x) */
  RAC_POST_HARD_SWISH = 8,   /* x clip(x / 6 + 1/2, 0, 1) */
  RAC_POST_HARD_SIGMOID = 9, /* clip(alpha x + beta, 0, 1) */
  RAC_POST_CLIP = 10,        /* min(max(x, alpha), beta) */
  RAC_POST_LINEAR = 11,      /* alpha x + beta */
  RAC_POST_ABS = 12,
  RAC_POST_SQRT = 13,
  RAC_POST_EXP = 14,
  RAC_POST_SOFTPLUS = 15, /* log(1 + exp(x)) */
  RAC_POST_ROUND = 16,    /* to the nearest whole number, ties to even */
  RAC_POST_ADD = 32,      /* from here on: x op operand */
  RAC_POST_MUL = 33,
  RAC_POST_SUB = 34,
  RAC_POST_DIV = 35,
  RAC_POST_MAX = 36,
  RAC_POST_MIN = 37
} RacPostOpKind;

/* Binary kinds (>= 32) take number `operand` of the call's inputs, broadcast as
 * numpy does against the result as rac sees it (channels last). */
typedef struct {
  int32_t kind, operand;
  float alpha, beta;
} RacPostOp;

typedef struct {
  int32_t primitive;     /* RacPrimitive */
  int32_t site;          /* 0 .. num_sites - 1, one per call in the model */
  int32_t num_inputs;    /* source, weights, [bias], the post-ops' operands */
  const int32_t *ranks;  /* num_inputs + 1 entries, the result's last */
  const int32_t *dtypes; /* RacDtype, likewise */
  int32_t has_bias; /* input 2 is a bias along the result's last dimension */
  int32_t num_post_ops;
  const RacPostOp *post_ops;
  /* Of a convolution: dimensions of the window, 1 to 3 (0 for matmul), and as
   * many entries each. */
  int32_t spatial;
  const int64_t *strides, *dilations, *pads_low, *pads_high;
  int64_t groups;
  /* Weights packed at compile time: what rac_onednn_pack_format gave
   * (runtime/OneDnn/Pack.h), or null. Operand 1 is then the packed bytes, and
   * weights_* say what they stand for, in the order of dimensions that unpacked
   * weights would have. */
  const uint8_t *packed;
  int64_t packed_size;
  int32_t weights_rank;
  const int64_t *weights_dims;
  int32_t weights_dtype;
  int32_t threads;     /* at most so many; 0: as many as the context has */
  int32_t source_zero; /* subtracted from each of the source's integers, and
                        * what padding counts as */
} RacLibraryCall;

/* data: num_inputs + 1 addresses, the result's last. shape: for each input,
 * then the result: sizes[rank], then strides[rank] in elements. (Of packed
 * weights, what their rank says is skipped and not looked at.) Only outside of
 * rac_parallel_for. */
void rac_library_call(RacContext *, const RacLibraryCall *, void *const *data,
                      const int64_t *shape);

#ifdef __cplusplus
}
#endif

#endif /* RAC_C_LIBRARY_H */
