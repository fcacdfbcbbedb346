//===- Descriptors.cpp - Parts of a problem's description -----------------===//

#include "Descriptors.h"

#include <cfloat>
#include <cmath>
#include <cstdio>

namespace rac::onednn {

dnnl_data_type_t dataType(int32_t dtype) {
  switch (dtype) {
  case RAC_F32:
    return dnnl_f32;
  case RAC_F16:
    return dnnl_f16;
  case RAC_BF16:
    return dnnl_bf16;
  case RAC_F64:
    return dnnl_f64;
  case RAC_I8:
    return dnnl_s8;
  case RAC_U8:
  case RAC_BOOL:
    return dnnl_u8;
  case RAC_I32:
    return dnnl_s32;
  default:
    return dnnl_data_type_undef;
  }
}

bool error(Problem &problem, const char *text) {
  snprintf(problem.error, sizeof(problem.error), "%s", text);
  return false;
}

bool describeView(const View &view, dnnl_memory_desc_t *result) {
  return dnnl_memory_desc_create_with_strides(result, view.rank, view.sizes,
                                              dataType(view.dtype),
                                              view.strides) == dnnl_success;
}

namespace {

struct Elementwise {
  dnnl_alg_kind_t kind;
  float alpha, beta;
};

/// False: there is no such kind.
bool elementwise(const RacPostOp &op, Elementwise &result) {
  switch (op.kind) {
  case RAC_POST_RELU:
    result = {dnnl_eltwise_relu, 0, 0};
    return true;
  case RAC_POST_LEAKY_RELU:
    result = {dnnl_eltwise_relu, op.alpha, 0};
    return true;
  case RAC_POST_ELU:
    result = {dnnl_eltwise_elu, op.alpha, 0};
    return true;
  case RAC_POST_TANH:
    result = {dnnl_eltwise_tanh, 0, 0};
    return true;
  case RAC_POST_SIGMOID:
    result = {dnnl_eltwise_logistic, 0, 0};
    return true;
  case RAC_POST_GELU:
    result = {dnnl_eltwise_gelu_erf, 0, 0};
    return true;
  case RAC_POST_GELU_TANH:
    result = {dnnl_eltwise_gelu_tanh, 0, 0};
    return true;
  case RAC_POST_SILU:
    result = {dnnl_eltwise_swish, 1, 0};
    return true;
  case RAC_POST_HARD_SWISH:
    result = {dnnl_eltwise_hardswish, 1.f / 6, .5f};
    return true;
  case RAC_POST_HARD_SIGMOID:
    result = {dnnl_eltwise_hardsigmoid, op.alpha, op.beta};
    return true;
  case RAC_POST_CLIP:
    // oneDNN refuses infinite bounds.
    result = {dnnl_eltwise_clip, std::fmax(op.alpha, -FLT_MAX),
              std::fmin(op.beta, FLT_MAX)};
    return true;
  case RAC_POST_LINEAR:
    result = {dnnl_eltwise_linear, op.alpha, op.beta};
    return true;
  case RAC_POST_ABS:
    result = {dnnl_eltwise_abs, 0, 0};
    return true;
  case RAC_POST_SQRT:
    result = {dnnl_eltwise_sqrt, 0, 0};
    return true;
  case RAC_POST_EXP:
    result = {dnnl_eltwise_exp, 0, 0};
    return true;
  case RAC_POST_SOFTPLUS:
    result = {dnnl_eltwise_soft_relu, 1, 0};
    return true;
  case RAC_POST_ROUND:
    result = {dnnl_eltwise_round, 0, 0};
    return true;
  default:
    return false;
  }
}

bool binary(int32_t kind, dnnl_alg_kind_t &result) {
  switch (kind) {
  case RAC_POST_ADD:
    result = dnnl_binary_add;
    return true;
  case RAC_POST_MUL:
    result = dnnl_binary_mul;
    return true;
  case RAC_POST_SUB:
    result = dnnl_binary_sub;
    return true;
  case RAC_POST_DIV:
    result = dnnl_binary_div;
    return true;
  case RAC_POST_MAX:
    result = dnnl_binary_max;
    return true;
  case RAC_POST_MIN:
    result = dnnl_binary_min;
    return true;
  default:
    return false;
  }
}

/// Whether there is a float for each channel of the result.
bool isOfChannels(const RacLibraryCall &call, const View &operand,
                  const View &result) {
  int channels = call.primitive == RAC_MATMUL ? result.rank - 1 : 1;
  bool good = operand.dtype == RAC_F32 && operand.rank == result.rank;
  for (int i = 0; i < operand.rank && good; ++i)
    good = i == channels
               ? operand.sizes[i] == result.sizes[i] &&
                     (operand.sizes[i] == 1 || operand.strides[i] == 1)
               : operand.sizes[i] == 1;
  return good;
}

/// Scales of the weights: one for each of their output channels.
bool describeScales(Problem &problem, const View *views) {
  const RacLibraryCall &call = *problem.call;
  bool grouped = views[1].rank > views[0].rank;
  int mask = call.primitive == RAC_MATMUL ? 1 << (views[1].rank - 1)
             : grouped                    ? 3
                                          : 1;
  return dnnl_primitive_attr_set_scales_mask(
             problem.attributes, DNNL_ARG_WEIGHTS, mask) == dnnl_success;
}

} // namespace

void findScales(Problem &problem, const View *views) {
  const RacLibraryCall &call = *problem.call;
  problem.scales = problem.addend = problem.firstPostOp = 0;
  auto isInteger = [](const View &view) {
    return view.dtype == RAC_I8 || view.dtype == RAC_U8;
  };
  // A bias of its own would be added after the scales.
  if (problem.scaledByPostOps || problem.postOpsApart || call.has_bias ||
      call.primitive == RAC_CONV_TRANSPOSE || !isInteger(views[0]) ||
      !isInteger(views[1]))
    return;
  auto operandOf = [&](int i, int kind) {
    if (i >= call.num_post_ops || call.post_ops[i].kind != kind)
      return 0;
    int operand = call.post_ops[i].operand;
    bool good = operand >= 2 && operand < call.num_inputs &&
                isOfChannels(call, views[operand], views[call.num_inputs]);
    return good ? operand : 0;
  };
  problem.scales = operandOf(0, RAC_POST_MUL);
  problem.addend = problem.scales ? operandOf(1, RAC_POST_ADD) : 0;
  problem.firstPostOp = problem.addend ? 2 : problem.scales ? 1 : 0;
}

bool describePostOps(Problem &problem, const View *views) {
  const RacLibraryCall &call = *problem.call;
  if (dnnl_primitive_attr_create(&problem.attributes) != dnnl_success)
    return error(problem, "no memory");
  // The context lends the scratchpad, so that a run allocates nothing.
  dnnl_primitive_attr_set_scratchpad_mode(problem.attributes,
                                          dnnl_scratchpad_mode_user);
  if (call.source_zero != 0 &&
      dnnl_primitive_attr_set_zero_points_mask(problem.attributes, DNNL_ARG_SRC,
                                               /*mask=*/0) != dnnl_success)
    return error(problem, "its source has no zero point");
  if (problem.scales && !describeScales(problem, views))
    return error(problem, "it does not take its weights' scales");
  if (call.num_post_ops == problem.firstPostOp || problem.postOpsApart)
    return true;
  dnnl_post_ops_t ops;
  if (dnnl_post_ops_create(&ops) != dnnl_success)
    return error(problem, "no memory");
  bool good = true;
  for (int i = problem.firstPostOp; i < call.num_post_ops && good; ++i) {
    const RacPostOp &op = call.post_ops[i];
    Elementwise unary;
    dnnl_alg_kind_t kind;
    if (i == 0 && problem.sum)
      good = dnnl_post_ops_append_sum(ops, /*scale=*/1, /*zero_point=*/0,
                                      dnnl_data_type_undef) == dnnl_success;
    else if (elementwise(op, unary))
      good = dnnl_post_ops_append_eltwise(ops, unary.kind, unary.alpha,
                                          unary.beta) == dnnl_success;
    else if (binary(op.kind, kind) && op.operand >= 2 &&
             op.operand < call.num_inputs)
      good = describeView(views[op.operand], &problem.operands[i]) &&
             dnnl_post_ops_append_binary(ops, kind, problem.operands[i]) ==
                 dnnl_success;
    else
      good = false;
    if (!good)
      snprintf(problem.error, sizeof(problem.error),
               "post-op %d (kind %d, operand %d) is not one that it takes", i,
               op.kind, op.operand);
  }
  if (good &&
      dnnl_primitive_attr_set_post_ops(problem.attributes, ops) != dnnl_success)
    good = error(problem, "it does not take these post-ops");
  dnnl_post_ops_destroy(ops);
  return good;
}

} // namespace rac::onednn
