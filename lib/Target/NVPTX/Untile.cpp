//===- Untile.cpp - Ops of a loop over tiles on the whole of it -----------===//

#include "Untile.h"
#include "Neighbours.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace rac;

namespace {

/// Which of the loops a dimension of a tile comes from, if any.
using Origin = std::optional<unsigned>;

/// What one buffer of a tile is part of.
struct Whole {
  SmallVector<Origin> origins; ///< of each dimension
  /// What a step of the loop moves each dimension by.
  SmallVector<int64_t> factors;
  /// Of what no loop moves: where it starts and ends in the buffer, of the
  /// rest null.
  SmallVector<OpFoldResult> offsets, sizes;

  explicit Whole(int64_t rank = 0)
      : origins(rank), factors(rank, 1), offsets(rank), sizes(rank) {}
};

class Untiler {
public:
  Untiler(scf::ForallOp forall, std::string &why) : forall(forall), why(why) {}
  LogicalResult run();

private:
  LogicalResult refuse(const Twine &reason) {
    why = reason.str();
    return failure();
  }
  LogicalResult collect();
  LogicalResult readSubview(memref::SubViewOp subview);
  LogicalResult spreadOrigins();
  LogicalResult checkOp(linalg::LinalgOp op, SmallVector<Origin> &loops);
  LogicalResult checkBody(linalg::LinalgOp op, ArrayRef<Origin> loops);
  /// Whether a tile allocates it.
  bool isOwn(Value buffer) {
    return buffer.getDefiningOp<memref::AllocOp>() &&
           !forall.isDefinedOutsideOfLoop(buffer);
  }
  bool decides(Value buffer, unsigned dim);
  bool isResult(Value source);
  Value createWholeView(OpBuilder &builder, memref::SubViewOp subview);
  Value createWhole(OpBuilder &builder, Value tile);
  void createOp(OpBuilder &builder, linalg::LinalgOp op);

  scf::ForallOp forall;
  std::string &why;
  SmallVector<linalg::LinalgOp> ops;
  llvm::MapVector<Value, Whole> buffers;
  llvm::DenseMap<Operation *, SmallVector<Origin>> loopsOf;
  IRMapping wholes;
};

} // namespace

/// `c` where a value is c times an argument of the loop (c > 0), and which.
static std::optional<std::pair<unsigned, int64_t>> asStep(Value value,
                                                          ValueRange ivs) {
  for (auto [i, iv] : llvm::enumerate(ivs))
    if (value == iv)
      return std::pair<unsigned, int64_t>(i, 1);
  auto apply = value.getDefiningOp<affine::AffineApplyOp>();
  if (!apply || apply.getAffineMap().getNumInputs() != 1)
    return std::nullopt;
  auto inner = asStep(apply.getMapOperands()[0], ivs);
  auto product = dyn_cast<AffineBinaryOpExpr>(apply.getAffineMap().getResult(0));
  if (!inner || !product || product.getKind() != AffineExprKind::Mul ||
      !isa<AffineDimExpr, AffineSymbolExpr>(product.getLHS()))
    return std::nullopt;
  auto factor = dyn_cast<AffineConstantExpr>(product.getRHS());
  if (!factor || factor.getValue() <= 0)
    return std::nullopt;
  inner->second *= factor.getValue();
  return inner;
}

/// Whether `size` is that of a buffer's dimension.
static bool isSize(Value buffer, unsigned dim, OpFoldResult size) {
  if (auto known = getConstantIntValue(size))
    return *known == cast<MemRefType>(buffer.getType()).getDimSize(dim);
  auto value = cast<Value>(size);
  if (auto expand = buffer.getDefiningOp<memref::ExpandShapeOp>())
    return expand.getMixedOutputShape()[dim] == size;
  if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
    return alloc.getMixedSizes()[dim] == size;
  auto dimOp = value.getDefiningOp<memref::DimOp>();
  return dimOp && dimOp.getSource() == buffer &&
         dimOp.getConstantIndex() == static_cast<int64_t>(dim);
}

/// By how much `expr` grows with a dimension; none if it isn't linear in it.
static std::optional<int64_t> coefficient(AffineExpr expr, unsigned dim) {
  if (!expr.isFunctionOfDim(dim))
    return 0;
  if (isa<AffineDimExpr>(expr))
    return 1;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto lhs = coefficient(binary.getLHS(), dim),
       rhs = coefficient(binary.getRHS(), dim);
  if (binary.getKind() == AffineExprKind::Add && lhs && rhs)
    return *lhs + *rhs;
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() == AffineExprKind::Mul && lhs && factor)
    return *lhs * factor.getValue();
  return std::nullopt;
}

