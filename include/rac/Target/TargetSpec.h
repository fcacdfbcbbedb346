//===- TargetSpec.h - What machine code is made for -------------*- C++ -*-===//

#ifndef RAC_TARGET_TARGETSPEC_H
#define RAC_TARGET_TARGETSPEC_H

#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace rac {

/// The chip that is none: kernels for librac_simulator.so.
constexpr llvm::StringLiteral kSimulatorChip = "simulator";
/// The same with what only sm_90a has.
constexpr llvm::StringLiteral kHopperSimulatorChip = "simulator_sm_90a";
inline bool isSimulator(llvm::StringRef chip) {
  return chip == kSimulatorChip || chip == kHopperSimulatorChip;
}

/// A later chip that runs the same kernels, and a device that has it.
struct LaterChip {
  std::string name, device;
};

/// What runs the kernels, where that is not the CPU.
struct AcceleratorSpec {
  llvm::Triple triple;
  std::string chip;     ///< "sm_90a"; empty: there is none
  std::string features; ///< LLVM's: "+ptx80"
  /// That kernels are assembled for as well, the newest first.
  std::vector<LaterChip> later;
};

struct TargetSpec {
  std::string name; ///< as on the command line
  /// The device that is planned for unless another is named.
  std::string device = "host";
  llvm::Triple triple;
  std::string cpu;      ///< what code may use
  std::string tuneCpu;  ///< what it is scheduled for
  std::string features; ///< LLVM's: "+a,+b", beyond the CPU's own
  /// All that a CPU must have to run the code: "a,b", as runtime/Cpu.cpp knows
  /// it.
  std::string required;
  /// Threads that a model runs on unless told otherwise; 1 where it runs
  /// elsewhere.
  int32_t cores = 1;
  /// Of a vector register; of a scalable one, the least there may be.
  unsigned vectorBits = 128;
  bool scalable = false; ///< one library for every length of vectors
  unsigned vectorRegisters = 16;
  bool castsBf16 = true; ///< there are instructions for casts of bf16
  /// Instructions that add a few products of narrow numbers to each lane, as
  /// "s8:u8:INTRINSIC": what the factors are, in the order they are given. With
  /// "2x" before it, two rows of the first by two columns of the second.
  std::vector<std::string> dots;
  /// Whether groups may be calls of a kernel library.
  bool hasKernelLibrary = false;
  /// The rest describes the host's part then.
  AcceleratorSpec accelerator;
};

/// The machine that this runs on (`host`), or one by name (`arm-sve`). `chip`
/// chooses among those that a target has; empty: what all of them run. Of nvptx
/// there may be several, with commas: the oldest, then any that run its
/// kernels.
llvm::Expected<TargetSpec> resolveTarget(llvm::StringRef name,
                                         llvm::StringRef chip = "");

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const TargetSpec &target);

/// Says on the module and all its functions what they are compiled for.
void setTarget(llvm::Module &module, const TargetSpec &target,
               const llvm::TargetMachine &machine);

} // namespace rac

#endif // RAC_TARGET_TARGETSPEC_H
