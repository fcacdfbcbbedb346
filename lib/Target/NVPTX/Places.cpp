//===- Places.cpp - Where loads and stores access buffers -----------------===//

#include "Places.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;

Value nvptx::bufferOf(Operation *access) {
  if (auto load = dyn_cast<memref::LoadOp>(access))
    return load.getMemRef();
  return cast<memref::StoreOp>(access).getMemRef();
}

std::optional<nvptx::Values> nvptx::placeOf(Operation *access) {
  Value buffer = bufferOf(access);
  auto load = dyn_cast<memref::LoadOp>(access);
  Values place(load ? load.getIndices()
                    : cast<memref::StoreOp>(access).getIndices());
  while (buffer != baseOf(buffer)) {
    auto view = buffer.getDefiningOp<memref::SubViewOp>();
    if (!view)
      return std::nullopt;
    llvm::SmallBitVector dropped = view.getDroppedDims();
    Values outer;
    size_t next = 0;
    for (auto [dim, offset, step] :
         llvm::enumerate(view.getMixedOffsets(), view.getMixedStrides())) {
      Value inner = dropped.test(dim) ? Value() : place[next++];
      if (isConstantIntValue(offset, 0) && isConstantIntValue(step, 1))
        outer.push_back(inner);
      else
        outer.push_back(dropped.test(dim) ? dyn_cast<Value>(offset) : Value());
    }
    place = outer;
    buffer = view.getSource();
  }
  return place;
}
