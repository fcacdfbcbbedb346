//===- Compiler.cpp - From a model file to a library ----------------------===//

#include "CompilerStages.h"
#include "HostLibrary.h"
#include "OutputFile.h"
#include "rac/Cost/Work.h"
#include "rac/Emit/Config.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace rac;

DialectRegistry rac::makeRegistry() {
  DialectRegistry registry;
  registerDialects(registry);
  return registry;
}

Compiler::Compiler(const CompileOptions &options)
    : options(options), context(makeRegistry()), complaints(context) {}

llvm::Error Compiler::check() {
  auto spec = resolveTarget(options.target, options.chip);
  if (!spec)
    return spec.takeError();
  target = std::move(*spec);
  std::string stem = llvm::sys::path::stem(options.model).str();
  signature.name = stem;
  signature.prefix = options.prefix.empty() ? makePrefix(stem) : options.prefix;
  report.model = stem;
  std::string chips = target.accelerator.chip;
  for (const LaterChip &later : llvm::reverse(target.accelerator.later))
    chips += ", " + later.name;
  report.target =
      target.name + " (" + (chips.empty() ? target.tuneCpu : chips) + ")";
  report.compiler = "rac " RAC_VERSION;
  report.llvmVersion = RAC_LLVM_VERSION;
  report.flags = options.flags;
  report.runsPerDay = options.runsPerDay;
  report.threads = std::max<int64_t>(1, options.threads);
  report.objective = options.objective;

  bool isText =
      options.emit != EmitKind::Library && options.emit != EmitKind::Object;
  summary.output = options.output;
  if (summary.output.empty())
    summary.output = isText                             ? "-"
                     : options.emit == EmitKind::Object ? stem + ".o"
                                                        : stem + ".so";
  if (!isText && summary.output == "-")
    return llvm::createStringError(
        "a library cannot be written to standard output");
  if (options.emit == EmitKind::Rac && !options.paretoFile.empty())
    return llvm::createStringError("--pareto needs a plan, before which "
                                   "--emit=rac ends");
  if (llvm::Error error = checkPrefix(signature.prefix))
    return error;
  return checkOutputs();
}

llvm::Error
Compiler::runPasses(StringRef stage,
                    llvm::function_ref<void(OpPassManager &)> populate) {
  if (llvm::Error error = rac::runPasses(module, stage, populate))
    return complaints.because(llvm::toString(std::move(error)));
  return llvm::Error::success();
}

llvm::Expected<CompileSummary> Compiler::run() {
  if (llvm::Error error = check())
    return error;
  if (llvm::Error error = findDescriptions())
    return error;
  if (llvm::Error error = import())
    return error;
  auto finish = [&](llvm::Error error) -> llvm::Expected<CompileSummary> {
    if (error)
      return error;
    if (!options.reportFile.empty())
      if (llvm::Error problem = writeReport())
        return problem;
    if (!options.paretoFile.empty())
      if (llvm::Error problem =
              writeOutput(options.paretoFile, [&](auto &os) { os << front; }))
        return problem;
    summarize();
    return summary;
  };
  if (options.emit == EmitKind::Rac)
    return finish(writeText());
  if (llvm::Error error = plan())
    return error;
  if (options.emit == EmitKind::Plan)
    return finish(writeText());
  if (llvm::Error error = toLinalg())
    return error;
  if (options.emit == EmitKind::Linalg)
    return finish(writeText());
  return finish(toCode());
}

llvm::Expected<CompileSummary> rac::compile(const CompileOptions &options) {
  return Compiler(options).run();
}
