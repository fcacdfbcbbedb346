//===- TargetSpec.cpp - What machine code is made for ---------------------===//

#include "rac/Emit/TargetSpec.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/Threading.h"
#include "llvm/Target/TargetMachine.h"
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
void raise(TargetSpec &spec, function_ref<bool(StringRef)> has) {
  spec.cpu = "x86-64";
  for (const Level &level : kLevels) {
    if (!has(level.features))
      break;
    spec.cpu = level.cpu.str();
    spec.required += (spec.required.empty() ? "" : ",") + level.features.str();
    spec.vectorBits = level.vectorBits;
    spec.vectorRegisters = level.vectorRegisters;
  }
}

TargetSpec x86Host(TargetSpec spec) {
  Features host = sys::getHostCPUFeatures();
  raise(spec, [&](StringRef features) { return hasAll(host, features); });
  spec.tuneCpu = sys::getHostCPUName().str();
  if (spec.vectorBits != 512)
    return spec;
  for (StringRef extra : split(kExtras))
    if (host.lookup(extra)) {
      spec.features += (spec.features.empty() ? "+" : ",+") + extra.str();
      spec.required += "," + extra.str();
    }
  return spec;
}

} // namespace

Expected<TargetSpec> rac::resolveTarget(StringRef name) {
  TargetSpec spec;
  spec.name = name.str();
  if (name == "x86-avx512") {
    spec.triple = Triple("x86_64-unknown-linux-gnu");
    spec.device = "generic-avx512";
    raise(spec, [](StringRef) { return true; });
    spec.tuneCpu = spec.cpu;
    return spec;
  }
  if (name != "host")
    return createStringError("target '" + name +
                             "' is not available in this version; there are "
                             "host and x86-avx512");
  Triple host(sys::getProcessTriple());
  if (host.getArch() != Triple::x86_64 || !host.isOSLinux())
    return createStringError("this version compiles for x86-64 Linux only, and "
                             "the host is " +
                             host.str());
  spec.triple = Triple("x86_64-unknown-linux-gnu");
  spec.cores = hardware_concurrency().compute_thread_count();
  return x86Host(std::move(spec));
}

Expected<std::unique_ptr<TargetMachine>>
rac::createMachine(const TargetSpec &spec) {
  static bool initialized = [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
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
    // Failures leave by longjmp, which needs no unwind tables.
    function.addFnAttr(Attribute::NoUnwind);
    function.addFnAttr("no-trapping-math", "true");
  }
}
