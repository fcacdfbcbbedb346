//===- Padding.cpp - Buffers that hold another and one value around it ----===//

#include "Padding.h"
#include "Rows/LaneBody.h"
#include "Rows/Neighbours.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

//===----------------------------------------------------------------------===//
// Finding
//===----------------------------------------------------------------------===//

/// Whether all that uses `view` is an input of `reader`.
static bool isReadBy(memref::SubViewOp view, linalg::LinalgOp reader) {
  bool any = false;
  for (OpOperand &use : view->getUses()) {
    if (isa<memref::DimOp>(use.getOwner()))
      continue;
    if (use.getOwner() != reader || reader.isDpsInit(&use))
      return false;
    any = true;
  }
  return any && view.getDroppedDims().none();
}

/// What copies a buffer into all of `view`; null if anything else is done.
static linalg::LinalgOp copyInto(memref::SubViewOp view) {
  linalg::LinalgOp copy;
  for (Operation *user : view->getUsers()) {
    if (isa<memref::DimOp>(user))
      continue;
    if (copy)
      return {};
    copy = dyn_cast<linalg::LinalgOp>(user);
    if (!copy)
      return {};
  }
  if (!copy || copy.getNumDpsInits() != 1 || copy.getNumDpsInputs() != 1 ||
      copy.getDpsInits()[0] != view || !copy.hasPureBufferSemantics())
    return {};
  Block *body = copy.getBlock();
  bool isPlain = llvm::all_of(copy.getIndexingMapsArray(),
                              [](AffineMap map) { return map.isIdentity(); }) &&
                 llvm::hasSingleElement(*body) &&
                 body->getTerminator()->getOperand(0) == body->getArgument(0);
  Value from = copy.getDpsInputs()[0];
  return isPlain && isa<MemRefType>(from.getType()) ? copy : linalg::LinalgOp();
}

/// Whether `op` leaves what is in the buffer `base` as it is.
static bool leavesAlone(Operation *op, Value base) {
  if (isQuiet(op))
    return true;
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return linalgOp && linalgOp.hasPureBufferSemantics() &&
         llvm::none_of(linalgOp.getDpsInits(),
                       [&](Value init) { return baseOf(init) == base; });
}

std::optional<Padding> Padding::find(Value buffer, linalg::LinalgOp reader,
                                     Operation *last) {
  Padding found;
  while (auto view = buffer.getDefiningOp<memref::SubViewOp>())
    buffer = view.getSource();
  found.padded = buffer;
  auto alloc = buffer.getDefiningOp<memref::AllocOp>();
  if (!alloc || !alloc.getType().getLayout().isIdentity())
    return std::nullopt;
  for (OpOperand &use : alloc->getUses()) {
    Operation *user = use.getOwner();
    if (isa<memref::DimOp>(user) || (user == reader && !reader.isDpsInit(&use)))
      continue;
    if (auto fill = dyn_cast<linalg::FillOp>(user); fill && !found.fill) {
      found.fill = fill;
      continue;
    }
    auto view = dyn_cast<memref::SubViewOp>(user);
    if (view && isReadBy(view, reader))
      continue;
    if (!view || found.middle)
      return std::nullopt;
    found.middle = view;
    found.copy = copyInto(view);
  }
  if (!found.fill || !found.copy || found.fill.getOutputs()[0] != buffer ||
      found.middle.getDroppedDims().any())
    return std::nullopt;
  auto lows = getConstantIntValues(found.middle.getMixedOffsets());
  if (!lows ||
      !llvm::all_of(found.middle.getMixedStrides(), [](OpFoldResult step) {
        return isConstantIntValue(step, 1);
      }))
    return std::nullopt;
  found.lows = *lows;
  found.image = found.copy.getDpsInputs()[0];

  if (found.fill->getBlock() != found.copy->getBlock() ||
      reader->getBlock() != found.copy->getBlock() ||
      last->getBlock() != reader->getBlock() ||
      !found.fill->isBeforeInBlock(found.copy) ||
      !found.copy->isBeforeInBlock(reader))
    return std::nullopt;
  Value base = baseOf(found.image);
  for (Operation *op = found.copy->getNextNode();; op = op->getNextNode()) {
    if (!leavesAlone(op, base))
      return std::nullopt;
    if (op == last)
      return found;
  }
}

SmallVector<Padding> nvptx::findPaddings(linalg::LinalgOp reader,
                                         Operation *last) {
  SmallVector<Padding> paddings;
  for (OpOperand *input : reader.getDpsInputOperands())
    if (isa<MemRefType>(input->get().getType()))
      if (std::optional<Padding> padding =
              Padding::find(input->get(), reader, last))
        if (llvm::none_of(paddings, [&](const Padding &other) {
              return other.buffer() == padding->buffer();
            }))
          paddings.push_back(*padding);
  return paddings;
}