LogicalResult Untiler::readSubview(memref::SubViewOp subview) {
  if (!forall.isDefinedOutsideOfLoop(subview.getSource()))
    return refuse("has views of views");
  if (subview.getDroppedDims().any())
    return refuse("has views of fewer dimensions");
  Whole whole(subview.getSourceType().getRank());
  unsigned dim = 0;
  for (auto [offset, size, stride] :
       llvm::zip_equal(subview.getMixedOffsets(), subview.getMixedSizes(),
                       subview.getMixedStrides())) {
    Value moving = llvm::dyn_cast_if_present<Value>(offset);
    auto step = moving ? asStep(moving, forall.getInductionVars())
                       : std::optional<std::pair<unsigned, int64_t>>();
    if (getConstantIntValue(stride) != 1)
      return refuse("has views with strides");
    Value length = llvm::dyn_cast_if_present<Value>(size);
    if (!step && ((moving && !forall.isDefinedOutsideOfLoop(moving)) ||
                  (length && !forall.isDefinedOutsideOfLoop(length))))
      return refuse("has views that its loops don't move along");
    if (step)
      whole.origins[dim] = step->first;
    whole.factors[dim] = step ? step->second : 1;
    whole.offsets[dim] = step ? OpFoldResult() : offset;
    whole.sizes[dim] = step ? OpFoldResult() : size;
    ++dim;
  }
  buffers[subview] = whole;
  return success();
}

LogicalResult Untiler::collect() {
  for (Operation &op : forall.getBody()->without_terminator()) {
    if (auto subview = dyn_cast<memref::SubViewOp>(op)) {
      if (failed(readSubview(subview)))
        return failure();
    } else if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      buffers[alloc] = Whole(alloc.getType().getRank());
    } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (!linalgOp.hasPureBufferSemantics())
        return refuse("has ops on tensors");
      ops.push_back(linalgOp);
    } else if (!isMemoryEffectFree(&op) || op.getNumRegions() > 0) {
      return refuse("does more than linalg ops: " +
                    op.getName().getStringRef());
    }
  }
  for (linalg::LinalgOp op : ops)
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (buffers.contains(value))
        continue;
      if (!forall.isDefinedOutsideOfLoop(value))
        return refuse("has an operand that is no part of a buffer");
      if (auto type = dyn_cast<MemRefType>(value.getType()))
        buffers[value] = Whole(type.getRank());
    }
  return success();
}

/// From the dimensions of views, through the ops' loops, to those of buffers
/// that a tile has for itself.
LogicalResult Untiler::spreadOrigins() {
  bool changed = true;
  auto join = [&](Origin &to, Origin from) {
    if (!from || to == from)
      return true;
    if (to)
      return false;
    to = from;
    changed = true;
    return true;
  };
  while (changed) {
    changed = false;
    for (linalg::LinalgOp op : ops) {
      SmallVector<Origin> &loops = loopsOf[op];
      loops.resize(op.getNumLoops());
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isa<MemRefType>(operand.get().getType()))
          continue;
        Whole &whole = buffers[operand.get()];
        AffineMap map = op.getMatchingIndexingMap(&operand);
        bool own = isOwn(operand.get());
        for (auto [i, expr] : llvm::enumerate(map.getResults())) {
          auto dim = dyn_cast<AffineDimExpr>(expr);
          if (!dim)
            continue;
          Origin &loop = loops[dim.getPosition()];
          if (!join(loop, whole.origins[i]) ||
              (own && !join(whole.origins[i], loop)))
            return refuse("has a loop over two dimensions of its tiles");
        }
      }
    }
  }
  return success();
}

