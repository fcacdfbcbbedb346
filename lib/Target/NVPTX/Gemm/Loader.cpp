//===- Loader.cpp - Tiles of an operand into shared memory ----------------===//

#include "Loader.h"
#include "Stage.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac::gemm;

static Access accessOf(Emit &e, OpOperand *operand,
                       const Contraction &contraction,
                       ArrayRef<Index> extents) {
  linalg::LinalgOp op = contraction.op;
  auto loops = llvm::to_vector(llvm::seq<unsigned>(op.getNumLoops()));
  return Access(e, operand->get(), op.getMatchingIndexingMap(operand), loops,
                extents, contraction.paddingOf(operand));
}

Operand::Operand(Emit &e, OpOperand *operand, const Contraction &contraction,
                 ArrayRef<unsigned> outerLoops, ArrayRef<Index> extents,
                 const Atom &atom, int64_t outerTile, int64_t depthTile,
                 bool swizzled)
    : access(accessOf(e, operand, contraction, extents)),
      batch(access.along(e, contraction.batch)),
      outer(access.along(e, outerLoops)),
      depth(access.along(e, contraction.depth)),
      outerSize(sizeOf(e, outerLoops, extents)),
      depthSize(sizeOf(e, contraction.depth, extents)), outerTile(outerTile),
      depthTile(depthTile), swizzled(swizzled) {
  bytes = bytesOf(access.element());
  constexpr int64_t most = 16;
  bool outerFast = !outer.empty() && isKnown(outer.back().stride, 1);
  bool depthFast = !depth.empty() && isKnown(depth.back().stride, 1);
  alongDepth = depthFast || !outerFast;
  depthInner = alongDepth || atom.needsDepthInner();
  int64_t tile = alongDepth ? depthTile : outerTile;
  vector = access.vectorLength(
      e, alongDepth ? ArrayRef<unsigned>(contraction.depth) : outerLoops,
      std::min(most / bytes, tile));
  if (alongDepth != depthInner)
    vector = 1;
  pitch = pitchOf(depthInner ? depthTile : outerTile, depthInner, bytes);
}

Index rac::gemm::swizzledPlace(Emit &e, Index line, Index inner, int64_t lines,
                               int64_t bytes) {
  constexpr int64_t part = 16, order = 8; // B, lines
  Index perLine = e.number(kSwizzledLine / bytes),
        perPart = e.number(part / bytes);
  Index within = e.div(e.rem(inner, perLine), perPart);
  within = e.exclusiveOr(within, e.rem(line, e.number(order)));
  // The next lines' worth of rows or columns comes after all lines of these.
  Index block =
      e.mul(e.div(inner, perLine), e.number(lines * kSwizzledLine / bytes));
  return e.add(block,
               e.add(e.mul(line, perLine),
                     e.add(e.mul(within, perPart), e.rem(inner, perPart))));
}

Index Operand::place(Emit &e, Index outerAt, Index depthAt) const {
  Index line = depthInner ? outerAt : depthAt,
        inner = depthInner ? depthAt : outerAt;
  if (!swizzled)
    return e.add(e.mul(line, e.number(pitch)), inner);
  return swizzledPlace(e, line, inner, depthInner ? outerTile : depthTile,
                       bytes);
}

