//===- Storage.h - Types that tensors are stored in -------------*- C++ -*-===//

#ifndef RAC_LIB_TRANSFORMS_STORAGE_H
#define RAC_LIB_TRANSFORMS_STORAGE_H

#include "mlir/IR/Builders.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

namespace rac {

/// How a tensor is stored that is computed with as f32: an element type and,
/// of 8 bits, what its numbers stand for.
struct Storage {
  mlir::Type element; ///< null: f32
  mlir::Type steps;

  explicit operator bool() const { return bool(element); }
  bool operator==(const Storage &o) const {
    return element == o.element && steps == o.steps;
  }
};

bool isHalf(mlir::Type type);
/// f8E4M3FN.
bool isFloat8(mlir::Type type);
bool isF32Tensor(mlir::Value value);
/// The tensor type with other elements.
mlir::Type withElement(mlir::Type type, mlir::Type element);

/// To the storage.
mlir::Value narrow(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                   const Storage &storage);
/// Back to f32.
mlir::Value widen(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                  const Storage &storage);

/// The storage that `op` narrows to; none if it doesn't.
Storage narrowsTo(mlir::Operation *op);
/// The storage that `op` widens from.
Storage widensFrom(mlir::Operation *op);

} // namespace rac

#endif // RAC_LIB_TRANSFORMS_STORAGE_H
