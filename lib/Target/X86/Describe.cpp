//===- Describe.cpp - The x86 machines that code is made for --------------===//

#include "rac/Target/X86/Describe.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace rac;

namespace {

/// The levels of the x86-64 psABI: a CPU that has all of a level's features can
/// run code for it.
struct Level {
  StringLiteral cpu, features;
  unsigned vectorBits, vectorRegisters;
};
constexpr Level kLevels[] = {
    {"x86-64-v2", "sse3,ssse3,sse4.1,sse4.2,popcnt,cx16", 128, 16},
    {"x86-64-v3", "avx,avx2,bmi,bmi2,f16c,fma,lzcnt,movbe", 256, 16},
    {"x86-64-v4", "avx512f,avx512bw,avx512cd,avx512dq,avx512vl", 512, 32}};

/// What is used beyond the level where the host has it.
constexpr StringLiteral kExtras = "avx512vnni,avx512bf16,avx512fp16,avx512vbmi,"
                                  "avx512vbmi2,avx512bitalg,avx512vpopcntdq,"
                                  "avx512ifma,gfni,avxvnni";

/// A sum of products for each lane of 512 bits, or a float of four bits, and
/// the feature that brings it.
struct Dot {
  StringLiteral feature, instruction;
};
constexpr Dot kDots[] = {
    {"avx512f", "i4:f32:llvm.x86.avx512.permvar.sf.512"},
    {"avx512vnni", "u8:s8:llvm.x86.avx512.vpdpbusd.512"},
    {"avx512bf16", "bf16:bf16:llvm.x86.avx512bf16.dpbf16ps.512"}};

using Features = StringMap<bool, MallocAllocator>;

SmallVector<StringRef> split(StringRef list) {
  SmallVector<StringRef> parts;
  list.split(parts, ',', -1, /*KeepEmpty=*/false);
  return parts;
}

bool hasAll(const Features &host, StringRef list) {
  return all_of(split(list), [&](StringRef name) { return host.lookup(name); });
}

/// Raises `spec` level by level as long as `has` says so.
void raise(TargetSpec &spec, function_ref<bool(const Level &)> has) {
  spec.cpu = "x86-64";
  for (const Level &level : kLevels) {
    if (!has(level))
      break;
    spec.cpu = level.cpu.str();
    spec.required += (spec.required.empty() ? "" : ",") + level.features.str();
    spec.vectorBits = level.vectorBits;
    spec.vectorRegisters = level.vectorRegisters;
  }
}

} // namespace

static TargetSpec make(StringRef name) {
  TargetSpec spec;
  spec.name = name.str();
  spec.triple = Triple("x86_64-unknown-linux-gnu");
  spec.hasKernelLibrary = true;
  spec.castsBf16 = false;
  return spec;
}

static Error refuseChip(StringRef name, StringRef chip) {
  return createStringError("target " + name +
                           " has no chips to choose from: '" + chip + "'");
}

Expected<TargetSpec> rac::describeX86Host(StringRef chip) {
  if (!chip.empty())
    return refuseChip("host", chip);
  TargetSpec spec = make("host");
  spec.cores = hardware_concurrency().compute_thread_count();
  Features host = sys::getHostCPUFeatures();
  raise(spec, [&](const Level &level) { return hasAll(host, level.features); });
  spec.tuneCpu = sys::getHostCPUName().str();
  if (spec.vectorBits != 512)
    return spec;
  for (StringRef extra : split(kExtras))
    if (host.lookup(extra)) {
      spec.features += (spec.features.empty() ? "+" : ",+") + extra.str();
      spec.required += "," + extra.str();
    }
  spec.castsBf16 = host.lookup("avx512bf16");
  for (const Dot &dot : kDots)
    if (host.lookup(dot.feature))
      spec.dots.push_back(dot.instruction.str());
  return spec;
}

/// Any machine whose vectors have so many bits.
static Expected<TargetSpec> describe(StringRef name, StringRef chip,
                                     StringRef device, unsigned vectorBits) {
  if (!chip.empty())
    return refuseChip(name, chip);
  TargetSpec spec = make(name);
  spec.device = device.str();
  raise(spec,
        [&](const Level &level) { return level.vectorBits <= vectorBits; });
  spec.tuneCpu = spec.cpu;
  return spec;
}

Expected<TargetSpec> rac::describeX86Avx512(StringRef chip) {
  return describe("x86-avx512", chip, "generic-avx512", 512);
}

Expected<TargetSpec> rac::describeX86Avx2(StringRef chip) {
  return describe("x86-avx2", chip, "generic-avx2", 256);
}
