//===- Cpu.cpp - Does this CPU have what the model was compiled for? ------===//

#include "Context.h"

#include <cstdio>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace rac::runtime {
namespace {

#if defined(__x86_64__)

/// What the operating system must save of the registers for a feature to be
/// usable.
enum : uint64_t { kSse = 0x2, kAvx = 0x6, kAvx512 = 0xe6, kAmx = 0x60000 };
enum Register { EAX, EBX, ECX, EDX };

// LLVM's names, and where the processor tells. Asked by cpuid rather than by
// the compiler's builtin, which needs its run-time library.
struct Feature {
  const char *name;
  uint32_t leaf, subleaf;
  Register reg;
  int bit;
  uint64_t state;
};

constexpr Feature kFeatures[] = {
    {"sse3", 1, 0, ECX, 0, kSse},
    {"pclmul", 1, 0, ECX, 1, kSse},
    {"ssse3", 1, 0, ECX, 9, kSse},
    {"fma", 1, 0, ECX, 12, kAvx},
    {"cx16", 1, 0, ECX, 13, 0},
    {"sse4.1", 1, 0, ECX, 19, kSse},
    {"sse4.2", 1, 0, ECX, 20, kSse},
    {"movbe", 1, 0, ECX, 22, 0},
    {"popcnt", 1, 0, ECX, 23, 0},
    {"aes", 1, 0, ECX, 25, kSse},
    {"avx", 1, 0, ECX, 28, kAvx},
    {"f16c", 1, 0, ECX, 29, kAvx},
    {"sse", 1, 0, EDX, 25, kSse},
    {"sse2", 1, 0, EDX, 26, kSse},
    {"bmi", 7, 0, EBX, 3, 0},
    {"avx2", 7, 0, EBX, 5, kAvx},
    {"bmi2", 7, 0, EBX, 8, 0},
    {"avx512f", 7, 0, EBX, 16, kAvx512},
    {"avx512dq", 7, 0, EBX, 17, kAvx512},
    {"adx", 7, 0, EBX, 19, 0},
    {"avx512ifma", 7, 0, EBX, 21, kAvx512},
    {"avx512cd", 7, 0, EBX, 28, kAvx512},
    {"sha", 7, 0, EBX, 29, kSse},
    {"avx512bw", 7, 0, EBX, 30, kAvx512},
    {"avx512vl", 7, 0, EBX, 31, kAvx512},
    {"avx512vbmi", 7, 0, ECX, 1, kAvx512},
    {"avx512vbmi2", 7, 0, ECX, 6, kAvx512},
    {"gfni", 7, 0, ECX, 8, kSse},
    {"vaes", 7, 0, ECX, 9, kAvx},
    {"vpclmulqdq", 7, 0, ECX, 10, kAvx},
    {"avx512vnni", 7, 0, ECX, 11, kAvx512},
    {"avx512bitalg", 7, 0, ECX, 12, kAvx512},
    {"avx512vpopcntdq", 7, 0, ECX, 14, kAvx512},
    {"amx-bf16", 7, 0, EDX, 22, kAmx},
    {"avx512fp16", 7, 0, EDX, 23, kAvx512},
    {"amx-tile", 7, 0, EDX, 24, kAmx},
    {"amx-int8", 7, 0, EDX, 25, kAmx},
    {"avxvnni", 7, 1, EAX, 4, kAvx},
    {"avx512bf16", 7, 1, EAX, 5, kAvx512},
    {"lzcnt", 0x80000001, 0, ECX, 5, 0},
};

uint64_t savedState() {
  unsigned eax, ebx, ecx, edx;
  constexpr unsigned kOsxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & kOsxsave))
    return kSse;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return uint64_t(edx) << 32 | eax | kSse;
}

bool has(const Feature &feature) {
  unsigned reg[4];
  if (!__get_cpuid_count(feature.leaf, feature.subleaf, &reg[0], &reg[1],
                         &reg[2], &reg[3]))
    return false;
  return (reg[feature.reg] >> feature.bit & 1) &&
         (savedState() & feature.state) == feature.state;
}

#elif defined(__aarch64__)

// The kernel's numbers (asm/hwcap.h), spelt out since old headers lack the
// newer ones.
struct Feature {
  const char *name;
  int word, bit;
};

constexpr Feature kFeatures[] = {
    {"fp-armv8", 1, 0},   {"neon", 1, 1},  {"aes", 1, 3},
    {"sha2", 1, 6},       {"crc", 1, 7},   {"lse", 1, 8},
    {"fullfp16", 1, 10},  {"rdm", 1, 12},  {"jsconv", 1, 13},
    {"complxnum", 1, 14}, {"rcpc", 1, 15}, {"sha3", 1, 17},
    {"dotprod", 1, 20},   {"sve", 1, 22},  {"fp16fml", 1, 23},
    {"sve2", 2, 1},       {"i8mm", 2, 13}, {"bf16", 2, 14},
    {"sme", 2, 23},
};

bool has(const Feature &feature) {
  unsigned long word = getauxval(feature.word == 1 ? AT_HWCAP : AT_HWCAP2);
  return word >> feature.bit & 1;
}

#else
struct Feature {
  const char *name;
};
constexpr Feature kFeatures[] = {{""}};
bool has(const Feature &) { return false; }
#endif

} // namespace

int checkCpu(const char *features) {
  char missing[256] = "";
  size_t length = 0;
  for (const char *at = features ? features : ""; *at;) {
    size_t size = strcspn(at, ",");
    bool present = size == 0;
    for (const Feature &feature : kFeatures)
      if (strlen(feature.name) == size && memcmp(feature.name, at, size) == 0)
        present = present || has(feature);
    // A name that isn't in the table counts as missing: better refused than
    // SIGILL.
    if (!present && length < sizeof(missing))
      length += snprintf(missing + length, sizeof(missing) - length, "%s%.*s",
                         length ? ", " : "", int(size), at);
    at += size;
    at += *at == ',';
  }
  if (length == 0)
    return RAC_OK;
  return report(nullptr, RAC_UNSUPPORTED,
                "this CPU lacks what the model was compiled for: %s", missing);
}

} // namespace rac::runtime
