//===- TargetSpec.cpp - What machine code is made for ---------------------===//

#include "rac/Target/TargetSpec.h"
#include "rac/Target/ArmSVE/Describe.h"
#include "rac/Target/NVPTX/Describe.h"
#include "rac/Target/X86/Describe.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace rac;

namespace {

struct Entry {
  StringLiteral name;
  Expected<TargetSpec> (*describe)(StringRef chip);
};

/// Targets by name; `host` is one of the others, by its architecture.
constexpr Entry kTargets[] = {{"x86-avx512", describeX86Avx512},
                              {"x86-avx2", describeX86Avx2},
                              {"arm-sve", describeArmSVE},
                              {"nvptx", describeNVPTX}};
constexpr Entry kHosts[] = {{"x86_64", describeX86Host},
                            {"aarch64", describeArmSVEHost}};

/// The longest vectors of any scalable architecture: SVE's.
constexpr unsigned kMostScalableBits = 2048;

const Entry *lookUp(ArrayRef<Entry> entries, StringRef name) {
  return find_if(entries,
                 [&](const Entry &entry) { return entry.name == name; });
}

} // namespace

Expected<TargetSpec> rac::resolveTarget(StringRef name, StringRef chip) {
  if (name == "host") {
    Triple host(sys::getProcessTriple());
    StringRef arch = Triple::getArchTypeName(host.getArch());
    const Entry *entry = lookUp(kHosts, arch);
    if (entry == std::end(kHosts) || !host.isOSLinux())
      return createStringError("this version makes no code for this host, " +
                               host.str() + "; name a --target");
    return entry->describe(chip);
  }
  const Entry *entry = lookUp(kTargets, name);
  if (entry != std::end(kTargets))
    return entry->describe(chip);
  std::string known = "host";
  for (const Entry &target : kTargets)
    known += (", " + target.name).str();
  return createStringError("target '" + name +
                           "' is not available in this version; there are " +
                           known);
}

Expected<std::unique_ptr<TargetMachine>>
rac::createMachine(const TargetSpec &spec) {
  static bool initialized = [] {
  // Not all of LLVM's: a compiler that LLVM is linked into has no more than
  // these then.
#define RAC_INITIALIZE(target)                                                 \
  LLVMInitialize##target##TargetInfo();                                        \
  LLVMInitialize##target##Target();                                            \
  LLVMInitialize##target##TargetMC();                                          \
  LLVMInitialize##target##AsmPrinter();
    RAC_INITIALIZE(X86)
    RAC_INITIALIZE(AArch64)
    RAC_INITIALIZE(NVPTX)
#undef RAC_INITIALIZE
    LLVMInitializeX86AsmParser();
    LLVMInitializeAArch64AsmParser();
    return true;
  }();
  (void)initialized;
  std::string problem;
  const Target *target = TargetRegistry::lookupTarget(spec.triple, problem);
  if (!target)
    return createStringError("this LLVM cannot make code for " +
                             spec.triple.str() + ": " + problem);
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Fast;
  options.FunctionSections = true;
  options.DataSections = true;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      spec.triple, spec.cpu, spec.features, options, Reloc::PIC_, std::nullopt,
      CodeGenOptLevel::Aggressive));
  if (!machine)
    return createStringError("this LLVM cannot make code for CPU " + spec.cpu);
  return machine;
}

void rac::setTarget(Module &module, const TargetSpec &spec,
                    const TargetMachine &machine) {
  module.setTargetTriple(spec.triple);
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", spec.cpu);
    function.addFnAttr("tune-cpu", spec.tuneCpu);
    if (!spec.features.empty())
      function.addFnAttr("target-features", spec.features);
    function.addFnAttr("prefer-vector-width", utostr(spec.vectorBits));
    if (spec.scalable)
      function.addFnAttr(Attribute::getWithVScaleRangeArgs(
          module.getContext(), 1, kMostScalableBits / spec.vectorBits));
    // Failures leave by longjmp, which needs no unwind tables.
    function.addFnAttr(Attribute::NoUnwind);
    function.addFnAttr("no-trapping-math", "true");
  }
}
