//===- Compiler.cpp - From a model file to a library ----------------------===//

#include "rac/Emit/Compiler.h"
#include "DeviceCode.h"
#include "OutputFile.h"
#include "PlanJson.h"
#include "PtxasInfo.h"
#include "Replay.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "rac/Cost/Carbon.h"
#include "rac/Cost/DeviceLookup.h"
#include "rac/Cost/DeviceSpec.h"
#include "rac/Cost/Work.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Emit/Config.h"
#include "rac/Emit/Emit.h"
#include "rac/Import/Import.h"
#include "rac/Pipelines/Pipelines.h"
#include "rac/Report/Html.h"
#include "rac/Report/Summary.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace rac;

namespace {

/// Where no site is given: the world's average, which the report says.
constexpr llvm::StringLiteral kDefaultSite = "world";

/// Keeps what MLIR complains about, to be told as one message.
class Complaints {
public:
  explicit Complaints(MLIRContext &context)
      : handler(&context, [this](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error &&
              first.empty())
            llvm::raw_string_ostream(first)
                << diagnostic.getLocation() << ": " << diagnostic;
          return success();
        }) {}
  llvm::Error because(const llvm::Twine &what) {
    return llvm::createStringError(first.empty() ? what : what + ": " + first);
  }

private:
  std::string first;
  ScopedDiagnosticHandler handler;
};

std::string tensorText(const ModelSignature &signature,
                       const TensorSignature &tensor) {
  std::string text = tensor.name + ": " + dtypeName(tensor.dtype).str() + "[";
  for (auto [i, dim] : llvm::enumerate(tensor.dims))
    text += (i ? ", " : "") +
            (dim >= 0 ? std::to_string(dim) : signature.symbols[-1 - dim]);
  return text + "]";
}

class Compiler {
public:
  explicit Compiler(const CompileOptions &options)
      : options(options), context(makeRegistry()), complaints(context) {}

  llvm::Expected<CompileSummary> run();

private:
  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }
  llvm::Error check();
  llvm::Error findDescriptions();
  llvm::Error import();
  llvm::Error importOnnxFile();
  llvm::Error parse();
  llvm::Error readSignature();
  llvm::Error extractGroup();
  llvm::Error plan();
  llvm::Error setCarbon(PlanOptions &planOptions);
  llvm::Error replay();
  llvm::Error costAsGiven();
  llvm::Error checkMemory();
  llvm::Error toLinalg();
  llvm::Error toCode();
  llvm::Error toKernels();
  void reportKernels();
  llvm::Error runPasses(StringRef stage,
                        llvm::function_ref<void(OpPassManager &)> populate);
  llvm::Error writeText();
  llvm::Error writeReport();
  void describeFront();
  llvm::Error write(StringRef path,
                    llvm::function_ref<void(llvm::raw_ostream &)> writer);
  llvm::json::Object description();
  void noteMemory();
  void summarize();

  const CompileOptions &options;
  CompileSummary summary;
  Report report;
  std::string front; ///< as text
  TargetSpec target;
  ModelSignature signature;
  WeightImage weights;
  std::optional<DeviceImages> kernels; ///< of an accelerator
  // The module's constants lie in the model's storage, so that goes after it; a
  // replayed plan's lie in the context of the model as imported.
  MLIRContext context;
  Complaints complaints;
  ImportedModel model;
  OwningOpRef<ModuleOp> parsed;
  bool isPlanned = false;
  std::unique_ptr<MLIRContext> replayContext;
  OwningOpRef<ModuleOp> replayed;
  ModuleOp module;
};

llvm::Error Compiler::check() {
  auto spec = resolveTarget(options.target, options.chip);
  if (!spec)
    return spec.takeError();
  target = std::move(*spec);
  std::string stem = llvm::sys::path::stem(options.model).str();
  signature.name = stem;
  signature.prefix = options.prefix.empty() ? makePrefix(stem) : options.prefix;
  report.model = stem;
  StringRef chip = target.accelerator.chip;
  report.target =
      target.name + " (" + (chip.empty() ? target.tuneCpu : chip.str()) + ")";
  report.compiler = "rac " RAC_VERSION;
  report.llvmVersion = RAC_LLVM_VERSION;
  report.flags = options.flags;
  report.runsPerDay = options.runsPerDay;
  report.threads = std::max<int64_t>(1, options.threads);
  report.assumedDim = Assumptions().dim;
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
  return checkPrefix(signature.prefix);
}