bool Padding::isAround(unsigned dim) const {
  int64_t outer = cast<MemRefType>(padded.getType()).getDimSize(dim),
          inner = cast<MemRefType>(image.getType()).getDimSize(dim);
  if (lows[dim] != 0)
    return true;
  if (!ShapedType::isDynamic(outer) || !ShapedType::isDynamic(inner))
    return outer != inner;
  // What the middle's size is said to be is that of the buffer.
  auto alloc = padded.getDefiningOp<memref::AllocOp>();
  memref::SubViewOp view = middle;
  return view.getMixedSizes()[dim] != alloc.getMixedSizes()[dim];
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Whether so many neighbours of the source lie where such of the buffer would,
/// with nothing around them.
bool Padding::hasVectors(int64_t elements) const {
  int64_t last = cast<MemRefType>(image.getType()).getRank() - 1;
  Multiples multiples;
  if (isAround(last) || !hasAlignedRows(image, elements, multiples))
    return false;
  // Who reads vectors of the buffer has asked for the multiples of its rows.
  return llvm::all_of(multiples, [&](std::pair<Value, int64_t> size) {
    return size == std::pair(image, last);
  });
}

/// The element, or vector of neighbours, at a position of the buffer. Without
/// branches, so that many are read at once: what is around the source reads
/// another element of it, unless there may be none.
Value Padding::read(OpBuilder &builder, Location loc, ValueRange position,
                    VectorType type) const {
  auto shape = cast<MemRefType>(image.getType());
  bool hasElements = shape.hasStaticShape() && shape.getNumElements() > 0;
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0), inside;
  SmallVector<Value> at(position);
  for (unsigned dim : llvm::seq(lows.size())) {
    if (!isAround(dim))
      continue;
    if (lows[dim] != 0)
      at[dim] = arith::SubIOp::create(
          builder, loc, at[dim],
          arith::ConstantIndexOp::create(builder, loc, lows[dim]));
    Value size = getValueOrCreateConstantIndexOp(
        builder, loc, memref::getMixedSize(builder, loc, image, dim));
    Value within = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ult, at[dim], size);
    if (hasElements)
      at[dim] = arith::SelectOp::create(builder, loc, within, at[dim], zero);
    inside =
        inside ? arith::AndIOp::create(builder, loc, inside, within).getResult()
               : within;
  }
  auto load = [&](OpBuilder &b) -> Value {
    if (!type)
      return memref::LoadOp::create(b, loc, image, at);
    return vector::LoadOp::create(
        b, loc, type, image, at, /*nontemporal=*/false,
        llvm::MaybeAlign(type.getNumElements() *
                         bytesOf(type.getElementType())));
  };
  if (!inside)
    return load(builder);
  auto around = [&](OpBuilder &b) -> Value {
    return type ? vector::BroadcastOp::create(b, loc, type, value()).getResult()
                : value();
  };
  if (hasElements) {
    Value loaded = load(builder);
    return arith::SelectOp::create(builder, loc, inside, loaded,
                                   around(builder));
  }
  auto choice = scf::IfOp::create(
      builder, loc, inside,
      [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, load(b)); },
      [&](OpBuilder &b, Location) { scf::YieldOp::create(b, loc, around(b)); });
  return choice.getResult(0);
}

void Padding::replaceLoad(Operation *load, Value view, ValueRange indices) {
  OpBuilder builder(load);
  Location loc = load->getLoc();
  SmallVector<Value> position(indices);
  while (auto subview = view.getDefiningOp<memref::SubViewOp>()) {
    for (auto [index, offset, step] : llvm::zip_equal(
             position, subview.getMixedOffsets(), subview.getMixedStrides())) {
      auto of = [&](OpFoldResult number) {
        return getValueOrCreateConstantIndexOp(builder, loc, number);
      };
      if (!isConstantIntValue(step, 1))
        index = arith::MulIOp::create(builder, loc, index, of(step));
      if (!isConstantIntValue(offset, 0))
        index = arith::AddIOp::create(builder, loc, index, of(offset));
    }
    view = subview.getSource();
  }
  auto type = dyn_cast<VectorType>(load->getResult(0).getType());
  Value loaded;
  if (!type || hasVectors(type.getNumElements())) {
    loaded = read(builder, loc, position, type);
  } else {
    SmallVector<Value> elements;
    for (int64_t i : llvm::seq(type.getNumElements()))
      elements.push_back(
          read(builder, loc,
               moved(builder, loc, position,
                     static_cast<unsigned>(position.size() - 1), i),
               VectorType()));
    loaded = vector::FromElementsOp::create(builder, loc, type, elements);
  }
  load->getResult(0).replaceAllUsesWith(loaded);
  load->erase();
}

void Padding::readSource() {
  SmallVector<Value> views = {padded};
  for (Operation *user : padded.getUsers())
    if (user != middle && isa<memref::SubViewOp>(user))
      views.push_back(user->getResult(0));
  for (Value view : views)
    for (Operation *user : llvm::make_early_inc_range(view.getUsers())) {
      if (auto load = dyn_cast<memref::LoadOp>(user))
        replaceLoad(load, view, load.getIndices());
      else if (auto vector = dyn_cast<vector::LoadOp>(user))
        replaceLoad(vector, view, vector.getIndices());
    }
  erase();
}

void Padding::erase() {
  copy->erase();
  if (middle->use_empty())
    middle->erase();
  fill->erase();
}
