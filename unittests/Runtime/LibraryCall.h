//===- LibraryCall.h - Library calls and plain loops for them ---*- C++ -*-===//

#ifndef RAC_UNITTESTS_RUNTIME_LIBRARYCALL_H
#define RAC_UNITTESTS_RUNTIME_LIBRARYCALL_H

#include "TestModel.h"
#include "runtime/OneDnn/Pack.h"

#include <cmath>
#include <random>

namespace rac::test {

/// A tensor of floats with any strides, filled at random.
struct Operand {
  std::vector<int64_t> sizes, strides;
  std::vector<float> data;

  Operand() = default;
  explicit Operand(std::vector<int64_t> shape) : sizes(std::move(shape)) {
    strides.resize(sizes.size());
    int64_t step = 1;
    for (size_t i = sizes.size(); i-- > 0; step *= sizes[i])
      strides[i] = step;
    fill(step);
  }
  Operand(std::vector<int64_t> shape, std::vector<int64_t> steps)
      : sizes(std::move(shape)), strides(std::move(steps)) {
    int64_t last = 0;
    for (size_t i = 0; i < sizes.size(); ++i)
      last += (sizes[i] - 1) * strides[i];
    fill(last + 1);
  }

  int64_t count() const {
    int64_t count = 1;
    for (int64_t size : sizes)
      count *= size;
    return count;
  }
  /// The element at an index, right-aligned and broadcast as numpy does.
  float &at(const std::vector<int64_t> &index) {
    int64_t offset = 0;
    size_t extra = index.size() - sizes.size();
    for (size_t i = 0; i < sizes.size(); ++i)
      if (sizes[i] != 1)
        offset += index[i + extra] * strides[i];
    return data[offset];
  }

private:
  void fill(int64_t count) {
    static std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1, 1);
    data.resize(count);
    for (float &value : data)
      value = uniform(random);
  }
};

/// One call with all that it points to. The last operand is the result.
struct LibraryCall {
  RacLibraryCall call = {};
  std::vector<Operand> operands;
  std::vector<RacPostOp> postOps;
  std::vector<int64_t> strides, dilations, padsLow, padsHigh;
  // Filled in by prepare().
  std::vector<int32_t> ranks, dtypes;
  std::vector<int64_t> shape;
  std::vector<void *> data;
  RacPackFormat format = {};
  std::vector<char> packed;

  void prepare() {
    ranks.clear(), dtypes.clear(), shape.clear(), data.clear();
    for (Operand &operand : operands) {
      ranks.push_back(int32_t(operand.sizes.size()));
      dtypes.push_back(RAC_F32);
      shape.insert(shape.end(), operand.sizes.begin(), operand.sizes.end());
      shape.insert(shape.end(), operand.strides.begin(), operand.strides.end());
      data.push_back(operand.data.data());
    }
    call.num_inputs = int32_t(operands.size()) - 1;
    call.ranks = ranks.data();
    call.dtypes = dtypes.data();
    call.num_post_ops = int32_t(postOps.size());
    call.post_ops = postOps.data();
    call.strides = strides.data();
    call.dilations = dilations.data();
    call.pads_low = padsLow.data();
    call.pads_high = padsHigh.data();
  }
  /// Turns the weights into packed ones.
  int pack(int threads = 1) {
    int status = rac_onednn_pack_format(&call, shape.data(), threads, &format);
    if (status != RAC_OK)
      return status;
    void *bytes = nullptr;
    packed.resize(format.bytes + 64);
    bytes =
        packed.data() + 64 - reinterpret_cast<uintptr_t>(packed.data()) % 64;
    status = rac_onednn_pack(&call, shape.data(), &format, data[1], bytes);
    if (status != RAC_OK)
      return status;
    call.packed = format.blob;
    call.packed_size = sizeof(format.blob);
    call.weights_rank = ranks[1];
    call.weights_dims = operands[1].sizes.data();
    call.weights_dtype = RAC_F32;
    data[1] = bytes;
    return RAC_OK;
  }
  Operand &result() { return operands.back(); }

