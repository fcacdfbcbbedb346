//===- Import.h - ONNX files to rac modules ---------------------*- C++ -*-===//
//
// Reads an ONNX model and builds one function of rac ops, @main. Nothing else
// in the project knows ONNX or protobuf.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_IMPORT_IMPORT_H
#define RAC_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"
#include <memory>
#include <optional>

namespace rac {

struct ImportOptions {
  /// Static shapes for inputs, by name; they replace what the model declares.
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
};

/// An imported model. The module's constants point into memory that `storage`
/// owns (the parsed file, mapped external data), so it goes last.
struct ImportedModel {
  std::shared_ptr<void> storage;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// Imports the model at `path`. Where that fails, says why on `errors`, all
/// that is unsupported in one message, and returns nothing. A file whose name
/// ends in
/// `.onnxtxt` is read as ONNX's text form, which tests use.
std::optional<ImportedModel> importOnnx(llvm::StringRef path,
                                        mlir::MLIRContext &context,
                                        const ImportOptions &options,
                                        llvm::raw_ostream &errors);

/// Loads the dialects that an imported module may use.
void loadImportDialects(mlir::MLIRContext &context);

} // namespace rac

#endif // RAC_IMPORT_IMPORT_H