/// The device to plan for, and the site to count carbon at.
llvm::Error Compiler::findDescriptions() {
  std::vector<std::string> notes;
  auto device = findDevice(
      options.device.empty() ? target.device : options.device, notes);
  for (const std::string &note : notes)
    options.note(note);
  if (!device)
    return device.takeError();
  // A plan may be made for any device, code only for the target's.
  StringRef arch = llvm::Triple::getArchTypeName(target.triple.getArch());
  if (!target.accelerator.chip.empty())
    arch = llvm::Triple::getArchTypeName(target.accelerator.triple.getArch());
  bool isCode =
      options.emit == EmitKind::Assembly || options.emit == EmitKind::Ptx ||
      options.emit == EmitKind::Object || options.emit == EmitKind::Library;
  if (isCode && device->arch != arch)
    return llvm::createStringError("device " + device->id + " runs " +
                                   device->arch + ", and target " +
                                   target.name + " is " + arch);
  StringRef chip = target.accelerator.chip;
  if (options.device.empty() && chip.starts_with("sm_") && device->chip != chip)
    options.note(("no device of chip " + chip + " is described: planning for " +
                  device->id + ", which is " + device->chip)
                     .str());
  report.device = std::move(*device);
  // A run has all of a GPU.
  if (report.device->kind == DeviceKind::gpu)
    report.threads = report.device->topology.cores->v;
  report.siteGiven = !options.site.empty();
  if (!report.siteGiven && options.objective == "carbon")
    options.note("no --site: carbon is that of the world's mean electricity");
  auto site = findSite(report.siteGiven ? options.site : kDefaultSite.str());
  if (!site)
    return site.takeError();
  report.site = std::move(*site);
  return llvm::Error::success();
}

llvm::Error Compiler::import() {
  options.progress("reading the model");
  StringRef path = options.model;
  if (llvm::Error error = path.ends_with(".mlir") || path.ends_with(".mlirbc")
                              ? parse()
                              : importOnnxFile())
    return error;
  return readSignature();
}

/// A model as --emit=rac or --emit=plan wrote it, or by hand.
llvm::Error Compiler::parse() {
  if (!options.shapes.empty())
    return llvm::createStringError(
        "--shape is for ONNX models: an MLIR file has its shapes");
  if (!options.planFile.empty())
    return llvm::createStringError(
        "--plan is for ONNX models: an MLIR file is its own plan");
  parsed = parseSourceFile<ModuleOp>(options.model, ParserConfig(&context));
  if (!parsed)
    return complaints.because("'" + options.model + "' cannot be read");
  module = *parsed;
  module.walk([&](GroupOp) { isPlanned = true; });
  if (isPlanned && !options.paretoFile.empty())
    return llvm::createStringError(
        "--pareto needs a model to plan: the file is a plan");
  if (options.randomConstants)
    return runPasses("filling constants", [](OpPassManager &manager) {
      manager.addPass(createFillConstants());
    });
  if (options.emit == EmitKind::Rac || options.emit == EmitKind::Plan)
    return llvm::Error::success();
  return checkConstants(module);
}

llvm::Error Compiler::importOnnxFile() {
  if (options.randomConstants)
    return llvm::createStringError(
        "--random-constants is for MLIR files: an ONNX model has its own");
  loadImportDialects(context);
  ImportOptions importOptions;
  importOptions.shapes = options.shapes;
  std::string problem;
  llvm::raw_string_ostream os(problem);
  auto imported = importOnnx(options.model, context, importOptions, os);
  if (!imported) {
    if (problem.empty())
      return complaints.because("'" + options.model + "' cannot be read");
    return llvm::createStringError(StringRef(problem).rtrim());
  }
  model = std::move(*imported);
  module = *model.module;
  return llvm::Error::success();
}

llvm::Error Compiler::readSignature() {
  auto computed = computeSignature(module, signature.name, signature.prefix);
  if (!computed)
    return computed.takeError();
  signature = std::move(*computed);
  for (const TensorSignature &tensor : signature.inputs)
    report.inputs.push_back(tensorText(signature, tensor));
  for (const TensorSignature &tensor : signature.outputs)
    report.outputs.push_back(tensorText(signature, tensor));
  report.symbols = signature.symbols;
  return llvm::Error::success();
}

