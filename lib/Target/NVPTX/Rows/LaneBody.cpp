//===- LaneBody.cpp - A linalg op's operands and body in a thread ---------===//

#include "LaneBody.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

//===----------------------------------------------------------------------===//
// Alignment
//===----------------------------------------------------------------------===//

/// Whether it is a buffer of its own, or a view that starts where such do. (A
/// memref.view cuts the arena, whose buffers are aligned.)
static bool startsAligned(Value buffer) {
  while (Operation *op = buffer.getDefiningOp()) {
    if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp, memref::CastOp>(op))
      buffer = cast<ViewLikeOpInterface>(op).getViewSource();
    else
      return isa<memref::ViewOp>(op) || !isa<ViewLikeOpInterface>(op);
  }
  return true;
}

bool nvptx::hasAlignedRows(Value buffer, int64_t elements,
                           Multiples &multiples) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rank = type.getRank();
  if (rank == 0 || !type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8 != 0)
    return false;
  if (type.getLayout().isIdentity() && startsAligned(buffer)) {
    if (rank == 1)
      return true;
    if (type.isDynamicDim(rank - 1))
      multiples.insert({buffer, rank - 1});
    return type.isDynamicDim(rank - 1) ||
           type.getDimSize(rank - 1) % elements == 0;
  }
  if (auto subview = buffer.getDefiningOp<memref::SubViewOp>()) {
    auto offset = getConstantIntValue(subview.getMixedOffsets().back());
    auto stride = getConstantIntValue(subview.getMixedStrides().back());
    llvm::SmallBitVector dropped = subview.getDroppedDims();
    return offset && *offset % elements == 0 && stride == 1 &&
           !dropped.test(dropped.size() - 1) &&
           hasAlignedRows(subview.getSource(), elements, multiples);
  }
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!startsAligned(buffer) ||
      failed(type.getStridesAndOffset(strides, offset)))
    return false;
  strides.back() = strides.back() == 1 ? 0 : 1;
  return llvm::all_of(strides,
                      [&](int64_t stride) {
                        return !ShapedType::isDynamic(stride) &&
                               stride % elements == 0;
                      }) &&
         !ShapedType::isDynamic(offset) && offset % elements == 0;
}

Access nvptx::accessOf(Value buffer, AffineMap map,
                       std::optional<unsigned> lane) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || !lane || !map.isFunctionOfDim(*lane))
    return Access::same;
  SmallVector<int64_t> strides;
  int64_t offset;
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  bool elsewhere =
      llvm::any_of(map.getResults().drop_back(), [&](AffineExpr expr) {
        return expr.isFunctionOfDim(*lane);
      });
  if (!last || last.getPosition() != *lane || elsewhere ||
      failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return Access::single;
  return Access::contiguous;
}

int64_t nvptx::chooseLanes(ArrayRef<LaneLoop> loops, Multiples &multiples,
                           llvm::function_ref<bool(Value)> kept) {
  SmallVector<Value> buffers;
  SmallVector<int64_t> extents;
  for (auto [op, lane] : loops) {
    extents.push_back(op.getStaticLoopRanges()[lane]);
    for (OpOperand &operand : op->getOpOperands())
      if (accessOf(operand.get(), op.getMatchingIndexingMap(&operand), lane) ==
          Access::contiguous)
        buffers.push_back(operand.get());
  }
  int64_t lanes = buffers.empty() ? 1 : kMostLanes, most = 1;
  for (Value buffer : buffers)
    most = std::max(most, kAccessBytes / bytesOf(getElementTypeOrSelf(buffer)));
  for (lanes = std::min(lanes, most); lanes > 1; lanes /= 2) {
    Multiples needed;
    if (llvm::all_of(extents,
                     [&](int64_t extent) {
                       return ShapedType::isDynamic(extent) ||
                              extent % lanes == 0;
                     }) &&
        llvm::all_of(buffers, [&](Value buffer) {
          return hasAlignedRows(buffer, lanes, needed);
        })) {
      multiples = needed;
      return lanes;
    }
  }
  return 1;
}

Value nvptx::areMultiples(OpBuilder &builder, Location loc,
                          const Multiples &multiples, ValueRange sizes,
                          int64_t lanes) {
  Value all;
  Values toCheck;
  for (auto [buffer, dim] : multiples)
    toCheck.push_back(builder.createOrFold<memref::DimOp>(loc, buffer, dim));
  for (Value size : sizes)
    if (!getConstantIntValue(size) && !llvm::is_contained(toCheck, size))
      toCheck.push_back(size);
  for (Value size : toCheck) {
    Value rest = arith::RemUIOp::create(
        builder, loc, size,
        arith::ConstantIndexOp::create(builder, loc, lanes));
    Value fits =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, rest,
                              arith::ConstantIndexOp::create(builder, loc, 0));
    all =
        all ? arith::AndIOp::create(builder, loc, all, fits).getResult() : fits;
  }
  return all;
}

