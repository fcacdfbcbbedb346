//===- Constants.h - Reading and making tensor constants --------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_CONSTANTS_H
#define RAC_LIB_TRANSFORMS_CONSTANTS_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/PatternMatch.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <optional>

namespace rac {

/// The bytes of a constant's elements, row-major; of one element for a splat.
struct ConstantBytes {
  llvm::ArrayRef<char> bytes;
  bool isSplat;
};

/// Nothing for a value that is no constant, whose bytes are not there, or whose
/// elements are no whole bytes.
std::optional<ConstantBytes> getConstantBytes(mlir::Value value);

/// A constant as an attribute whose elements can be read, or null.
mlir::DenseElementsAttr getDense(mlir::Value value);

/// The value of all elements of a float or signless integer constant.
std::optional<double> getSplat(mlir::Value value);
bool isSplat(mlir::Value value, double expected);

/// All elements of a f32 constant.
std::optional<llvm::SmallVector<float>> getFloats(mlir::Value value);

/// The sum of a constant's signed bytes for each index of dimension `channel`.
std::optional<llvm::SmallVector<int64_t>> sumsOf(mlir::Value steps,
                                                 int64_t channel);

/// A constant op; its bytes are what `fill` writes. Large ones are resources,
/// so that attributes stay small.
mlir::Value
makeConstant(mlir::OpBuilder &builder, mlir::Location loc,
             mlir::RankedTensorType type,
             llvm::function_ref<void(llvm::MutableArrayRef<char>)> fill);
mlir::Value makeFloats(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::RankedTensorType type,
                       llvm::ArrayRef<float> values);
/// A rank-0 constant of `value`.
mlir::Value makeScalar(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Type elementType, double value);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_CONSTANTS_H