Value Operand::load(Emit &e, Index at, Value inside, int64_t count) const {
  Type type = access.element();
  if (count > 1)
    type = VectorType::get(count, type);
  auto loadFrom = [&](Value from) -> Value {
    if (count == 1)
      return memref::LoadOp::create(e.b, e.loc, access.memory(), from);
    return vector::LoadOp::create(e.b, e.loc, cast<VectorType>(type),
                                  access.memory(), from, /*nontemporal=*/false,
                                  llvm::MaybeAlign(count * bytes));
  };
  if (!inside)
    return loadFrom(e.value(at));
  if (std::optional<Index> other = access.somewhere(e))
    return arith::SelectOp::create(e.b, e.loc, inside,
                                   loadFrom(e.select(inside, at, *other)),
                                   e.zero(type));
  auto choice = scf::IfOp::create(e.b, e.loc, type, inside,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard restore(e.b);
  e.b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(e.b, e.loc, loadFrom(e.value(at)));
  e.b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(e.b, e.loc, e.zero(type));
  return choice.getResult(0);
}

Value Operand::isInside(Emit &e, Index batchAt, Index outerAt,
                        Index depthAt) const {
  Value inside;
  for (auto [i, bound] : llvm::enumerate(access.bounds())) {
    Index at = e.add(bound.first, movement(e, batch, batchAt, i));
    at = e.add(at, movement(e, outer, outerAt, i));
    at = e.add(at, movement(e, depth, depthAt, i));
    inside = e.both(inside, e.less(at, bound.size));
  }
  return inside;
}

Loader::Loader(Emit &e, const Operand &operand, Value shared, Index thread,
               int64_t threads, Index batch, Index outerStart)
    : operand(operand), shared(shared) {
  int64_t inner = operand.alongDepth ? operand.depthTile : operand.outerTile;
  int64_t lines = operand.alongDepth ? operand.outerTile : operand.depthTile;
  int64_t perLine = inner / operand.vector, total = perLine * lines;
  if (total < threads)
    active = e.less(thread, e.number(total));
  Index start =
      e.add(operand.access.start(), distance(e, operand.batch, batch));
  // Sizes are powers of two: a thread's chunks are all at the same place of
  // their lines, or, where a line is longer than a block, on the same line.
  Index threadLine = e.div(thread, e.number(perLine));
  Index threadOwn =
      e.mul(e.rem(thread, e.number(perLine)), e.number(operand.vector));
  // Chunks a whole number of strides apart share what their address costs.
  bool linear = operand.outer.size() <= 1;
  Index stride = operand.outer.empty() ? e.number(0) : operand.outer[0].stride;
  Index threadRow =
      e.add(outerStart, operand.alongDepth ? threadLine : threadOwn);
  Index threadDistance = e.add(start, distance(e, operand.outer, threadRow));
  ArrayRef<Bound> bounds = operand.access.bounds();
  SmallVector<Index> begin;
  for (auto [i, bound] : llvm::enumerate(bounds))
    begin.push_back(e.add(bound.first, movement(e, operand.batch, batch, i)));
  for (int64_t first = 0; first < total; first += threads) {
    int64_t line = first / perLine, place = first % perLine;
    Index ownLine = e.add(threadLine, e.number(line));
    Index own = e.add(threadOwn, e.number(place * operand.vector));
    Index row = operand.alongDepth ? ownLine : own,
          depth = operand.alongDepth ? own : ownLine;
    Index outer = e.add(outerStart, row);
    auto whole = known(operand.outerSize);
    Chunk chunk;
    chunk.inside = whole && *whole % operand.outerTile == 0
                       ? Value()
                       : e.less(outer, operand.outerSize);
    int64_t further = operand.alongDepth ? line : place * operand.vector;
    chunk.outerDistance =
        linear ? e.add(threadDistance, e.mul(e.number(further), stride))
               : e.add(start, distance(e, operand.outer, outer));
    chunk.depth = depth;
    for (unsigned i = 0; i < bounds.size(); ++i)
      chunk.along.push_back(
          e.add(begin[i], movement(e, operand.outer, outer, i)));
    chunk.target = operand.place(e, row, depth);
    chunks.push_back(chunk);
  }
}

void Loader::load(Emit &e, Index stage, Index depthStart) {
  scf::IfOp guard;
  OpBuilder::InsertionGuard restore(e.b);
  if (active) {
    guard = scf::IfOp::create(e.b, e.loc, active, /*withElseRegion=*/false);
    e.b.setInsertionPointToStart(guard.thenBlock());
  }
  auto size = known(operand.depthSize);
  bool wholeDepth = size && *size % operand.depthTile == 0;
  // Chunks that are at the same place along the depth share what that costs.
  Index depthDistance, lastDepth;
  Value depthInside;
  ArrayRef<Bound> bounds = operand.access.bounds();
  SmallVector<Index> depthAlong(bounds.size());
  for (const Chunk &chunk : chunks) {
    if (lastDepth.isNull() || lastDepth != chunk.depth) {
      lastDepth = chunk.depth;
      Index depth = e.add(depthStart, chunk.depth);
      depthInside = wholeDepth ? Value() : e.less(depth, operand.depthSize);
      depthDistance = distance(e, operand.depth, depth);
      for (unsigned i = 0; i < bounds.size(); ++i)
        depthAlong[i] = movement(e, operand.depth, depth, i);
    }
    Value inside = e.both(chunk.inside, depthInside);
    for (unsigned i = 0; i < bounds.size(); ++i)
      inside = e.both(
          inside, e.less(e.add(chunk.along[i], depthAlong[i]), bounds[i].size));
    copy(e, e.add(chunk.outerDistance, depthDistance),
         e.add(stage, chunk.target), inside);
  }
}

void Loader::copy(Emit &e, Index source, Index target, Value inside) {
  Value to = e.value(target);
  int64_t count = operand.vector;
  if (operand.isAsync()) {
    // Where nothing is read, any address will do.
    Value from = e.select(inside, source,
                          operand.access.somewhere(e).value_or(e.number(0)));
    Value elements =
        inside ? e.select(inside, e.number(count), e.number(0)) : Value();
    bool past = count * operand.bytes == 16;
    nvgpu::DeviceAsyncCopyOp::create(
        e.b, e.loc, nvgpu::DeviceAsyncTokenType::get(e.b.getContext()), shared,
        to, operand.access.memory(), from, e.b.getIndexAttr(count), elements,
        past ? e.b.getUnitAttr() : UnitAttr());
    return;
  }
  Value loaded = operand.load(e, source, inside, count);
  if (count == 1)
    memref::StoreOp::create(e.b, e.loc, loaded, shared, to);
  else
    vector::StoreOp::create(e.b, e.loc, loaded, shared, to,
                            /*nontemporal=*/false,
                            llvm::MaybeAlign(count * operand.bytes));
}
