//===- Bulk.cpp - Tiles copied by one thread ------------------------------===//

#include "Bulk.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <numeric>

using namespace mlir;
using namespace rac;
using namespace rac::gemm;

/// As the driver's headers and PTX say: of a box, and between rows (B).
constexpr int64_t kLongestSide = 256, kRowAlign = 16;

bool BulkLoader::fits(const Operand &operand) {
  auto isOneLoop = [](const Terms &terms) { return terms.size() == 1; };
  // Zeros around an operand are not in memory.
  return operand.access.bounds().empty() && operand.swizzled &&
         operand.bytes <= 4 && operand.vector * operand.bytes == kRowAlign &&
         operand.alongDepth == operand.depthInner && isOneLoop(operand.outer) &&
         isOneLoop(operand.depth) && operand.batch.size() <= 1 &&
         operand.outerTile <= kLongestSide && operand.depthTile <= kLongestSide;
}

/// Into how many parts blocks cut the rows or columns of a tile: where these
/// neighbour in memory, into whole lines' worth of them, and what is left is
/// cut along the depth. At most eight blocks have whole groups of eight lines
/// each.
int64_t BulkLoader::outerParts() const {
  return operand.depthInner
             ? part.blocks
             : std::gcd(part.blocks,
                        operand.outerTile * operand.bytes / kSwizzledLine);
}

/// Rows or columns of a box: a line's, where they neighbour in memory.
int64_t BulkLoader::boxOuter() const {
  return operand.depthInner ? operand.outerTile / outerParts()
                            : kSwizzledLine / operand.bytes;
}

BulkLoader::BulkLoader(Emit &e, const Operand &operand, Index batches,
                       Index batch, Index outerStart, const Part &part)
    : operand(operand), batch(batch), outerStart(outerStart), part(part),
      batched(!operand.batch.empty() && !isKnown(operand.batch[0].stride, 0)) {
  SmallVector<Index> sizes = {operand.depthSize, operand.outerSize},
                     strides = {operand.depth[0].stride};
  SmallVector<int64_t> box = {boxDepth(), boxOuter()};
  if (operand.depthInner) {
    std::reverse(sizes.begin(), sizes.end());
    std::reverse(box.begin(), box.end());
    strides[0] = operand.outer[0].stride;
  }
  if (batched) {
    sizes.insert(sizes.begin(), batches);
    strides.insert(strides.begin(), operand.batch[0].stride);
    box.insert(box.begin(), 1);
  }
  auto valuesOf = [&](ArrayRef<Index> list) {
    return llvm::map_to_vector(list, [&](Index x) { return e.value(x); });
  };
  map = TensorMapOp::create(
      e.b, e.loc, LLVM::LLVMPointerType::get(e.b.getContext()),
      operand.access.memory(), e.value(operand.access.start()), valuesOf(sizes),
      valuesOf(strides), e.b.getDenseI64ArrayAttr(box));
}

int64_t BulkLoader::bytes() const {
  return operand.outerTile * operand.depthTile * operand.bytes;
}

Value rac::gemm::sharedPointer(Emit &e, Value address, int64_t bytes) {
  Value at =
      bytes ? arith::AddIOp::create(e.b, e.loc, address,
                                    arith::ConstantIntOp::create(
                                        e.b, e.loc, e.b.getI64Type(), bytes))
                  .getResult()
            : address;
  auto type = LLVM::LLVMPointerType::get(
      e.b.getContext(), static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared));
  return LLVM::IntToPtrOp::create(e.b, e.loc, type, at);
}

void BulkLoader::load(Emit &e, Value target, Value barrier, Index depthStart) {
  auto cluster = LLVM::LLVMPointerType::get(
      e.b.getContext(),
      static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster));
  auto coordinate = [&](Index x) -> Value {
    return arith::IndexCastUIOp::create(e.b, e.loc, e.b.getI32Type(),
                                        e.value(x));
  };
  int64_t own = operand.outerTile / outerParts();
  Index outerFirst =
      e.mul(e.div(part.number, e.number(depthParts())), e.number(own));
  Index depthFirst =
      e.mul(e.rem(part.number, e.number(depthParts())), e.number(boxDepth()));
  // Where the part begins in the tile.
  Index start =
      e.add(e.mul(outerFirst, e.number(operand.depthTile * operand.bytes)),
            e.mul(depthFirst, e.number(kSwizzledLine)));
  if (!isKnown(start, 0))
    target = arith::AddIOp::create(
        e.b, e.loc, target,
        arith::IndexCastUIOp::create(e.b, e.loc, e.b.getI64Type(),
                                     e.value(start)));
  for (int64_t first = 0; first < own; first += boxOuter()) {
    Value outer =
              coordinate(e.add(outerStart, e.add(outerFirst, e.number(first)))),
          depth = coordinate(e.add(depthStart, depthFirst));
    SmallVector<Value> at = {outer, depth};
    if (operand.depthInner)
      std::swap(at[0], at[1]);
    if (batched)
      at.push_back(coordinate(batch));
    Value to =
        sharedPointer(e, target, first * operand.depthTile * operand.bytes);
    to = LLVM::AddrSpaceCastOp::create(e.b, e.loc, cluster, to);
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        e.b, e.loc, to, map, at, barrier, /*im2colOffsets=*/ValueRange(),
        /*multicastMask=*/part.mask, /*l2CacheHint=*/Value(),
        NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false, NVVM::CTAGroupKindAttr(),
        /*predicate=*/Value());
  }
}
