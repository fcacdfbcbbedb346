//===- Kernels.cpp - What an x86 CPU is asked to do, to be timed ----------===//
//
// Compiled with -O2: the loops must be as tight as they are written.
//
//===----------------------------------------------------------------------===//

#include "rac/Target/X86/Kernels.h"

#if defined(__x86_64__)
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace rac;

namespace {

/// Multiply-adds take 4 or 5 clocks, and there are 2 units.
constexpr int kIndependent = 16;

// One function each, since the instruction sets differ. `step` is done to each
// of the sums; nothing tells the compiler what they are.
#define RAC_COMPUTE_KERNEL(name, features, Vector, zero, step)                 \
  __attribute__((target(features), noinline)) void name(int64_t steps) {       \
    Vector sums[kIndependent];                                                 \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < kIndependent; ++i)  \
        sums[i] = zero;                                                        \
    Vector a = (zero), b = (zero);                                             \
    for (int64_t s = 0; s < steps; ++s) {                                      \
      asm volatile("" : "+v"(a), "+v"(b));                                     \
      _Pragma("clang loop unroll(full)") for (int i = 0; i < kIndependent;     \
                                              ++i) sums[i] = step;             \
    }                                                                          \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < kIndependent;       \
                                            ++i) asm volatile("" : :           \
                                                              "v"(sums[i]));   \
  }

RAC_COMPUTE_KERNEL(avx512F32, "avx512f", __m512, _mm512_set1_ps(0.5f),
                   _mm512_fmadd_ps(sums[i], a, b))
RAC_COMPUTE_KERNEL(avx512F64, "avx512f", __m512d, _mm512_set1_pd(0.5),
                   _mm512_fmadd_pd(sums[i], a, b))
RAC_COMPUTE_KERNEL(avx512F16, "avx512fp16", __m512h, _mm512_set1_ph(0.5f16),
                   _mm512_fmadd_ph(sums[i], a, b))
RAC_COMPUTE_KERNEL(avx512I8, "avx512vnni", __m512i, _mm512_set1_epi8(1),
                   _mm512_dpbusd_epi32(sums[i], a, b))
RAC_COMPUTE_KERNEL(avx2F32, "avx2,fma", __m256, _mm256_set1_ps(0.5f),
                   _mm256_fmadd_ps(sums[i], a, b))
RAC_COMPUTE_KERNEL(avx2F64, "avx2,fma", __m256d, _mm256_set1_pd(0.5),
                   _mm256_fmadd_pd(sums[i], a, b))

__attribute__((target("avx512bf16"), noinline)) void avx512Bf16(int64_t steps) {
  __m512 sums[kIndependent];
#pragma clang loop unroll(full)
  for (int i = 0; i < kIndependent; ++i)
    sums[i] = _mm512_setzero_ps();
  __m512i a = _mm512_set1_epi16(0x3f00), b = a; // halves
  for (int64_t s = 0; s < steps; ++s) {
    asm volatile("" : "+v"(a), "+v"(b));
#pragma clang loop unroll(full)
    for (int i = 0; i < kIndependent; ++i)
      sums[i] = _mm512_dpbf16_ps(sums[i], (__m512bh)a, (__m512bh)b);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kIndependent; ++i)
    asm volatile("" : : "v"(sums[i]));
}

