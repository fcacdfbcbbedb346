//===- GpuShapes.cpp - Shapes that are buffers stay with the host ---------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUSHAPES
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// What was stored into each element of `shape`, a buffer that is only stored
/// to, loaded from and taken as a shape, when `op` is reached. None unless each
/// was stored once, and before that.
std::optional<SmallVector<Value>> storedSizes(Value shape, Operation *op) {
  auto alloc = shape.getDefiningOp<memref::AllocOp>();
  if (!alloc)
    return std::nullopt;
  SmallVector<Value> sizes(alloc.getType().getDimSize(0));
  Operation *reached = alloc->getBlock()->findAncestorOpInBlock(*op);
  for (Operation *user : shape.getUsers()) {
    if (isa<memref::ReshapeOp, memref::LoadOp>(user))
      continue;
    auto store = dyn_cast<memref::StoreOp>(user);
    auto place = store && reached && store->getBlock() == alloc->getBlock() &&
                         store->isBeforeInBlock(reached)
                     ? getConstantIntValue(store.getIndices().front())
                     : std::nullopt;
    if (!place || *place < 0 || *place >= static_cast<int64_t>(sizes.size()) ||
        sizes[*place])
      return std::nullopt;
    sizes[*place] = store.getValueToStore();
  }
  if (!llvm::all_of(sizes, [](Value size) { return !!size; }))
    return std::nullopt;
  return sizes;
}

/// The sizes that `reshape` gives: what is stored into its shape, or what is
/// read of the accelerator's memory.
SmallVector<OpFoldResult> sizesOf(memref::ReshapeOp reshape) {
  Value shape = reshape.getShape();
  if (auto sizes = storedSizes(shape, reshape))
    return llvm::to_vector_of<OpFoldResult>(*sizes);
  OpBuilder builder(reshape);
  auto shapeType = cast<MemRefType>(shape.getType());
  SmallVector<OpFoldResult> sizes(shapeType.getDimSize(0));
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Value at = arith::ConstantIndexOp::create(builder, reshape.getLoc(), i);
    size = ReadOp::create(builder, reshape.getLoc(), shapeType.getElementType(),
                          shape, at)
               .getResult();
  }
  return sizes;
}

/// The host knows what it has stored.
void forwardLoads(memref::AllocOp shape) {
  for (Operation *user : llvm::make_early_inc_range(shape->getUsers())) {
    auto load = dyn_cast<memref::LoadOp>(user);
    auto place =
        load ? getConstantIntValue(load.getIndices().front()) : std::nullopt;
    auto sizes = place ? storedSizes(shape, load) : std::nullopt;
    if (!sizes || *place >= static_cast<int64_t>(sizes->size()))
      continue;
    load.replaceAllUsesWith((*sizes)[*place]);
    load.erase();
  }
}

/// A view of the same memory with sizes that are values.
void lowerReshape(memref::ReshapeOp reshape) {
  OpBuilder builder(reshape);
  Location loc = reshape.getLoc();
  auto type = cast<MemRefType>(reshape.getType());
  SmallVector<OpFoldResult> sizes = sizesOf(reshape);
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Value value =
        type.isDynamicDim(i)
            ? cast<Value>(size)
            : arith::ConstantIndexOp::create(builder, loc, type.getDimSize(i))
                  .getResult();
    if (!value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                         value);
    size = value;
  }
  // As a part from the start on, whose sizes are known: rac.block.
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(sizes))
    if (type.isDynamicDim(i))
      dynamic.push_back(cast<Value>(size));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  Value block =
      BlockOp::create(builder, loc, type, reshape.getSource(), zero, dynamic);
  for (OpOperand &use : llvm::make_early_inc_range(reshape->getUses())) {
    auto dim = dyn_cast<memref::DimOp>(use.getOwner());
    auto index = dim ? dim.getConstantIndex() : std::nullopt;
    if (index && *index < int64_t(sizes.size())) {
      dim.replaceAllUsesWith(cast<Value>(sizes[*index]));
      dim.erase();
    }
  }
  reshape.replaceAllUsesWith(block);
  reshape.erase();
}

struct GpuShapesPass : rac::impl::GpuShapesBase<GpuShapesPass> {
  void runOnOperation() override {
    SmallVector<memref::ReshapeOp> reshapes;
    getOperation().walk(
        [&](memref::ReshapeOp reshape) { reshapes.push_back(reshape); });
    llvm::SetVector<memref::AllocOp> shapes;
    for (memref::ReshapeOp reshape : reshapes) {
      auto source = dyn_cast<MemRefType>(reshape.getSource().getType());
      auto shape = cast<MemRefType>(reshape.getShape().getType());
      if (!isa<MemRefType>(reshape.getResult().getType()) || !source ||
          !source.getLayout().isIdentity() || !shape.hasStaticShape()) {
        reshape.emitOpError("has no rank or no dense memory");
        return signalPassFailure();
      }
      if (auto alloc = reshape.getShape().getDefiningOp<memref::AllocOp>())
        shapes.insert(alloc);
      lowerReshape(reshape);
    }
    for (memref::AllocOp alloc : shapes) {
      forwardLoads(alloc);
      if (!llvm::all_of(alloc->getUsers(), llvm::IsaPred<memref::StoreOp>))
        continue;
      for (Operation *store : llvm::make_early_inc_range(alloc->getUsers()))
        store->erase();
      alloc.erase();
    }
  }
};

} // namespace
