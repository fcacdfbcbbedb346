//===- ModelSignature.h - What a model takes and gives ----------*- C++ -*-===//
//
// Names, types and dimensions of a model's inputs and outputs, as its users see
// them. Taken from the level-1 module, since lowering drops names and signs.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_EMIT_MODELSIGNATURE_H
#define RAC_EMIT_MODELSIGNATURE_H

#include "mlir/IR/BuiltinOps.h"
#include "rac-c/Library.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace rac {

struct TensorSignature {
  std::string name;
  RacDtype dtype;
  /// At least 0: that size. Below: symbol number -(1 + dim), as in
  /// RacTensorInfo.
  std::vector<int64_t> dims;
};

struct ModelSignature {
  std::string name;   ///< for people
  std::string prefix; ///< of the symbols, a C identifier
  std::vector<TensorSignature> inputs, outputs;
  std::vector<std::string> symbols;
};

/// Reads the signature of the module's entry function. A dynamic dimension
/// without a name gets one that no other dimension has.
llvm::Expected<ModelSignature> computeSignature(mlir::ModuleOp module,
                                                llvm::StringRef name,
                                                llvm::StringRef prefix);

/// A C identifier as much like `name` as can be.
std::string makePrefix(llvm::StringRef name);

/// Fails unless `prefix` can name a model's functions.
llvm::Error checkPrefix(llvm::StringRef prefix);

/// As in descriptions: f32, u8, bool …
llvm::StringRef dtypeName(RacDtype dtype);

/// What `<prefix>_describe` returns, schema rac-model/1; `more` is appended.
std::string describe(const ModelSignature &signature, llvm::json::Object more);

/// A JSON string of any bytes, those that are not UTF-8 replaced.
llvm::json::Value jsonText(llvm::StringRef text);

} // namespace rac

#endif // RAC_EMIT_MODELSIGNATURE_H