  float postOp(const RacPostOp &op, float x,
               const std::vector<int64_t> &index) {
    float y = op.kind >= RAC_POST_ADD ? operands[op.operand].at(index) : 0;
    float a = op.alpha, b = op.beta;
    auto sigmoid = [](float x) { return 1 / (1 + std::exp(-x)); };
    auto clip = [](float x, float low, float high) {
      return std::min(std::max(x, low), high);
    };
    switch (op.kind) {
    case RAC_POST_RELU:
      return std::max(x, 0.f);
    case RAC_POST_LEAKY_RELU:
      return x > 0 ? x : a * x;
    case RAC_POST_ELU:
      return x > 0 ? x : a * (std::exp(x) - 1);
    case RAC_POST_TANH:
      return std::tanh(x);
    case RAC_POST_SIGMOID:
      return sigmoid(x);
    case RAC_POST_GELU:
      return x * .5f * (1 + std::erf(x / std::sqrt(2.f)));
    case RAC_POST_GELU_TANH:
      return .5f * x *
             (1 + std::tanh(std::sqrt(2 / float(M_PI)) *
                            (x + .044715f * x * x * x)));
    case RAC_POST_SILU:
      return x * sigmoid(x);
    case RAC_POST_HARD_SWISH:
      return x * clip(x / 6 + .5f, 0, 1);
    case RAC_POST_HARD_SIGMOID:
      return clip(a * x + b, 0, 1);
    case RAC_POST_CLIP:
      return clip(x, a, b);
    case RAC_POST_LINEAR:
      return a * x + b;
    case RAC_POST_ABS:
      return std::abs(x);
    case RAC_POST_SQRT:
      return std::sqrt(x);
    case RAC_POST_EXP:
      return std::exp(x);
    case RAC_POST_SOFTPLUS:
      return std::log(1 + std::exp(x));
    case RAC_POST_ADD:
      return x + y;
    case RAC_POST_MUL:
      return x * y;
    case RAC_POST_SUB:
      return x - y;
    case RAC_POST_DIV:
      return x / y;
    case RAC_POST_MAX:
      return std::max(x, y);
    case RAC_POST_MIN:
      return std::min(x, y);
    }
    return NAN;
  }

  /// The sum at one index of the result, by the definition.
  float sum(const std::vector<int64_t> &index) {
    return call.primitive == RAC_MATMUL ? matmulSum(index) : convSum(index);
  }

  float matmulSum(std::vector<int64_t> index) {
    std::vector<int64_t> left = index, right = index;
    Operand &a = operands[0], &b = operands[1];
    float sum = 0;
    for (int64_t k = 0; k < a.sizes.back(); ++k) {
      left.back() = k;
      right[right.size() - 2] = k;
      sum += a.at(left) * b.at(right);
    }
    return sum;
  }

  float convSum(const std::vector<int64_t> &index) {
    Operand &source = operands[0], &filter = operands[1];
    bool transposed = call.primitive == RAC_CONV_TRANSPOSE;
    int64_t channels = source.sizes.back() / call.groups;
    int64_t filters = result().sizes.back() / call.groups;
    int64_t group = index.back() / filters;
    std::vector<int64_t> window(call.spatial), from(source.sizes.size()),
        weight(filter.sizes.size());
    float sum = 0;
    from[0] = index[0];
    for (bool more = true; more;) {
      bool inside = true;
      for (int i = 0; i < call.spatial; ++i) {
        int64_t at = index[i + 1], step = window[i] * dilations[i];
        if (transposed) {
          int64_t to = at + padsLow[i] - step;
          inside = inside && to % strides[i] == 0;
          at = to < 0 ? -1 : to / strides[i];
        } else {
          at = at * strides[i] - padsLow[i] + step;
        }
        inside = inside && at >= 0 && at < source.sizes[i + 1];
        from[i + 1] = at;
        weight[i + 2] = window[i];
      }
      for (int64_t c = 0; c < channels && inside; ++c) {
        from.back() = group * channels + c;
        weight[0] = transposed ? from.back() : index.back();
        weight[1] = transposed ? index.back() % filters : c;
        sum += source.at(from) * filter.at(weight);
      }
      more = false;
      for (int i = call.spatial; i-- > 0;) {
        if (++window[i] < filter.sizes[i + 2]) {
          more = true;
          break;
        }
        window[i] = 0;
      }
    }
    return sum;
  }

