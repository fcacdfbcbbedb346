//===- Nibbles.h - Floats of four bits --------------------------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_VECTORIZE_NIBBLES_H
#define RAC_LIB_LOWERING_VECTORIZE_NIBBLES_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringRef.h"
#include <optional>

namespace rac::vectorize {

/// A half of a byte.
struct Nibble {
  mlir::Value byte;
  bool high;
};

/// The half that an i32 is; none if it is anything else.
std::optional<Nibble> halfOf(mlir::Value value);

/// The half, of which 8 is subtracted, that `widening` makes a float of; none
/// if it does anything else.
std::optional<Nibble> nibbleOf(mlir::Operation *widening);

/// The instruction among `dots`, "i4:f32:INTRINSIC", that takes a float for
/// each lane from a table of 16; empty: there is none.
llvm::StringRef findNibbleLookup(llvm::ArrayRef<std::string> dots);

/// Floats of the halves of `bytes`, 16 lanes, by such an instruction.
mlir::Value lookUpNibbles(mlir::OpBuilder &builder, mlir::Location loc,
                          llvm::StringRef intrinsic, mlir::Value bytes,
                          bool high);

} // namespace rac::vectorize

#endif // RAC_LIB_LOWERING_VECTORIZE_NIBBLES_H