//===----------------------------------------------------------------------===//
// Loads and stores
//===----------------------------------------------------------------------===//

Values nvptx::indicesOf(OpBuilder &builder, Location loc, AffineMap map,
                        ValueRange position) {
  Values indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(position[dim.getPosition()]);
    else if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      indices.push_back(
          arith::ConstantIndexOp::create(builder, loc, constant.getValue()));
    else
      indices.push_back(affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(map.getNumDims(), 0, expr), position));
  }
  return indices;
}

Values nvptx::moved(OpBuilder &builder, Location loc, ValueRange position,
                    std::optional<unsigned> loop, int64_t by) {
  Values at(position);
  if (loop && by != 0)
    at[*loop] =
        arith::AddIOp::create(builder, loc, at[*loop],
                              arith::ConstantIndexOp::create(builder, loc, by));
  return at;
}

/// The elements of one access of so many lanes.
static int64_t accessLanes(Value buffer, int64_t lanes) {
  int64_t bytes = bytesOf(getElementTypeOrSelf(buffer));
  return std::min(lanes, kAccessBytes / bytes);
}

Values nvptx::loadLanes(OpBuilder &builder, Location loc, Value buffer,
                        AffineMap map, ValueRange position,
                        std::optional<unsigned> lane, int64_t lanes) {
  if (!isa<MemRefType>(buffer.getType()))
    return Values(lanes, buffer);
  Access access = accessOf(buffer, map, lane);
  auto loadOne = [&](int64_t by) -> Value {
    return memref::LoadOp::create(
        builder, loc, buffer,
        indicesOf(builder, loc, map, moved(builder, loc, position, lane, by)));
  };
  if (access == Access::same)
    return Values(lanes, loadOne(0));
  Values loaded;
  int64_t step = access == Access::contiguous ? accessLanes(buffer, lanes) : 1;
  Type element = getElementTypeOrSelf(buffer);
  for (int64_t at = 0; at < lanes; at += step) {
    if (step == 1) {
      loaded.push_back(loadOne(at));
      continue;
    }
    auto vector = vector::LoadOp::create(
        builder, loc, VectorType::get(step, element), buffer,
        indicesOf(builder, loc, map, moved(builder, loc, position, lane, at)),
        /*nontemporal=*/false, llvm::MaybeAlign(step * bytesOf(element)));
    auto elements = vector::ToElementsOp::create(builder, loc, vector);
    llvm::append_range(loaded, elements.getResults());
  }
  return loaded;
}

void nvptx::storeLanes(OpBuilder &builder, Location loc, ValueRange values,
                       Value buffer, AffineMap map, ValueRange position,
                       std::optional<unsigned> lane) {
  int64_t lanes = static_cast<int64_t>(values.size());
  int64_t step = accessOf(buffer, map, lane) == Access::contiguous
                     ? accessLanes(buffer, lanes)
                     : 1;
  Type element = getElementTypeOrSelf(buffer);
  for (int64_t at = 0; at < lanes; at += step) {
    Values indices =
        indicesOf(builder, loc, map, moved(builder, loc, position, lane, at));
    if (step == 1) {
      memref::StoreOp::create(builder, loc, values[at], buffer, indices);
      continue;
    }
    Value vector = vector::FromElementsOp::create(
        builder, loc, VectorType::get(step, element), values.slice(at, step));
    vector::StoreOp::create(builder, loc, vector, buffer, indices,
                            /*nontemporal=*/false,
                            llvm::MaybeAlign(step * bytesOf(element)));
  }
}

//===----------------------------------------------------------------------===//
// Computing
//===----------------------------------------------------------------------===//

Values nvptx::inlineBody(OpBuilder &builder, linalg::LinalgOp op,
                         ValueRange position, ValueRange arguments) {
  IRMapping mapping;
  Block *body = op.getBlock();
  for (auto [argument, value] :
       llvm::zip_equal(body->getArguments(), arguments))
    if (value) // others are not looked at
      mapping.map(argument, value);
  for (Operation &inner : body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), position[index.getDim()]);
      continue;
    }
    Operation *copy = builder.clone(inner, mapping);
    SmallVector<linalg::IndexOp> nested;
    copy->walk([&](linalg::IndexOp index) { nested.push_back(index); });
    for (linalg::IndexOp index : nested) {
      index.replaceAllUsesWith(position[index.getDim()]);
      index.erase();
    }
  }
  return llvm::map_to_vector(
      body->getTerminator()->getOperands(),
      [&](Value value) { return mapping.lookupOrDefault(value); });
}

Values rac::nvptx::flatten(ArrayRef<Values> values) {
  Values flat;
  for (const Values &part : values)
    llvm::append_range(flat, part);
  return flat;
}

SmallVector<Values> rac::nvptx::unflatten(ValueRange flat, size_t lanes) {
  SmallVector<Values> values;
  for (size_t i = 0; i < flat.size(); i += lanes)
    values.emplace_back(flat.slice(i, lanes));
  return values;
}
