//===- BufferAccess.h - Who reads and writes a buffer -----------*- C++ -*-===//

#ifndef RAC_LIB_LOWERING_BUFFERACCESS_H
#define RAC_LIB_LOWERING_BUFFERACCESS_H

#include "mlir/IR/Operation.h"

namespace rac {

/// One use of a buffer or of a view of it.
struct BufferAccess {
  mlir::OpOperand *operand;
  bool writes;
};

/// Follows views to the buffer that they are of.
mlir::Value bufferOf(mlir::Value view);

/// Every use of `buffer` and of its views but views and queries of sizes, in no
/// order. False: something else is done with it, after which nobody knows who
/// touches it.
bool collectAccesses(mlir::Value buffer,
                     llvm::SmallVectorImpl<BufferAccess> &accesses);

/// The same of one use of a buffer.
bool collectAccesses(mlir::OpOperand &use,
                     llvm::SmallVectorImpl<BufferAccess> &accesses);

} // namespace rac

#endif // RAC_LIB_LOWERING_BUFFERACCESS_H
