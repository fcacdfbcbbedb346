//===- Describe.cpp - The NVIDIA GPUs that code is made for ---------------===//

#include "rac/Target/NVPTX/Describe.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

using namespace llvm;
using namespace rac;

namespace {

/// From the oldest on: PTX for one is that for later ones, but not for sm_90a.
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

static Expected<const Chip *> find(StringRef name) {
  const Chip *chip =
      find_if(kChips, [&](const Chip &chip) { return chip.name == name; });
  if (chip != std::end(kChips))
    return chip;
  std::string known;
  for (const Chip &chip : kChips)
    known += (known.empty() ? "" : ", ") + chip.name.str();
  return createStringError("target nvptx has no chip '" + name +
                           "'; there are " + known);
}

/// Whether one library may be for both: kernels are of the first.
static Error checkTogether(const Chip &first, const Chip &other) {
  for (const Chip *chip : {&first, &other})
    if (isSimulator(chip->name))
      return createStringError("chip '" + chip->name +
                               "' is the CPU, and goes with no other");
  if (first.name.ends_with("a"))
    return createStringError("kernels for " + first.name +
                             " run on no other chip, so not on " + other.name +
                             ": it takes a library of its own");
  if (&other < &first)
    return createStringError("kernels for " + first.name + " don't run on " +
                             other.name +
                             ": the oldest chip comes first, and they are for "
                             "that");
  return Error::success();
}

Expected<TargetSpec> rac::describeNVPTX(StringRef names) {
  SmallVector<StringRef> parts;
  (names.empty() ? "sm_80" : names).split(parts, ',');
  SmallVector<const Chip *> chips;
  for (StringRef part : parts) {
    Expected<const Chip *> chip = find(part);
    if (!chip)
      return chip.takeError();
    if (is_contained(chips, *chip))
      return createStringError("chip '" + part + "' is named twice");
    if (!chips.empty())
      if (Error error = checkTogether(*chips.front(), **chip))
        return error;
    chips.push_back(*chip);
  }
  const Chip *chip = chips.front();
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
  // In whatever order they are named: a device runs code for older ones of its
  // kind as well, and shall find its own first.
  llvm::sort(chips, std::greater<>());
  for (const Chip *later : ArrayRef(chips).drop_back())
    spec.accelerator.later.push_back({later->name.str(), later->device.str()});
  return spec;
}
