//===- Import.cpp - ONNX files to rac modules -----------------------------===//

#include "rac/Import/Import.h"
#include "GraphImporter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace rac;

void rac::loadImportDialects(MLIRContext &context) {
  context
      .loadDialect<rac::RacDialect, affine::AffineDialect, arith::ArithDialect,
                   cf::ControlFlowDialect, func::FuncDialect, scf::SCFDialect,
                   tensor::TensorDialect>();
}

std::optional<ImportedModel> rac::importOnnx(StringRef path,
                                             MLIRContext &context,
                                             const ImportOptions &options,
                                             raw_ostream &errors) {
  onnxmodel::ReadOptions readOptions;
  for (const auto &[name, shape] : options.shapes)
    readOptions.shapes[name.str()].assign(shape.begin(), shape.end());
  std::string problem;
  std::shared_ptr<onnxmodel::Model> model =
      onnxmodel::Model::read(path.str(), readOptions, problem);
  if (!model) {
    errors << path << ": " << problem << "\n";
    return std::nullopt;
  }

  loadImportDialects(context);
  // Shape functions and verifiers explain themselves in diagnostics.
  std::string explained;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      explained += (explained.empty() ? "" : "\n") + diagnostic.str();
    return success();
  });
  ImportedModel result;
  result.storage = model;
  result.module =
      ModuleOp::create(NameLoc::get(StringAttr::get(&context, path)));
  StringRef name = model->graph().name;
  (*result.module)
      ->setAttr("rac.model_name",
                StringAttr::get(&context, name.empty() ? "model" : name));

  onnximport::GraphImporter importer(*model, &context);
  if (failed(importer.importMain(*result.module))) {
    if (!importer.errors.empty()) {
      errors << path << ": " << importer.errors << "\n";
      if (!explained.empty())
        errors << "  " << explained << "\n";
    }
    if (!importer.unsupported.empty())
      errors << path << ": the model uses what rac doesn't support:\n"
             << llvm::join(importer.unsupported, "\n") << "\n";
    return std::nullopt;
  }
  if (failed(verify(*result.module))) {
    errors << path << ": the model contradicts itself: " << explained << "\n";
    return std::nullopt;
  }
  return result;
}
