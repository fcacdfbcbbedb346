//===- CollapseLoops.cpp - Rows that lie behind each other are one loop ---===//

#include "Vectorize/Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_COLLAPSELOOPS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// Loops of an op that become one, each a run of neighbours.
using Runs = SmallVector<std::pair<unsigned, unsigned>>; // first, count

/// Where `loop` alone is the index of a dimension; none if it is used in any
/// other way, or not at all.
std::optional<unsigned> ownDim(AffineMap map, unsigned loop) {
  std::optional<unsigned> found;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || found)
      return std::nullopt;
    found = i;
  }
  return found;
}

/// The dimensions of an operand after loops are collapsed.
SmallVector<ReassociationIndices> dimsAfter(AffineMap map, const Runs &runs) {
  llvm::SmallBitVector joins(map.getNumResults());
  for (auto [first, count] : runs)
    if (auto dim = ownDim(map, first))
      joins.set(*dim + 1, *dim + count);
  SmallVector<ReassociationIndices> dims;
  for (int64_t i : llvm::seq<int64_t>(map.getNumResults())) {
    if (joins.test(i))
      dims.back().push_back(i);
    else
      dims.push_back({i});
  }
  return dims;
}

/// Whether two neighbouring loops run over what lies behind each other in every
/// operand that depends on them.
bool areOne(linalg::GenericOp op, unsigned loop) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (isIndependent(map, loop) && isIndependent(map, loop + 1))
      return true;
    auto first = ownDim(map, loop), second = ownDim(map, loop + 1);
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    return first && second && *second == *first + 1 && type &&
           memref::CollapseShapeOp::isGuaranteedCollapsible(
               type, dimsAfter(map, {{loop, 2}}));
  });
}

/// Moves an op's loops from `runs` to one each.
class Collapser {
public:
  Collapser(linalg::GenericOp op, const Runs &runs) : op(op), runs(runs) {
    for (unsigned loop : llvm::seq(op.getNumLoops()))
      if (!isInner(loop))
        kept.push_back(loop);
  }

  /// The new op; `collapsed` gives operands that exist already.
  void run(llvm::DenseMap<Value, Value> &collapsed);

private:
  bool isInner(unsigned loop) const {
    return llvm::any_of(runs, [&](auto run) {
      return loop > run.first && loop < run.first + run.second;
    });
  }
  AffineMap mapAfter(AffineMap map);

  linalg::GenericOp op;
  const Runs &runs;
  SmallVector<unsigned> kept;
};

AffineMap Collapser::mapAfter(AffineMap map) {
  MLIRContext *context = op.getContext();
  SmallVector<AffineExpr> renamed(op.getNumLoops());
  for (unsigned loop : llvm::seq(op.getNumLoops())) {
    auto place = llvm::lower_bound(kept, loop) - kept.begin();
    renamed[loop] = getAffineDimExpr(isInner(loop) ? 0 : place, context);
  }
  SmallVector<AffineExpr> exprs;
  for (const ReassociationIndices &dims : dimsAfter(map, runs))
    exprs.push_back(map.getResult(dims.front()).replaceDims(renamed));
  return AffineMap::get(kept.size(), 0, exprs, context);
}

void Collapser::run(llvm::DenseMap<Value, Value> &collapsed) {
  OpBuilder builder(op);
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto dims = dimsAfter(map, runs);
    Value value = operand.get();
    if (dims.size() != map.getNumResults()) {
      Value &known = collapsed[value];
      if (!known)
        known =
            memref::CollapseShapeOp::create(builder, op.getLoc(), value, dims);
      value = known;
    }
    operands.push_back(value);
    maps.push_back(mapAfter(map));
  }
  SmallVector<utils::IteratorType> iterators, old = op.getIteratorTypesArray();
  for (unsigned loop : kept)
    iterators.push_back(old[loop]);
  unsigned inputs = op.getNumDpsInputs();
  auto made = linalg::GenericOp::create(
      builder, op.getLoc(), ArrayRef(operands).take_front(inputs),
      ArrayRef(operands).drop_front(inputs), maps, iterators);
  made.getRegion().takeBody(op.getRegion());
  op.erase();
}