/// Whether every operand is, at the loops' places, where the whole op has it.
LogicalResult Untiler::checkOp(linalg::LinalgOp op,
                               SmallVector<Origin> &loops) {
  llvm::SmallDenseSet<unsigned> used;
  for (auto [i, loop] : llvm::enumerate(loops)) {
    if (loop && !used.insert(*loop).second)
      return refuse("has two loops over one dimension of its tiles");
    if (loop && !linalg::isParallelIterator(op.getIteratorTypesArray()[i]))
      return refuse("has tiles of a reduction");
  }
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    const Whole &whole = buffers[operand.get()];
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults())) {
      std::optional<unsigned> moving;
      for (auto [loop, origin] : llvm::enumerate(loops)) {
        if (!origin || !expr.isFunctionOfDim(loop))
          continue;
        auto factor = coefficient(expr, loop);
        if (moving || whole.origins[i] != origin || factor != whole.factors[i])
          return refuse("has an operand that doesn't move with its tiles");
        moving = loop;
      }
      if (whole.origins[i] && !moving)
        return refuse("has an operand that moves where its loops don't");
    }
    // Each result is one tile's; what a tile has for itself, all of them may
    // have computed alike.
    if (op.isDpsInit(&operand) && !isOwn(operand.get()))
      for (unsigned i : llvm::seq(forall.getRank()))
        if (!llvm::is_contained(whole.origins, Origin(i)))
          return refuse("has a result that several tiles share");
  }
  return checkBody(op, loops);
}

/// The index of a loop, plus where the tile starts along it.
static std::optional<std::pair<unsigned, Value>> asMovedIndex(Operation *user) {
  Value x, y;
  if (auto add = dyn_cast<arith::AddIOp>(user)) {
    x = add.getLhs();
    y = add.getRhs();
  } else if (auto apply = dyn_cast<affine::AffineApplyOp>(user)) {
    auto sum = dyn_cast<AffineBinaryOpExpr>(apply.getAffineMap().getResult(0));
    if (!sum || sum.getKind() != AffineExprKind::Add ||
        apply.getAffineMap().getNumInputs() != 2 ||
        !isa<AffineDimExpr, AffineSymbolExpr>(sum.getLHS()) ||
        !isa<AffineDimExpr, AffineSymbolExpr>(sum.getRHS()))
      return std::nullopt;
    x = apply.getMapOperands()[0];
    y = apply.getMapOperands()[1];
  } else {
    return std::nullopt;
  }
  if (y.getDefiningOp<linalg::IndexOp>())
    std::swap(x, y);
  auto index = x.getDefiningOp<linalg::IndexOp>();
  if (!index)
    return std::nullopt;
  return std::pair<unsigned, Value>(index.getDim(), y);
}

