//===- LowerModel.cpp - From a plan to code -------------------------------===//

#include "CompilerStages.h"
#include "HostLibrary.h"
#include "OutputFile.h"
#include "PtxasInfo.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "rac/Emit/Config.h"
#include "rac/Emit/Emit.h"
#include "rac/Pipelines/Pipelines.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rac;

/// Multiply-adds of registers of f32 that a core starts in a clock. At least
/// two: registers wider than the units take longer for loads as well.
static int64_t multiplyAdds(const Device &device) {
  constexpr int64_t fewest = 2;
  const ComputeUnit *unit = device.unit(UnitKind::simd);
  if (!unit || !unit->vectorBits)
    return fewest;
  auto rate = unit->opsPerClock.find(DataType::f32);
  if (rate == unit->opsPerClock.end() || !rate->second)
    return fewest;
  double lanes = unit->vectorBits->v / 32;
  return std::max<int64_t>(fewest, std::llround(rate->second->v / 2 / lanes));
}

llvm::Error Compiler::toLinalg() {
  options.progress("lowering");
  LoweringOptions lowering;
  lowering.threads = options.threads ? options.threads : target.cores;
  lowering.profile = options.profile;
  setVectors(lowering, target);
  lowering.multiplyAdds = multiplyAdds(*report.device);
  lowering.accelerator = !target.accelerator.chip.empty();
  return runPasses("lowering", [&](OpPassManager &manager) {
    populateLinalgPipeline(manager, lowering);
  });
}

/// From linalg on tensors to files.
llvm::Error Compiler::toCode() {
  BufferOptions buffers;
  setVectors(buffers, target);
  buffers.threads = options.threads ? options.threads : target.cores;
  buffers.multiplyAdds = multiplyAdds(*report.device);
  buffers.accelerator = target.accelerator.chip;
  if (llvm::Error error = runPasses("lowering", [&](OpPassManager &manager) {
        populateBufferPipeline(manager, buffers);
      }))
    return error;
  noteMemory();
  auto taken = takeWeights(module);
  if (!taken)
    return taken.takeError();
  weights = std::move(*taken);
  report.weightsBytes = weights.size;
  if (llvm::Error error = checkMemory())
    return error;
  if (!target.accelerator.chip.empty())
    if (llvm::Error error = toKernels())
      return error;
  if (options.emit == EmitKind::Ptx)
    return writeOutput(summary.output,
                       [&](llvm::raw_ostream &os) { os << kernels->ptx; });
  if (llvm::Error error = runPasses("lowering", [&](OpPassManager &manager) {
        populateLLVMPipeline(manager, target);
      }))
    return error;

  EmitOptions emit;
  emit.device = kernels ? &*kernels : nullptr;
  emit.kind = options.emit == EmitKind::LLVM       ? CodeKind::LLVM
              : options.emit == EmitKind::Assembly ? CodeKind::Assembly
              : options.emit == EmitKind::Object   ? CodeKind::Object
                                                   : CodeKind::Library;
  emit.target = target;
  emit.output = summary.output;
  emit.weightsFile = options.weightsFile;
  emit.threads = options.threads;
  emit.spinMicroseconds = spinMicroseconds(report.objective);
  emit.numTimes = options.profile ? report.groups.size() + 1 : 0;
  emit.description = description();
  if (emit.kind == CodeKind::Library || emit.kind == CodeKind::Object)
    emit.report = llvm::formatv("{0}", toJson(withoutBreakdowns(report))).str();
  emit.progress = options.progress;
  return emitModel(module, signature, weights, emit);
}

/// What the accelerator runs, out of the module.
llvm::Error Compiler::toKernels() {
  options.progress("generating kernels");
  bool onlyToRead = options.emit == EmitKind::Ptx && options.reportFile.empty();
  auto compiled = compileKernels(module, target.accelerator, !onlyToRead, [&] {
    auto populate = [&](mlir::OpPassManager &manager) {
      KernelOptions kernels;
      kernels.chip = target.accelerator.chip;
      if (isSimulator(kernels.chip))
        populateSimulatorPipeline(manager, kernels);
      else
        populateKernelPipeline(manager, kernels);
    };
    return rac::runPasses(module, "lowering", populate, Verified::atEnd);
  });
  if (!compiled)
    return complaints.because(llvm::toString(compiled.takeError()));
  kernels = std::move(*compiled);
  reportKernels();
  return llvm::Error::success();
}

/// What each kernel takes of each chip, as far as an assembler told.
void Compiler::reportKernels() {
  std::vector<KernelResources> told = parsePtxasInfo(kernels->ptxasLog);
  for (const DeviceKernel &kernel : kernels->kernels) {
    KernelReport entry;
    entry.name = kernel.name;
    entry.group = kernel.group;
    bool isTold = false;
    for (const KernelResources &resources : told) {
      if (resources.name != kernel.name)
        continue;
      entry.chip = resources.chip;
      entry.registers = resources.registers;
      entry.spillBytes = resources.spillBytes;
      entry.stackBytes = resources.stackBytes;
      entry.sharedBytes = resources.sharedBytes + kernel.sharedBytes;
      report.kernels.push_back(entry);
      isTold = true;
    }
    if (!isTold)
      report.kernels.push_back(std::move(entry));
  }
  for (auto &[group, names] : kernels->groupKernels)
    for (GroupReport &entry : report.groups)
      if (entry.name == group)
        entry.kernels = names;
}

/// The arena over a run, and its size where no input's shape has a say in it.
void Compiler::noteMemory() {
  auto entry = module.lookupSymbol<func::FuncOp>("main");
  if (!entry)
    return;
  report.memory = getTimeline(entry);
  auto bytes = entry->getAttrOfType<IntegerAttr>("rac.arena_bytes");
  if (bytes && signature.symbols.empty())
    report.peakBytes = bytes.getInt();
}

/// The plan kept the budget by prediction; this is what the run will take.
llvm::Error Compiler::checkMemory() {
  if (options.maxBytes <= 0 || !report.peakBytes)
    return llvm::Error::success();
  int64_t bytes = *report.peakBytes + report.weightsBytes;
  if (bytes <= options.maxBytes)
    return llvm::Error::success();
  constexpr double mib = 1 << 20;
  return llvm::createStringError(llvm::formatv(
      "the memory budget of {0:F3} MiB is missed by {1:F3} MiB: working memory "
      "takes {2:F3} MiB and weights {3:F3} MiB",
      options.maxBytes / mib, (bytes - options.maxBytes) / mib,
      *report.peakBytes / mib, report.weightsBytes / mib));
}

llvm::json::Object Compiler::description() {
  llvm::json::Object memory{{"weights_bytes", int64_t(weights.size)},
                            {"arena_bytes", nullptr}};
  if (report.peakBytes)
    memory["arena_bytes"] = *report.peakBytes;
  llvm::json::Array flags;
  for (const std::string &flag : options.flags)
    flags.push_back(jsonText(flag));
  llvm::json::Object description{
      {"plan", planSummary(report)},
      {"memory", std::move(memory)},
      {"provenance", llvm::json::Object{{"compiler", "rac " RAC_VERSION},
                                        {"llvm", RAC_LLVM_VERSION},
                                        {"flags", std::move(flags)}}}};
  if (options.profile)
    description["groups"] = groupsToJson(report.groups);
  return description;
}