/// Tiles of 16 rows of 64 B: 4 sums of products of 2 by 2.
struct alignas(64) TileConfig {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t columnBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

#define RAC_TILE_KERNEL(name, features, multiply)                              \
  __attribute__((target("amx-tile," features), noinline)) void name(           \
      int64_t steps) {                                                         \
    TileConfig config;                                                         \
    _tile_loadconfig(&config);                                                 \
    _tile_zero(0), _tile_zero(1), _tile_zero(2), _tile_zero(3);                \
    _tile_zero(4), _tile_zero(5), _tile_zero(6), _tile_zero(7);                \
    for (int64_t s = 0; s < steps; ++s) {                                      \
      multiply(0, 4, 6);                                                       \
      multiply(1, 4, 7);                                                       \
      multiply(2, 5, 6);                                                       \
      multiply(3, 5, 7);                                                       \
    }                                                                          \
    _tile_release();                                                           \
  }
RAC_TILE_KERNEL(amxBf16, "amx-bf16", _tile_dpbf16ps)
RAC_TILE_KERNEL(amxI8, "amx-int8", _tile_dpbssd)

/// Linux lets a process use tiles only when it asks for them.
bool mayUseTiles() {
  constexpr long requestPermission = 0x1023, tileData = 18; // asm/prctl.h
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

__attribute__((target("avx512f"), noinline)) void readAvx512(const char *begin,
                                                             int64_t bytes) {
  __m512i sums[kReadStep / 64];
#pragma clang loop unroll(full)
  for (auto &sum : sums)
    sum = _mm512_setzero_si512();
  for (const char *at = begin; at < begin + bytes; at += kReadStep) {
#pragma clang loop unroll(full)
    for (int i = 0; i < kReadStep / 64; ++i)
      sums[i] = _mm512_or_si512(sums[i], _mm512_load_si512(at + 64 * i));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < kReadStep / 64; ++i)
    asm volatile("" : : "v"(sums[i]));
}

__attribute__((target("avx2"), noinline)) void readAvx2(const char *begin,
                                                        int64_t bytes) {
  __m256i sums[8];
#pragma clang loop unroll(full)
  for (auto &sum : sums)
    sum = _mm256_setzero_si256();
  for (const char *at = begin; at < begin + bytes; at += sizeof(sums)) {
    const auto *from = reinterpret_cast<const __m256i *>(at);
#pragma clang loop unroll(full)
    for (int i = 0; i < 8; ++i)
      sums[i] = _mm256_or_si256(sums[i], _mm256_load_si256(from + i));
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; ++i)
    asm volatile("" : : "v"(sums[i]));
}

} // namespace

Kernels rac::x86Kernels() {
  auto features = llvm::sys::getHostCPUFeatures();
  auto has = [&](llvm::StringRef name) { return features.lookup(name); };
  Kernels kernels;
  auto add = [&](UnitKind unit, DataType type, const char *what, double ops,
                 void (*run)(int64_t)) {
    kernels.compute.push_back({unit, type, what, ops, run});
  };
  auto vector = [&](DataType type, const char *what, double opsPerVector,
                    void (*run)(int64_t)) {
    add(UnitKind::simd, type, what, kIndependent * opsPerVector, run);
  };
  if (has("avx512f")) {
    vector(DataType::f64, "VFMADD of 512 bits", 2 * 8, avx512F64);
    vector(DataType::f32, "VFMADD of 512 bits", 2 * 16, avx512F32);
    kernels.read = {"512-bit loads", readAvx512};
  } else if (has("avx2") && has("fma")) {
    vector(DataType::f64, "VFMADD of 256 bits", 2 * 4, avx2F64);
    vector(DataType::f32, "VFMADD of 256 bits", 2 * 8, avx2F32);
    kernels.read = {"256-bit loads", readAvx2};
  }
  if (has("avx512bf16"))
    vector(DataType::bf16, "VDPBF16PS of 512 bits", 2 * 32, avx512Bf16);
  if (has("avx512fp16"))
    vector(DataType::f16, "VFMADD213PH of 512 bits", 2 * 32, avx512F16);
  if (has("avx512vnni"))
    vector(DataType::i8, "VPDPBUSD of 512 bits", 2 * 64, avx512I8);
  if (has("amx-tile") && mayUseTiles()) {
    constexpr double products = 4, tile = 16 * 16;
    if (has("amx-bf16"))
      add(UnitKind::matrix, DataType::bf16, "TDPBF16PS",
          products * tile * 32 * 2, amxBf16);
    if (has("amx-int8"))
      add(UnitKind::matrix, DataType::i8, "TDPBSSD", products * tile * 64 * 2,
          amxI8);
  }
  return kernels;
}

#else

rac::Kernels rac::x86Kernels() { return {}; }

#endif
