//===- Describe.cpp - The NVIDIA GPUs that code is made for ---------------===//

#include "rac/Target/NVPTX/Describe.h"
#include "llvm/ADT/STLExtras.h"

using namespace llvm;
using namespace rac;

namespace {

/// `ptx`: the oldest version of PTX that knows the chip and all instructions
/// that kernels for it have, as LLVM's feature; of products of f8 that is 8.4.
struct Chip {
  StringLiteral name, ptx, device;
};
constexpr Chip kChips[] = {{"sm_80", "+ptx70", "a100"},
                           {"sm_89", "+ptx84", "l4"},
                           {"sm_90a", "+ptx84", "h200"},
                           {"sm_100", "+ptx86", "h200"},
                           // No chips: kernels run on the CPU, for tests.
                           {kSimulatorChip, "+ptx80", "h200"},
                           {kHopperSimulatorChip, "+ptx80", "h200"}};

} // namespace

Expected<TargetSpec> rac::describeNVPTX(StringRef name) {
  const Chip *chip = find_if(kChips, [&](const Chip &chip) {
    return chip.name == (name.empty() ? "sm_80" : name);
  });
  if (chip == std::end(kChips)) {
    std::string known;
    for (const Chip &chip : kChips)
      known += (known.empty() ? "" : ", ") + chip.name.str();
    return createStringError("target nvptx has no chip '" + name +
                             "'; there are " + known);
  }
  TargetSpec spec;
  spec.name = "nvptx";
  spec.device = chip->device.str();
  spec.triple = Triple("x86_64-unknown-linux-gnu");
  spec.cpu = "x86-64-v2";
  spec.tuneCpu = spec.cpu;
  spec.required = "sse3,ssse3,sse4.1,sse4.2,popcnt,cx16";
  spec.vectorBits = 128;
  spec.vectorRegisters = 16;
  spec.accelerator.triple = Triple("nvptx64-nvidia-cuda");
  spec.accelerator.chip = chip->name.str();
  spec.accelerator.features = chip->ptx.str();
  return spec;
}
