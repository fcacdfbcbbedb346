//===- ElementBytes.h - Size of a buffer's element --------------*- C++ -*-===//

#ifndef RAC_LOWERING_ELEMENTBYTES_H
#define RAC_LOWERING_ELEMENTBYTES_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

namespace rac {

/// Bytes of an element in memory; an index has 64 bits on every target.
inline int64_t bytesOf(mlir::Type element) {
  return element.isIndex()
             ? 8
             : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

/// Bytes of one element of a buffer.
inline int64_t elementBytes(mlir::MemRefType type) {
  return bytesOf(type.getElementType());
}

} // namespace rac

#endif // RAC_LOWERING_ELEMENTBYTES_H