/// A buffer of the collapsed shape in place of `alloc`.
Value collapsedAlloc(memref::AllocOp alloc,
                     ArrayRef<ReassociationIndices> dims) {
  OpBuilder builder(alloc);
  auto type =
      memref::CollapseShapeOp::computeCollapsedType(alloc.getType(), dims);
  SmallVector<OpFoldResult> sizes = alloc.getMixedSizes();
  SmallVector<Value> dynamic;
  for (auto [i, group] : llvm::enumerate(dims)) {
    if (!type.isDynamicDim(i))
      continue;
    Value size;
    for (int64_t dim : group) {
      Value next =
          getValueOrCreateConstantIndexOp(builder, alloc.getLoc(), sizes[dim]);
      size = size ? arith::MulIOp::create(builder, alloc.getLoc(), size, next)
                        .getResult()
                  : next;
    }
    dynamic.push_back(size);
  }
  return memref::AllocOp::create(builder, alloc.getLoc(), type, dynamic,
                                 alloc.getAlignmentAttr());
}

/// An elementwise op that reads something in another order than it writes:
/// longer runs fill vectors better.
bool reorders(linalg::GenericOp op) {
  if (op.getNumReductionLoops() > 0)
    return false;
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    return map.isPermutation() && !map.isIdentity();
  });
}

struct CollapseLoopsPass : rac::impl::CollapseLoopsBase<CollapseLoopsPass> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation().walk([&](linalg::GenericOp op) {
      if (op.getNumDpsInits() == 1 &&
          (op.getNumReductionLoops() > 0 || reorders(op)))
        ops.push_back(op);
    });
    for (linalg::GenericOp op : ops)
      collapse(op);
  }

private:
  void collapse(linalg::GenericOp op);
};

} // namespace

/// Runs of `op`'s parallel loops, but for a reduction's lanes, along which
/// `reader` too can run as one: loops `reader[i]` of it are the i-th of `op`'s
/// result.
static Runs findRuns(linalg::GenericOp op, linalg::GenericOp reader) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Runs runs;
  unsigned lanes = op.getNumReductionLoops() > 0;
  for (unsigned i = 0; i + 1 + lanes < out.getNumResults(); ++i) {
    unsigned loop = out.getDimPosition(i);
    if (out.getDimPosition(i + 1) != loop + 1 || !areOne(op, loop) ||
        (reader && !areOne(reader, i)))
      continue;
    if (!runs.empty() && runs.back().first + runs.back().second == loop + 1)
      ++runs.back().second;
    else
      runs.push_back({loop, 2});
  }
  return runs;
}

/// The loops of `reader`, which has the result's dimensions in order.
static Runs runsOfReader(linalg::GenericOp op, const Runs &runs) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  Runs result;
  for (auto [first, count] : runs)
    result.push_back({*ownDim(out, first), count});
  return result;
}

void CollapseLoopsPass::collapse(linalg::GenericOp op) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!out.isProjectedPermutation() || op.hasIndexSemantics())
    return;
  linalg::FillOp fill = findFill(op);
  OpOperand *use = fill ? findElementwiseUse(op, fill) : nullptr;
  auto reader =
      use ? dyn_cast<linalg::GenericOp>(use->getOwner()) : linalg::GenericOp();
  // What reads a row's sum with each of its elements has loops of its own.
  if (reader && !reader.getMatchingIndexingMap(use).isPermutation())
    reader = {};
  if (reader && (reader.hasIndexSemantics() ||
                 !reader.getMatchingIndexingMap(use).isIdentity()))
    return;
  Runs runs = findRuns(op, reader);
  if (runs.empty())
    return;
  ++numCollapsed;
  llvm::DenseMap<Value, Value> collapsed;
  Value result = op.getDpsInitOperand(0)->get();
  memref::AllocOp alloc;
  if (fill) {
    auto dims = dimsAfter(out, runs);
    OpBuilder builder(fill);
    // Nobody else sees what lies between an op and its reader.
    if (reader)
      alloc = result.getDefiningOp<memref::AllocOp>();
    collapsed[result] = alloc ? collapsedAlloc(alloc, dims)
                              : memref::CollapseShapeOp::create(
                                    builder, fill.getLoc(), result, dims)
                                    .getResult();
    linalg::FillOp::create(builder, fill.getLoc(), fill.value(),
                           collapsed[result]);
    fill.erase();
  }
  Runs ofReader = runsOfReader(op, runs);
  if (reader) {
    // Its views belong before it, the reduction's before that.
    llvm::DenseMap<Value, Value> own;
    own[result] = collapsed[result];
    Collapser(reader, ofReader).run(own);
  }
  Collapser(op, runs).run(collapsed);
  if (alloc && alloc->use_empty())
    alloc.erase();
}
