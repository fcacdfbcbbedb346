//===- PostOps.cpp - Post-ops by loops of our own -------------------------===//

#include "PostOps.h"

#include <cmath>
#include <cstdio>

namespace rac::onednn {
namespace {

/// One row of the result, or of an operand; `step` 0: the same value all along.
struct Row {
  float *data;
  int64_t step;
};

template <typename Function>
void each(Row x, int64_t count, Function function) {
  for (int64_t i = 0; i < count; ++i)
    x.data[i * x.step] = function(x.data[i * x.step]);
}

template <typename Function>
void each(Row x, Row y, int64_t count, Function function) {
  for (int64_t i = 0; i < count; ++i)
    x.data[i * x.step] = function(x.data[i * x.step], y.data[i * y.step]);
}

float sigmoid(float x) { return 1 / (1 + std::exp(-x)); }
float clip(float x, float low, float high) {
  return std::fmin(std::fmax(x, low), high);
}

void applyUnary(const RacPostOp &op, Row x, int64_t count) {
  float a = op.alpha, b = op.beta;
  switch (op.kind) {
  case RAC_POST_RELU:
    return each(x, count, [](float x) { return x > 0 ? x : 0; });
  case RAC_POST_LEAKY_RELU:
    return each(x, count, [a](float x) { return x > 0 ? x : a * x; });
  case RAC_POST_ELU:
    return each(x, count,
                [a](float x) { return x > 0 ? x : a * std::expm1(x); });
  case RAC_POST_TANH:
    return each(x, count, [](float x) { return std::tanh(x); });
  case RAC_POST_SIGMOID:
    return each(x, count, sigmoid);
  case RAC_POST_GELU:
    return each(x, count, [](float x) {
      return x * .5f * (1 + std::erf(x * float(M_SQRT1_2)));
    });
  case RAC_POST_GELU_TANH:
    return each(x, count, [](float x) {
      return .5f * x *
             (1 + std::tanh(.7978845608f * (x + .044715f * x * x * x)));
    });
  case RAC_POST_SILU:
    return each(x, count, [](float x) { return x * sigmoid(x); });
  case RAC_POST_HARD_SWISH:
    return each(x, count, [](float x) { return x * clip(x / 6 + .5f, 0, 1); });
  case RAC_POST_HARD_SIGMOID:
    return each(x, count, [a, b](float x) { return clip(a * x + b, 0, 1); });
  case RAC_POST_CLIP:
    return each(x, count, [a, b](float x) { return clip(x, a, b); });
  case RAC_POST_LINEAR:
    return each(x, count, [a, b](float x) { return a * x + b; });
  case RAC_POST_ABS:
    return each(x, count, [](float x) { return std::fabs(x); });
  case RAC_POST_SQRT:
    return each(x, count, [](float x) { return std::sqrt(x); });
  case RAC_POST_EXP:
    return each(x, count, [](float x) { return std::exp(x); });
  case RAC_POST_SOFTPLUS:
    return each(x, count, [](float x) {
      return std::fmax(x, 0.f) + std::log1p(std::exp(-std::fabs(x)));
    });
  case RAC_POST_ROUND:
    return each(x, count, [](float x) { return std::nearbyint(x); });
  default:
    return;
  }
}

void applyBinary(const RacPostOp &op, Row x, Row y, int64_t count) {
  switch (op.kind) {
  case RAC_POST_ADD:
    return each(x, y, count, [](float x, float y) { return x + y; });
  case RAC_POST_MUL:
    return each(x, y, count, [](float x, float y) { return x * y; });
  case RAC_POST_SUB:
    return each(x, y, count, [](float x, float y) { return x - y; });
  case RAC_POST_DIV:
    return each(x, y, count, [](float x, float y) { return x / y; });
  case RAC_POST_MAX:
    return each(x, y, count, [](float x, float y) { return std::fmax(x, y); });
  case RAC_POST_MIN:
    return each(x, y, count, [](float x, float y) { return std::fmin(x, y); });
  default:
    return;
  }
}

/// The row of an operand that belongs to the result's row at `index`; broadcast
/// as numpy does.
Row rowOf(const View &view, void *data, const View &result,
          const int64_t *index) {
  int64_t at = 0, step = 0;
  for (int i = 0, extra = result.rank - view.rank; i < view.rank; ++i) {
    if (view.sizes[i] == 1)
      continue;
    if (i + 1 == view.rank)
      step = view.strides[i];
    else
      at += index[i + extra] * view.strides[i];
  }
  return {static_cast<float *>(data) + at, step};
}

/// Calls function(row, index) for rows [low, high) of the result.
template <typename Function>
void eachRow(const View &result, void *data, int64_t low, int64_t high,
             Function function) {
  int64_t index[kMaxDims] = {};
  for (int64_t i = result.rank - 2, rest = low; i >= 0; --i) {
    index[i] = rest % result.sizes[i];
    rest /= result.sizes[i];
  }
  for (int64_t left = high - low; left > 0; --left) {
    Row row = rowOf(result, data, result, index);
    row.step = result.strides[result.rank - 1];
    function(row, index);
    for (int i = result.rank - 2; i >= 0 && ++index[i] == result.sizes[i]; --i)
      index[i] = 0;
  }
}

} // namespace

bool knowsPostOps(Problem &problem) {
  const RacLibraryCall &call = *problem.call;
  const View &result = problem.resultView();
  bool good = result.rank > 0 && result.dtype == RAC_F32;
  for (int i = 2; i < call.num_inputs; ++i)
    good = good && problem.views[i].dtype == RAC_F32 &&
           problem.views[i].rank <= result.rank;
  for (int i = 0; i < call.num_post_ops; ++i) {
    const RacPostOp &op = call.post_ops[i];
    bool unary = op.kind >= RAC_POST_RELU && op.kind <= RAC_POST_ROUND;
    bool binary = op.kind >= RAC_POST_ADD && op.kind <= RAC_POST_MIN &&
                  op.operand >= 2 && op.operand < call.num_inputs;
    good = good && (unary || binary);
  }
  if (!good)
    snprintf(problem.error, sizeof(problem.error),
             "what remains to be done to its result is only known for f32");
  return good;
}

int64_t numRows(Problem &problem) {
  int64_t rows = 1;
  for (int i = 0; i + 1 < problem.resultView().rank; ++i)
    rows *= problem.resultView().sizes[i];
  return rows;
}

void applyPostOps(Problem &problem, void *const *data, int64_t low,
                  int64_t high) {
  const RacLibraryCall &call = *problem.call;
  const View &result = problem.resultView();
  int64_t columns = result.sizes[result.rank - 1];
  auto apply = [&](Row row, const int64_t *index) {
    for (int i = 0; i < call.num_post_ops; ++i) {
      const RacPostOp &op = call.post_ops[i];
      if (op.kind < RAC_POST_ADD) {
        applyUnary(op, row, columns);
        continue;
      }
      const View &operand = problem.views[op.operand];
      applyBinary(op, row, rowOf(operand, data[op.operand], result, index),
                  columns);
    }
  };
  eachRow(result, data[call.num_inputs], low, high, apply);
}

void computeEmptySum(Problem &problem, void *const *data) {
  const RacLibraryCall &call = *problem.call;
  const View &result = problem.resultView();
  float zero = 0;
  auto start = [&](Row row, const int64_t *index) {
    Row bias = {&zero, 0};
    if (call.has_bias)
      bias = rowOf(problem.views[2], data[2], result, index);
    each(row, bias, result.sizes[result.rank - 1],
         [](float, float y) { return y; });
  };
  eachRow(result, data[call.num_inputs], 0, numRows(problem), start);
  applyPostOps(problem, data, 0, numRows(problem));
}

} // namespace rac::onednn
