//===- ElementBytes.h - Size of a buffer's element --------------*- C++ -*-===//

#ifndef RAC_LOWERING_ELEMENTBYTES_H
#define RAC_LOWERING_ELEMENTBYTES_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"

namespace rac {

/// Bytes of one element in memory; an index has 64 bits on every target.
inline int64_t elementBytes(mlir::MemRefType type) {
  mlir::Type element = type.getElementType();
  if (element.isIndex())
    return 8;
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

} // namespace rac

#endif // RAC_LOWERING_ELEMENTBYTES_H
