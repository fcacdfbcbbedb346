//===- PlainKernels.cpp - What any CPU is asked to do, to be timed --------===//
//
// Compiled with -O2: the loops must be as tight as they are written.
//
//===----------------------------------------------------------------------===//

#include "rac/Calibrate/Kernels.h"
#include "llvm/ADT/STLExtras.h"

using namespace rac;

#pragma clang fp contract(fast)

namespace {

/// Vectors of the smallest size that every 64-bit CPU has.
constexpr int kVectorBytes = 16;
/// Multiply-adds take 4 clocks or so, and there are 4 units at most.
constexpr int kIndependent = 16;

template <typename T> void multiplyAdd(int64_t steps) {
  using Vector [[gnu::vector_size(kVectorBytes)]] = T;
  Vector sums[kIndependent] = {}, factor, addend;
  for (unsigned i = 0; i < kVectorBytes / sizeof(T); ++i)
    factor[i] = T(0.5), addend[i] = T(1);
  for (int64_t step = 0; step < steps; ++step) {
    asm volatile("" : "+m"(factor), "+m"(addend));
#pragma clang loop unroll(full)
    for (int i = 0; i < kIndependent; ++i)
      sums[i] = sums[i] * factor + addend;
  }
  asm volatile("" : : "m"(sums));
}

template <typename T> constexpr double opsOf() {
  return 2.0 * kIndependent * kVectorBytes / sizeof(T);
}

void read(const char *begin, int64_t bytes) {
  using Vector [[gnu::vector_size(kVectorBytes)]] = int64_t;
  Vector sums[8] = {};
  for (const char *at = begin; at < begin + bytes; at += sizeof(sums)) {
    const auto *from = reinterpret_cast<const Vector *>(at);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i)
      sums[i] |= from[i];
  }
  asm volatile("" : : "m"(sums));
}

} // namespace

Kernels rac::plainKernels() {
  Kernels kernels;
  kernels.compute = {
      {UnitKind::simd, DataType::f32, "multiply-adds of 128 bits",
       opsOf<float>(), multiplyAdd<float>},
      {UnitKind::simd, DataType::f64, "multiply-adds of 128 bits",
       opsOf<double>(), multiplyAdd<double>}};
  kernels.read = {"128-bit loads", read};
  return kernels;
}

Kernels rac::withPlainKernels(Kernels kernels) {
  Kernels plain = plainKernels();
  for (const ComputeKernel &kernel : plain.compute)
    if (llvm::none_of(kernels.compute, [&](const ComputeKernel &other) {
          return other.unit == kernel.unit && other.type == kernel.type;
        }))
      kernels.compute.push_back(kernel);
  if (!kernels.read.run)
    kernels.read = plain.read;
  return kernels;
}

void rac::addInTurn(int64_t additions) {
  uint64_t sum = 0, one = 1;
  for (int64_t i = 0; i < additions; i += 16) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 16; ++j) {
      sum += one;
      asm volatile("" : "+r"(sum), "+r"(one));
    }
  }
}

void *rac::chase(void *start, int64_t steps) {
  void *at = start;
  for (int64_t i = 0; i < steps; ++i)
    at = *static_cast<void **>(at);
  asm volatile("" : "+r"(at));
  return at;
}