llvm::Error
Compiler::runPasses(StringRef stage,
                    llvm::function_ref<void(OpPassManager &)> populate) {
  PassManager manager(module->getContext());
  populate(manager);
  if (failed(manager.run(module)))
    return complaints.because(stage + " failed");
  return llvm::Error::success();
}

llvm::Error Compiler::plan() {
  options.progress("planning");
  PlanOptions planOptions;
  planOptions.useLibrary = options.useLibrary && target.hasKernelLibrary;
  planOptions.threads = options.threads;
  planOptions.objective = options.objective;
  planOptions.maxSeconds = options.maxSeconds;
  planOptions.maxBytes = options.maxBytes;
  constexpr int64_t points = 24;
  planOptions.front = options.paretoFile.empty() ? 0 : points;
  planOptions.checkBudgets = options.planFile.empty();
  if (options.objective == "carbon")
    if (llvm::Error error = setCarbon(planOptions))
      return error;
  attachDevice(module, *report.device);
  if (!isPlanned) {
    if (llvm::Error error = runPasses("planning", [&](OpPassManager &manager) {
          populatePlanPipeline(manager, planOptions);
        }))
      return error;
    if (!options.paretoFile.empty())
      describeFront();
  }
  if (!options.planFile.empty())
    if (llvm::Error error = replay())
      return error;
  if (isPlanned || !options.planFile.empty())
    if (llvm::Error error = costAsGiven())
      return error;
  if (!options.group.empty())
    if (llvm::Error error = extractGroup())
      return error;
  report.groups = reportGroups(module);
  report.search = reportSearch(module);
  report.unknowns = notedUnknowns(module);
  return llvm::Error::success();
}

/// What a joule and a second on the device are in grams, at the site.
llvm::Error Compiler::setCarbon(PlanOptions &planOptions) {
  double cores = report.device->topology.cores->v;
  bool all = options.threads == 0 || report.device->kind == DeviceKind::gpu;
  double share = all ? 1 : std::min(1.0, options.threads / cores);
  Unknowns unknowns;
  auto joule = carbonOf(1, 0, share, *report.device, *report.site, unknowns);
  auto second = carbonOf(0, 1, share, *report.device, *report.site, unknowns);
  if (!joule || !second)
    return llvm::createStringError("site " + report.site->id +
                                   " has no carbon intensity, so there is no "
                                   "planning for carbon");
  planOptions.gramsPerJoule = joule->total().value;
  planOptions.gramsPerSecond = second->total().value;
  return llvm::Error::success();
}

llvm::Error Compiler::extractGroup() {
  if (llvm::Error error =
          runPasses("taking out a group", [&](OpPassManager &manager) {
            ExtractGroupOptions extract;
            extract.name = options.group;
            manager.addPass(createExtractGroup(extract));
          }))
    return error;
  return readSignature();
}

/// What a plan that was given costs, and whether it keeps to the budgets.
llvm::Error Compiler::costAsGiven() {
  CostGroupsOptions costs;
  costs.threads = options.threads;
  CheckBudgetsOptions budgets;
  budgets.maxSeconds = options.maxSeconds;
  budgets.maxBytes = options.maxBytes;
  return runPasses("planning", [&](OpPassManager &manager) {
    manager.addPass(createCostGroups(costs));
    manager.addPass(createCheckBudgets(budgets));
  });
}

/// A plan in JSON changes the module's groups; one in MLIR takes its place.
llvm::Error Compiler::replay() {
  if (StringRef(options.planFile).ends_with(".json"))
    return applyPlanJson(module, options.planFile);
  replayContext = std::make_unique<MLIRContext>(makeRegistry());
  Complaints problems(*replayContext);
  auto read = readPlan(options.planFile, *replayContext, module);
  if (!read)
    return problems.because(llvm::toString(read.takeError()));
  replayed = std::move(*read);
  module = *replayed;
  // Budgets are those of now.
  if (auto search = module->getAttrOfType<SearchAttr>("rac.search"))
    module->setAttr("rac.search",
                    search.withBudgets(options.maxSeconds, options.maxBytes));
  auto device = attachedDevice(module);
  if (!device) {
    llvm::consumeError(device.takeError());
    attachDevice(module, *report.device);
  }
  return llvm::Error::success();
}

