//===- Describe.cpp - The SVE machines that code is made for --------------===//

#include "rac/Target/ArmSVE/Describe.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Threading.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace rac;

namespace {

/// What code for a chip may use, beyond ARMv8.0: LLVM's names, which
/// runtime/Cpu.cpp knows too. Only what generated code can gain from.
struct Chip {
  StringLiteral name, features, device;
};
constexpr Chip kChips[] = {
    {"generic", "lse,rdm,fullfp16,sve", "neoverse-v1"},
    {"a64fx", "lse,rdm,fullfp16,complxnum,sve", "a64fx"},
    {"neoverse-v1", "lse,rdm,fullfp16,complxnum,dotprod,bf16,i8mm,sve",
     "neoverse-v1"},
    {"neoverse-v2", "lse,rdm,fullfp16,complxnum,dotprod,bf16,i8mm,sve,sve2",
     "neoverse-v2"}};

constexpr StringLiteral kExtras[] = {"complxnum", "dotprod", "bf16", "i8mm",
                                     "sve2"};

TargetSpec make(StringRef name, const Chip &chip) {
  TargetSpec spec;
  spec.name = name.str();
  spec.device = chip.device.str();
  spec.triple = Triple("aarch64-unknown-linux-gnu");
  spec.cpu = "generic";
  spec.tuneCpu = chip.name.str();
  spec.required = chip.features.str();
  spec.vectorBits = 128;
  spec.scalable = true;
  spec.vectorRegisters = 32;
  return spec;
}

/// Products of which vectors are made, and the feature that brings them: sums
/// of some for each lane, or of more for blocks of two rows and two columns, or
/// those with one of four numbers.
struct Dot {
  StringLiteral feature, instruction;
};
constexpr Dot kDots[] = {{"sve", "s8:s8:llvm.aarch64.sve.sdot"},
                         {"sve", "u8:u8:llvm.aarch64.sve.udot"},
                         {"i8mm", "u8:s8:llvm.aarch64.sve.usdot"},
                         {"i8mm", "2xs8:s8:llvm.aarch64.sve.smmla"},
                         {"i8mm", "2xu8:u8:llvm.aarch64.sve.ummla"},
                         {"i8mm", "2xu8:s8:llvm.aarch64.sve.usmmla"},
                         {"bf16", "bf16:bf16:llvm.aarch64.sve.bfdot"},
                         {"bf16", "2xbf16:bf16:llvm.aarch64.sve.bfmmla"},
                         {"sve", "f32x4:f32:llvm.aarch64.sve.fmla.lane:"
                                 "llvm.aarch64.sve.dupq.lane"}};

/// Features as LLVM's code generator takes them: "+a,+b".
TargetSpec withFeatures(TargetSpec spec) {
  SmallVector<StringRef> names;
  StringRef(spec.required).split(names, ',');
  for (StringRef name : names)
    spec.features += (spec.features.empty() ? "+" : ",+") + name.str();
  for (const Dot &dot : kDots)
    if (is_contained(names, dot.feature))
      spec.dots.push_back(dot.instruction.str());
  // LLVM would load a number and then duplicate it, which takes a slot of the
  // units that multiply: products would reach 80 % of their rate.
  spec.features += ",-no-sve-fp-ld1r";
  return spec;
}

} // namespace

Expected<TargetSpec> rac::describeArmSVE(StringRef name) {
  const Chip *chip = find_if(kChips, [&](const Chip &chip) {
    return chip.name == (name.empty() ? "generic" : name);
  });
  if (chip != std::end(kChips))
    return withFeatures(make("arm-sve", *chip));
  std::string known;
  for (const Chip &chip : kChips)
    known += (known.empty() ? "" : ", ") + chip.name.str();
  return createStringError("target arm-sve has no chip '" + name +
                           "'; there are " + known);
}

Expected<TargetSpec> rac::describeArmSVEHost(StringRef chip) {
  if (!chip.empty())
    return createStringError("target host is this machine and has no chips to "
                             "choose from: '" +
                             chip + "'; there is --target=arm-sve");
  StringMap<bool> host = sys::getHostCPUFeatures();
  if (!host.lookup("sve"))
    return createStringError("this machine has no SVE, and this version makes "
                             "no other code for AArch64");
  TargetSpec spec = make("host", kChips[0]);
  spec.device = "host";
  spec.cores = hardware_concurrency().compute_thread_count();
  spec.tuneCpu = sys::getHostCPUName().str();
  for (StringRef extra : kExtras)
    if (host.lookup(extra))
      spec.required += "," + extra.str();
  return withFeatures(std::move(spec));
}
