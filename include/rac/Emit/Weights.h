//===- Weights.h - The constants of a model, as bytes -----------*- C++ -*-===//
//
// Weights are never copied in memory: they are noted where they lie, in the
// mapped model file, and written from there.
//
//===----------------------------------------------------------------------===//

#ifndef RAC_EMIT_WEIGHTS_H
#define RAC_EMIT_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace rac {

struct WeightSpan {
  uint64_t offset, bytes;
  /// The bytes themselves, or what they repeat.
  llvm::ArrayRef<char> data;
};

struct WeightImage {
  uint64_t size = 0;
  std::vector<WeightSpan> spans; ///< by offset

  void write(llvm::raw_ostream &os) const;
};

/// Collects the globals that `rac-collect-weights` gave an offset, and erases
/// them from the module. Their data stays where it is: it belongs to the
/// context or to the imported model, which must outlive the image.
llvm::Expected<WeightImage> takeWeights(mlir::ModuleOp module);

/// Writes a relocatable object for `machine` (an ELF number) that holds `image`
/// as the hidden symbol `rac_weights_data`.
void writeWeightsObject(const WeightImage &image, uint16_t machine,
                        llvm::raw_ostream &os);

/// The name of the symbol.
inline constexpr llvm::StringLiteral kWeightsSymbol = "rac_weights_data";

} // namespace rac

#endif // RAC_EMIT_WEIGHTS_H
