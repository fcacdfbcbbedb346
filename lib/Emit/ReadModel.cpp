//===- ReadModel.cpp - Reading the model to compile -----------------------===//

#include "CompilerStages.h"
#include "Replay.h"
#include "mlir/Parser/Parser.h"
#include "rac/Import/Import.h"
#include "rac/Transforms/Passes.h"

using namespace mlir;
using namespace rac;

namespace {

std::string tensorText(const ModelSignature &signature,
                       const TensorSignature &tensor) {
  std::string text = tensor.name + ": " + dtypeName(tensor.dtype).str() + "[";
  for (auto [i, dim] : llvm::enumerate(tensor.dims))
    text += (i ? ", " : "") +
            (dim >= 0 ? std::to_string(dim) : signature.symbols[-1 - dim]);
  return text + "]";
}

} // namespace

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
