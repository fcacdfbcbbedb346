//===- Degenerate.cpp - Products of nothing ---------------------------------===//

#include "Degenerate.h"

#include <cmath>
#include <cstdio>

namespace rac::onednn {

static float apply(const RacPostOp &op, float x, float operand) {
  switch (op.kind) {
  case RAC_POST_RELU: return x > 0 ? x : 0;
  case RAC_POST_LEAKY_RELU: return x > 0 ? x : op.alpha * x;
  case RAC_POST_ELU: return x > 0 ? x : op.alpha * std::expm1(x);
  case RAC_POST_TANH: return std::tanh(x);
  case RAC_POST_SIGMOID: return 1 / (1 + std::exp(-x));
  case RAC_POST_GELU: return x * .5f * (1 + std::erf(x * float(M_SQRT1_2)));
  case RAC_POST_GELU_TANH:
    return .5f * x * (1 + std::tanh(.7978845608f * (x + .044715f * x * x * x)));
  case RAC_POST_SILU: return x / (1 + std::exp(-x));
  case RAC_POST_HARD_SWISH: return x * std::fmin(std::fmax(x / 6 + .5f, 0.f), 1.f);
  case RAC_POST_HARD_SIGMOID:
    return std::fmin(std::fmax(op.alpha * x + op.beta, 0.f), 1.f);
  case RAC_POST_CLIP: return std::fmin(std::fmax(x, op.alpha), op.beta);
  case RAC_POST_LINEAR: return op.alpha * x + op.beta;
  case RAC_POST_ABS: return std::fabs(x);
  case RAC_POST_SQRT: return std::sqrt(x);
  case RAC_POST_EXP: return std::exp(x);
  case RAC_POST_SOFTPLUS: return std::log1p(std::exp(x));
  case RAC_POST_ADD: return x + operand;
  case RAC_POST_MUL: return x * operand;
  case RAC_POST_SUB: return x - operand;
  case RAC_POST_DIV: return x / operand;
  case RAC_POST_MAX: return std::fmax(x, operand);
  case RAC_POST_MIN: return std::fmin(x, operand);
  default: return x;
  }
}

/// The element of an operand that belongs to the result's element at `index`.
static float load(const View &view, const void *data, const View &result,
                  const int64_t *index) {
  int64_t at = 0;
  for (int i = 0, extra = result.rank - view.rank; i < view.rank; ++i)
    if (view.sizes[i] != 1)
      at += index[i + extra] * view.strides[i];
  return static_cast<const float *>(data)[at];
}

bool runDegenerate(Problem &problem, void *const *data) {
  const RacLibraryCall &call = *problem.call;
  const View &result = problem.result_();
  for (int i = 0; i <= call.num_inputs; ++i)
    if (i > 1 && (problem.views[i].dtype != RAC_F32 || problem.views[i].rank > result.rank)) {
      snprintf(problem.error, sizeof(problem.error),
               "its sums are empty, which only works for f32");
      return false;
    }
  auto *out = static_cast<float *>(data[call.num_inputs]);
  int64_t index[kMaxDims] = {};
  for (int64_t n = result.elements(); n > 0; --n) {
    float value = call.has_bias ? load(problem.views[2], data[2], result, index) : 0;
    for (int i = 0; i < call.num_post_ops; ++i) {
      const RacPostOp &op = call.post_ops[i];
      float operand = op.kind >= RAC_POST_ADD ? load(problem.views[op.operand],
                                                     data[op.operand], result, index)
                                              : 0;
      value = apply(op, value, operand);
    }
    int64_t at = 0;
    for (int i = 0; i < result.rank; ++i)
      at += index[i] * result.strides[i];
    out[at] = value;
    for (int i = result.rank - 1; i >= 0 && ++index[i] == result.sizes[i]; --i)
      index[i] = 0;
  }
  return true;
}

} // namespace rac::onednn