llvm::Error Compiler::toLinalg() {
  options.progress("lowering");
  LoweringOptions lowering;
  lowering.threads = options.threads ? options.threads : target.cores;
  lowering.profile = options.profile;
  lowering.vectorBits = target.vectorBits;
  lowering.scalable = target.scalable;
  lowering.registers = target.vectorRegisters;
  lowering.accelerator = !target.accelerator.chip.empty();
  return runPasses("lowering", [&](OpPassManager &manager) {
    populateLinalgPipeline(manager, lowering);
  });
}

/// From linalg on tensors to files.
llvm::Error Compiler::toCode() {
  BufferOptions buffers;
  buffers.vectorBits = target.vectorBits;
  buffers.scalable = target.scalable;
  buffers.registers = target.vectorRegisters;
  buffers.assumedDim = report.assumedDim;
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
    return write(summary.output,
                 [&](llvm::raw_ostream &os) { os << kernels->ptx; });
  if (llvm::Error error = runPasses("lowering", populateLLVMPipeline))
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
    emit.report = llvm::formatv("{0}", toJson(report)).str();
  emit.progress = options.progress;
  return emitModel(module, signature, weights, emit);
}

/// What the accelerator runs, out of the module.
llvm::Error Compiler::toKernels() {
  options.progress("generating kernels");
  auto compiled = compileKernels(module, target.accelerator, [&] {
    return runPasses("lowering", populateKernelPipeline);
  });
  if (!compiled)
    return complaints.because(llvm::toString(compiled.takeError()));
  kernels = std::move(*compiled);
  reportKernels();
  return llvm::Error::success();
}

/// What each kernel takes, as far as an assembler told.
void Compiler::reportKernels() {
  std::vector<KernelResources> told = parsePtxasInfo(kernels->ptxasLog);
  for (const DeviceKernel &kernel : kernels->kernels) {
    KernelReport entry;
    entry.name = kernel.name;
    entry.group = kernel.group;
    for (const KernelResources &resources : told)
      if (resources.name == kernel.name) {
        entry.chip = resources.chip;
        entry.registers = resources.registers;
        entry.spillBytes = resources.spillBytes;
        entry.stackBytes = resources.stackBytes;
        entry.sharedBytes = resources.sharedBytes + kernel.sharedBytes;
      }
    report.kernels.push_back(std::move(entry));
  }
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

/// To a file, or to standard output for "-".
llvm::Error
Compiler::write(StringRef path,
                llvm::function_ref<void(llvm::raw_ostream &)> writer) {
  if (path == "-") {
    writer(llvm::outs());
    return llvm::Error::success();
  }
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  if (llvm::Error error = file->write(writer))
    return error;
  return file->keep();
}

/// The module as text, its large constants by name only; a plan into a file in
/// .json as that.
llvm::Error Compiler::writeText() {
  bool json = options.emit == EmitKind::Plan &&
              StringRef(summary.output).ends_with(".json");
  return write(summary.output, [&](llvm::raw_ostream &os) {
    if (json) {
      os << llvm::formatv("{0:2}", planToJson(module, report.device->id))
         << "\n";
      return;
    }
    OpPrintingFlags flags;
    flags.elideLargeResourceString(0);
    module->print(os, flags);
    os << "\n";
  });
}

llvm::Error Compiler::writeReport() {
  llvm::json::Value json = toJson(report);
  std::string text = llvm::formatv("{0:2}\n", json).str();
  if (StringRef(options.reportFile).ends_with(".html")) {
    auto page = toHtml(json);
    if (!page)
      return page.takeError();
    text = std::move(*page);
  }
  return write(options.reportFile, [&](llvm::raw_ostream &os) { os << text; });
}

/// To be written once all else is.
void Compiler::describeFront() {
  llvm::raw_string_ostream os(front);
  if (StringRef(options.paretoFile).ends_with(".json"))
    os << llvm::formatv("{0:2}",
                        frontToJson(module, signature.name, report.device->id))
       << "\n";
  else
    printFront(module, os);
}

void Compiler::summarize() {
  WrittenFiles files{summary.output, 0, options.reportFile};
  if (summary.output != "-")
    (void)llvm::sys::fs::file_size(summary.output, files.outputBytes);
  summary.text = summaryText(report, files);
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
              write(options.paretoFile, [&](auto &os) { os << front; }))
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

} // namespace

llvm::Expected<CompileSummary> rac::compile(const CompileOptions &options) {
  return Compiler(options).run();
}
