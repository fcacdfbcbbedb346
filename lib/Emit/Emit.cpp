//===- Emit.cpp - The LLVM dialect to files -------------------------------===//

#include "rac/Emit/Emit.h"
#include "CodeGen.h"
#include "Link.h"
#include "ModelInfo.h"
#include "OutputFile.h"
#include "rac-c/Abi.h"
#include "rac/Emit/Config.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace rac;

namespace {

/// How the library names its weights file: the runtime looks beside the
/// library.
std::string weightsName(StringRef file, StringRef library) {
  std::string path = absolutePath(file);
  if (sys::path::parent_path(path) ==
      sys::path::parent_path(absolutePath(library)))
    return sys::path::filename(path).str();
  return path;
}

Expected<uint64_t> checksumOf(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (!buffer)
    return createStringError("cannot read '" + path +
                             "' back: " + buffer.getError().message());
  return rac_weights_checksum((*buffer)->getBufferStart(),
                              (*buffer)->getBufferSize());
}

/// One way through Emit: from a module to one kind of file.
class Emitter {
public:
  Emitter(const ModelSignature &signature, const WeightImage &weights,
          const EmitOptions &options)
      : signature(signature), weights(weights), options(options) {}

  Error run(mlir::ModuleOp module);

private:
  bool hasFile() const {
    return !options.weightsFile.empty() && weights.size &&
           options.kind == CodeKind::Library;
  }
  Error writeWeights();
  Error makeFacts(mlir::ModuleOp module);
  Error writeText();
  Error writeBinary();
  Error addObject(ArrayRef<char> bytes);
  Error addWeightsObject();

  const ModelSignature &signature;
  const WeightImage &weights;
  const EmitOptions &options;
  LLVMContext context;
  std::unique_ptr<Module> code;
  ModelFacts facts;
  std::optional<OutputFile> weightsOutput;
  std::vector<OutputFile> objects;
};

Error Emitter::writeWeights() {
  auto file = OutputFile::create(options.weightsFile);
  if (!file)
    return file.takeError();
  if (Error error =
          file->write([&](raw_pwrite_stream &os) { weights.write(os); }))
    return error;
  auto checksum = checksumOf(file->path());
  if (!checksum)
    return checksum.takeError();
  facts.weightsFile = weightsName(options.weightsFile, options.output);
  facts.weightsChecksum = *checksum;
  weightsOutput.emplace(std::move(*file));
  return Error::success();
}

Error Emitter::makeFacts(mlir::ModuleOp module) {
  if (auto sites = module->getAttrOfType<mlir::IntegerAttr>("rac.num_sites"))
    facts.numSites = sites.getInt();
  facts.cpuFeatures = options.target.required;
  facts.threads = options.threads;
  facts.spinMicroseconds = options.spinMicroseconds;
  facts.numTimes = options.numTimes;
  facts.weightsSize = weights.size;
  facts.device = options.device;
  json::Object description = options.description;
  description["target"] = options.target.name;
  description["cpu_features"] = options.target.required;
  description["threads"] = options.threads;
  description["spin_us"] = options.spinMicroseconds;
  facts.describe = describe(signature, std::move(description));
  facts.report = options.report;
  return hasFile() ? writeWeights() : Error::success();
}

Error Emitter::writeText() {
  auto machine = createMachine(options.target);
  if (!machine)
    return machine.takeError();
  optimize(*code, **machine);
  SmallVector<char, 0> text;
  raw_svector_ostream os(text);
  if (options.kind == CodeKind::LLVM)
    code->print(os, nullptr);
  else if (Error error =
               writeCode(*code, **machine, CodeGenFileType::AssemblyFile, os))
    return error;
  return writeOutput(options.output,
                     [&](raw_ostream &out) { out << os.str(); });
}

Error Emitter::addObject(ArrayRef<char> bytes) {
  auto file = OutputFile::create(options.output + ".o");
  if (!file)
    return file.takeError();
  objects.push_back(std::move(*file));
  return objects.back().write(
      [&](raw_pwrite_stream &os) { os.write(bytes.data(), bytes.size()); });
}

Error Emitter::addWeightsObject() {
  auto file = OutputFile::create(options.output + ".o");
  if (!file)
    return file.takeError();
  objects.push_back(std::move(*file));
  uint16_t machine =
      options.target.triple.isAArch64() ? ELF::EM_AARCH64 : ELF::EM_X86_64;
  return objects.back().write(
      [&](raw_pwrite_stream &os) { writeWeightsObject(weights, machine, os); });
}

Error Emitter::writeBinary() {
  LinkJob job;
  job.arch = Triple::getArchTypeName(options.target.triple.getArch()).str();
  Function *call = code->getFunction("rac_library_call");
  job.usesLibrary = call && !call->use_empty();
  job.usesDevice = options.device != nullptr;
  auto compiled = compileObjects(std::move(code), options.target);
  if (!compiled)
    return compiled.takeError();
  for (auto &object : *compiled) {
    if (Error error = addObject(object))
      return error;
    object = {};
  }
  if (weights.size && !hasFile())
    if (Error error = addWeightsObject())
      return error;

  auto output = OutputFile::create(options.output);
  if (!output)
    return output.takeError();
  for (const OutputFile &object : objects)
    job.objects.push_back(object.path());
  job.output = output->path();
  job.exported = exportedSymbols(signature.prefix);
  options.progress("linking");
  if (Error error = options.kind == CodeKind::Object
                        ? mergeObjects(job.objects, job.output)
                        : linkLibrary(job))
    return error;
  if (weightsOutput)
    if (Error error = weightsOutput->keep())
      return error;
  return output->keep();
}

Error Emitter::run(mlir::ModuleOp module) {
  auto translated = translate(module, context, "model");
  if (!translated)
    return translated.takeError();
  code = std::move(*translated);
  if (Error error = makeFacts(module))
    return error;
  if (Error error = addModelInfo(*code, signature, facts))
    return error;
  auto machine = createMachine(options.target);
  if (!machine)
    return machine.takeError();
  setTarget(*code, options.target, **machine);
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(*code, &os))
    return createStringError("the lowered module is not valid LLVM IR: " +
                             problem);
  options.progress("generating machine code");
  if (options.kind == CodeKind::LLVM || options.kind == CodeKind::Assembly)
    return writeText();
  return writeBinary();
}

} // namespace

int32_t rac::spinMicroseconds(StringRef objective) {
  // Spinning for as long as sleeping would have cost loses at most a factor of
  // two against knowing the wait (Karlin, Manasse, McGeoch and Owicki,
  // "Competitive randomized algorithms for non-uniform problems", SODA 1990).
  // For latency that is waking from the deepest idle state: 290 us on Sapphire
  // Rapids, 170 on Granite Rapids (C6 in Linux's drivers/idle/intel_idle.c).
  constexpr int32_t kLatency = 300;
  // For energy it is the CPU time of sleeping and being woken: measured, 3 us
  // on either side.
  constexpr int32_t kEnergy = 5;
  // Their product weighs both alike: the geometric mean.
  constexpr int32_t kProduct = 40;
  if (objective == "latency")
    return kLatency;
  return objective == "edp" ? kProduct : kEnergy;
}

Error rac::emitModel(mlir::ModuleOp module, const ModelSignature &signature,
                     const WeightImage &weights, const EmitOptions &options) {
  return Emitter(signature, weights, options).run(module);
}