  /// Runs the call in a model of its own and compares each element with plain
  /// loops.
  void check(int threads = 1, const char *expectedError = nullptr) {
    static LibraryCall *current;
    current = this;
    TestModel model({}, {}, {}, [](RacContext *context) {
      rac_library_call(context, &current->call, current->data.data(),
                       current->shape.data());
    });
    TestContext context(model, threads);
    for (int round = 0; round < 2;
         ++round) { // the second finds what the first made
      std::fill(result().data.begin(), result().data.end(), -1000);
      int status = context.run({}, {});
      if (expectedError) {
        EXPECT_NE(status, RAC_OK);
        EXPECT_NE(context.error().find(expectedError), std::string::npos)
            << context.error();
        return;
      }
      ASSERT_EQ(status, RAC_OK) << context.error();
      compare();
    }
  }

  void compare() {
    std::vector<int64_t> index(result().sizes.size());
    for (int64_t n = result().count(); n > 0; --n) {
      float expected = sum(index);
      if (call.has_bias)
        expected += operands[2].at(index);
      for (const RacPostOp &op : postOps)
        expected = postOp(op, expected, index);
      float got = result().at(index);
      if (!(std::isnan(got) && std::isnan(expected))) {
        ASSERT_NEAR(got, expected, 2e-4f * (1 + std::abs(expected)));
      }
      for (size_t i = index.size(); i-- > 0;) {
        if (++index[i] < result().sizes[i])
          break;
        index[i] = 0;
      }
    }
  }
};

inline LibraryCall matmul(Operand a, Operand b, Operand c) {
  LibraryCall result;
  result.operands = {std::move(a), std::move(b), std::move(c)};
  result.call.groups = 1;
  return result;
}

struct ConvOptions {
  std::vector<int64_t> window;
  int64_t stride = 1, dilation = 1, pad = 0, groups = 1;
};

/// source N x spatial x C; `filters` results per position.
inline LibraryCall conv(std::vector<int64_t> source, int64_t filters,
                        const ConvOptions &options, bool transposed = false) {
  LibraryCall result;
  size_t spatial = options.window.size();
  std::vector<int64_t> to = {source[0]},
                       filter = {filters, source.back() / options.groups};
  if (transposed)
    filter = {source.back(), filters / options.groups};
  for (size_t i = 0; i < spatial; ++i) {
    int64_t reach = (options.window[i] - 1) * options.dilation + 1;
    filter.push_back(options.window[i]);
    to.push_back(
        transposed
            ? (source[i + 1] - 1) * options.stride + reach - 2 * options.pad
            : (source[i + 1] + 2 * options.pad - reach) / options.stride + 1);
  }
  to.push_back(filters);
  result.operands = {Operand(std::move(source)), Operand(filter), Operand(to)};
  result.call.primitive = transposed ? RAC_CONV_TRANSPOSE : RAC_CONV;
  result.call.spatial = int32_t(spatial);
  result.call.groups = options.groups;
  result.strides.assign(spatial, options.stride);
  result.dilations.assign(spatial, options.dilation);
  result.padsLow.assign(spatial, options.pad);
  result.padsHigh.assign(spatial, options.pad);
  return result;
}

/// Adds a bias and then, one by one, post-ops; binary ones with an operand of
/// `sizes`.
inline void addBias(LibraryCall &call) {
  call.operands.insert(call.operands.end() - 1,
                       Operand({call.result().sizes.back()}));
  call.call.has_bias = 1;
}
inline void addPostOp(LibraryCall &call, int32_t kind, float alpha = 0,
                      float beta = 0) {
  call.postOps.push_back({kind, -1, alpha, beta});
}
inline void addPostOp(LibraryCall &call, int32_t kind, Operand operand) {
  call.postOps.push_back({kind, int32_t(call.operands.size()) - 1, 0, 0});
  call.operands.insert(call.operands.end() - 1, std::move(operand));
}

} // namespace rac::test

#endif // RAC_UNITTESTS_RUNTIME_LIBRARYCALL_H