LogicalResult Untiler::checkBody(linalg::LinalgOp op, ArrayRef<Origin> loops) {
  WalkResult result = op->walk([&](Operation *inner) {
    if (inner == op.getOperation())
      return WalkResult::advance();
    if (auto moved = asMovedIndex(inner);
        moved && loops[moved->first] &&
        moved->second == forall.getInductionVars()[*loops[moved->first]])
      return WalkResult::advance();
    for (Value value : inner->getOperands())
      if (!forall.isDefinedOutsideOfLoop(value) &&
          !op->isAncestor(value.getParentBlock()->getParentOp()))
        return WalkResult::interrupt();
    if (auto index = dyn_cast<linalg::IndexOp>(inner);
        index && loops[index.getDim()])
      for (Operation *user : index->getUsers()) {
        auto moved = asMovedIndex(user);
        if (!moved || moved->second !=
                          forall.getInductionVars()[*loops[index.getDim()]])
          return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return result.wasInterrupted()
             ? refuse("has an op that computes with its tile's place")
             : success();
}

/// Whether dimension `dim` of `buffer` says how far a loop of an op goes: the
/// first operand that has the loop does.
bool Untiler::decides(Value buffer, unsigned dim) {
  return llvm::any_of(ops, [&](linalg::LinalgOp op) {
    llvm::SmallDenseSet<unsigned> seen;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      for (auto [i, expr] : llvm::enumerate(map.getResults())) {
        auto loop = dyn_cast<AffineDimExpr>(expr);
        if (loop && seen.insert(loop.getPosition()).second && i == dim &&
            operand.get() == buffer)
          return true;
      }
    }
    return false;
  });
}

/// Whether it is a function's result that this loop computes, then all of it.
bool Untiler::isResult(Value source) {
  auto argument = dyn_cast<BlockArgument>(source);
  return argument && isa<FunctionOpInterface>(
                         argument.getOwner()->getParentOp()) &&
         llvm::all_of(source.getUsers(), [&](Operation *user) {
           if (isa<memref::DimOp>(user))
             return true;
           if (!isa<memref::SubViewOp>(user) || !forall->isAncestor(user))
             return false;
           return llvm::all_of(user->getUses(), [](OpOperand &use) {
             auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
             return op && op.isDpsInit(&use);
           });
         });
}

/// What a view of the tile is when there is one tile; all of the buffer, where
/// that is the same or makes no difference.
Value Untiler::createWholeView(OpBuilder &builder, memref::SubViewOp subview) {
  Location loc = forall.getLoc();
  const Whole &whole = buffers[subview];
  auto source = cast<TypedValue<MemRefType>>(subview.getSource());
  bool same = true;
  SmallVector<OpFoldResult> sizes, offsets;
  for (auto [i, origin] : llvm::enumerate(whole.origins)) {
    OpFoldResult all = memref::getMixedSize(builder, loc, source, i),
                 zero = builder.getIndexAttr(0);
    OpFoldResult size = origin ? forall.getMixedUpperBound()[*origin]
                               : whole.sizes[i];
    offsets.push_back(origin ? zero : whole.offsets[i]);
    bool moves = getConstantIntValue(offsets.back()) != 0;
    bool fixed = getConstantIntValue(size) && getConstantIntValue(all);
    // Where it is longer than one step after the other, as windows are.
    bool longer = origin && whole.factors[i] != 1;
    bool cut = moves || (!longer && !isSize(source, i, size) &&
                         (fixed || (decides(subview, i) && !isResult(source))));
    sizes.push_back(cut ? size : all);
    same &= !cut;
  }
  if (same)
    return source;
  SmallVector<OpFoldResult> ones(sizes.size(), builder.getIndexAttr(1));
  return memref::SubViewOp::create(builder, loc, source, offsets, sizes, ones);
}

Value Untiler::createWhole(OpBuilder &builder, Value tile) {
  Location loc = forall.getLoc();
  const Whole &whole = buffers[tile];
  if (forall.isDefinedOutsideOfLoop(tile))
    return tile;
  if (auto subview = tile.getDefiningOp<memref::SubViewOp>())
    return createWholeView(builder, subview);
  auto alloc = cast<memref::AllocOp>(tile.getDefiningOp());
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  for (auto [i, size] : llvm::enumerate(alloc.getMixedSizes())) {
    OpFoldResult all = whole.origins[i]
                           ? forall.getMixedUpperBound()[*whole.origins[i]]
                           : size;
    shape.push_back(getConstantIntValue(all).value_or(ShapedType::kDynamic));
    if (ShapedType::isDynamic(shape.back()))
      dynamic.push_back(cast<Value>(all));
  }
  auto type = MemRefType::get(shape, alloc.getType().getElementType());
  return memref::AllocOp::create(builder, loc, type, dynamic,
                                 alloc.getAlignmentAttr());
}

void Untiler::createOp(OpBuilder &builder, linalg::LinalgOp op) {
  Operation *copy = builder.clone(*op, wholes);
  SmallVector<Operation *> moved;
  ArrayRef<Origin> loops = loopsOf[op];
  copy->walk([&](Operation *inner) {
    auto index = asMovedIndex(inner);
    if (index && loops[index->first] &&
        index->second == forall.getInductionVars()[*loops[index->first]])
      moved.push_back(inner);
  });
  for (Operation *inner : moved) {
    OpBuilder at(inner);
    Value index = linalg::IndexOp::create(at, inner->getLoc(),
                                          asMovedIndex(inner)->first);
    inner->getResult(0).replaceAllUsesWith(index);
    inner->erase();
  }
}

LogicalResult Untiler::run() {
  if (forall.getNumResults() > 0)
    return refuse("has results on tensors");
  for (OpFoldResult lower : forall.getMixedLowerBound())
    if (getConstantIntValue(lower) != 0)
      return refuse("doesn't start at 0");
  if (failed(collect()) || failed(spreadOrigins()))
    return failure();
  for (linalg::LinalgOp op : ops)
    if (failed(checkOp(op, loopsOf[op])))
      return failure();
  for (auto &[buffer, whole] : buffers) {
    auto alloc = buffer.getDefiningOp<memref::AllocOp>();
    if (!alloc || forall.isDefinedOutsideOfLoop(buffer))
      continue;
    for (auto [size, origin] :
         llvm::zip_equal(alloc.getMixedSizes(), whole.origins)) {
      auto value = llvm::dyn_cast_if_present<Value>(size);
      if (!origin && value && !forall.isDefinedOutsideOfLoop(value))
        return refuse("has a buffer whose size depends on the tile");
    }
  }
  OpBuilder builder(forall);
  for (auto &[buffer, whole] : buffers)
    wholes.map(buffer, createWhole(builder, buffer));
  for (linalg::LinalgOp op : ops)
    createOp(builder, op);
  forall.erase();
  return success();
}

LogicalResult nvptx::untile(scf::ForallOp forall, std::string &why) {
  return Untiler(forall, why).run();
}
