//===- GpuElementwise.cpp - Elementwise ops become kernels ----------------===//

#include "Launch.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUELEMENTWISE
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// What a thread loads or stores at once, B.
constexpr int64_t kAccessBytes = 16;
/// The most elements that a thread computes: of narrow types next to wide ones
/// more would take too many registers.
constexpr int64_t kMostLanes = 8;

int64_t bytesOf(Type type) {
  return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

/// How an operand is read or written along the innermost loop.
enum class Reach { Broadcast, Contiguous, Single };

class Kernel {
public:
  explicit Kernel(linalg::GenericOp op) : op(op), loc(op.getLoc()) {}
  void create();

private:
  Reach reachOf(OpOperand &operand);
  int64_t chooseLanes();
  void createBody(OpBuilder &builder, ValueRange position, int64_t lanes);
  SmallVector<Value> indicesOf(OpBuilder &builder, OpOperand &operand,
                               ValueRange position);
  void store(OpBuilder &builder, OpOperand &operand, ArrayRef<Value> values,
             ValueRange position, int64_t lanes);

  linalg::GenericOp op;
  Location loc;
};

} // namespace

/// Whether a buffer's rows of its last dimension start where vectors may.
static bool hasAlignedRows(MemRefType type, int64_t lanes) {
  if (!type.getLayout().isIdentity())
    return false;
  // A single row may have any size: what is left of it isn't read as a vector.
  return type.getRank() <= 1 || (!type.isDynamicDim(type.getRank() - 1) &&
                                 type.getShape().back() % lanes == 0);
}

Reach Kernel::reachOf(OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  unsigned inner = op.getNumLoops() - 1;
  if (!map.isFunctionOfDim(inner))
    return Reach::Broadcast;
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  auto last = dyn_cast<AffineDimExpr>(map.getResults().back());
  bool elsewhere =
      llvm::any_of(map.getResults().drop_back(), [&](AffineExpr expr) {
        return expr.isFunctionOfDim(inner);
      });
  return type && last && last.getPosition() == inner && !elsewhere
             ? Reach::Contiguous
             : Reach::Single;
}

/// Neighbours along the innermost loop that a thread computes: 1 where
/// vectors wouldn't be aligned, or no operand has any.
int64_t Kernel::chooseLanes() {
  unsigned loops = op.getNumLoops();
  if (loops == 0)
    return 1;
  int64_t widest = 0;
  for (OpOperand &operand : op->getOpOperands())
    if (reachOf(operand) == Reach::Contiguous)
      widest = std::max(widest, bytesOf(getElementTypeOrSelf(operand.get())));
  OpOperand *out = op.getDpsInitOperand(0);
  if (widest == 0 || reachOf(*out) != Reach::Contiguous)
    return 1;
  int64_t lanes = std::min(kMostLanes, kAccessBytes / widest);
  int64_t inner = op.getStaticLoopRanges().back();
  if (loops > 1 && (ShapedType::isDynamic(inner) || inner % lanes != 0))
    return 1;
  for (OpOperand &operand : op->getOpOperands())
    if (reachOf(operand) == Reach::Contiguous &&
        !hasAlignedRows(cast<MemRefType>(operand.get().getType()), lanes))
      return 1;
  return lanes;
}

SmallVector<Value> Kernel::indicesOf(OpBuilder &builder, OpOperand &operand,
                                     ValueRange position) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<Value> indices;
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      indices.push_back(position[dim.getPosition()]);
    else
      indices.push_back(affine::AffineApplyOp::create(
          builder, loc, AffineMap::get(map.getNumDims(), 0, expr), position));
  }
  return indices;
}

void Kernel::store(OpBuilder &builder, OpOperand &operand,
                   ArrayRef<Value> values, ValueRange position, int64_t lanes) {
  Value memory = operand.get();
  if (lanes > 1 && reachOf(operand) == Reach::Contiguous) {
    auto type = VectorType::get(lanes, values.front().getType());
    Value vector = vector::FromElementsOp::create(builder, loc, type, values);
    vector::StoreOp::create(
        builder, loc, vector, memory, indicesOf(builder, operand, position),
        /*nontemporal=*/false,
        llvm::MaybeAlign(lanes * bytesOf(type.getElementType())));
    return;
  }
  SmallVector<Value> at(position);
  for (auto [lane, value] : llvm::enumerate(values)) {
    if (lane > 0)
      at.back() = arith::AddIOp::create(
          builder, loc, position.back(),
          arith::ConstantIndexOp::create(builder, loc, lane));
    memref::StoreOp::create(builder, loc, value, memory,
                            indicesOf(builder, operand, at));
  }
}

/// Computes `lanes` elements from `position` on.
void Kernel::createBody(OpBuilder &builder, ValueRange position,
                        int64_t lanes) {
  Block &body = op.getRegion().front();
  SmallVector<SmallVector<Value>> positions;
  for (int64_t lane : llvm::seq(lanes)) {
    positions.emplace_back(position);
    if (lane > 0)
      positions.back().back() = arith::AddIOp::create(
          builder, loc, position.back(),
          arith::ConstantIndexOp::create(builder, loc, lane));
  }
  // Loads come first: the more of them are under way at once, the better.
  SmallVector<SmallVector<Value>> values(op->getNumOperands());
  for (OpOperand &operand : op->getOpOperands()) {
    SmallVector<Value> &loaded = values[operand.getOperandNumber()];
    BlockArgument argument = op.getMatchingBlockArgument(&operand);
    if (argument.use_empty())
      continue;
    if (!isa<MemRefType>(operand.get().getType())) {
      loaded.assign(lanes, operand.get());
      continue;
    }
    Reach reach = reachOf(operand);
    if (lanes > 1 && reach == Reach::Contiguous) {
      auto type = VectorType::get(lanes, argument.getType());
      Value vector = vector::LoadOp::create(
          builder, loc, type, operand.get(),
          indicesOf(builder, operand, position), /*nontemporal=*/false,
          llvm::MaybeAlign(lanes * bytesOf(argument.getType())));
      auto elements = vector::ToElementsOp::create(builder, loc, vector);
      llvm::append_range(loaded, elements.getResults());
      continue;
    }
    for (int64_t lane : llvm::seq(lanes))
      loaded.push_back(reach == Reach::Broadcast && lane > 0
                           ? loaded.front()
                           : memref::LoadOp::create(
                                 builder, loc, operand.get(),
                                 indicesOf(builder, operand, positions[lane]))
                                 .getResult());
  }
  unsigned inits = op.getNumDpsInits();
  SmallVector<SmallVector<Value>> results(inits);
  for (int64_t lane : llvm::seq(lanes)) {
    IRMapping mapping;
    for (OpOperand &operand : op->getOpOperands())
      if (!values[operand.getOperandNumber()].empty())
        mapping.map(op.getMatchingBlockArgument(&operand),
                    values[operand.getOperandNumber()][lane]);
    for (Operation &inner : body.without_terminator()) {
      if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
        mapping.map(index.getResult(), positions[lane][index.getDim()]);
        continue;
      }
      Operation *copy = builder.clone(inner, mapping);
      copy->walk([&](linalg::IndexOp index) {
        index.replaceAllUsesWith(positions[lane][index.getDim()]);
        index.erase();
      });
    }
    for (auto [i, value] : llvm::enumerate(body.getTerminator()->getOperands()))
      results[i].push_back(mapping.lookupOrDefault(value));
  }
  for (unsigned i : llvm::seq(inits))
    store(builder, *op.getDpsInitOperand(i), results[i], position, lanes);
}

void Kernel::create() {
  OpBuilder builder(op);
  int64_t lanes = chooseLanes();
  SmallVector<Value> sizes;
  for (Range range : cast<linalg::LinalgOp>(*op).createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  if (lanes == 1) {
    nvptx::launchItems(
        builder, loc, nvptx::product(builder, loc, sizes),
        [&](OpBuilder &inside, Value item) {
          createBody(inside, nvptx::delinearize(inside, loc, item, sizes), 1);
        });
    op.erase();
    return;
  }
  Value inner = sizes.back();
  Value width = arith::ConstantIndexOp::create(builder, loc, lanes);
  sizes.back() = builder.createOrFold<arith::CeilDivUIOp>(loc, inner, width);
  std::optional<int64_t> known = getConstantIntValue(inner);
  bool ragged = !known || *known % lanes != 0;
  nvptx::launchItems(
      builder, loc, nvptx::product(builder, loc, sizes),
      [&](OpBuilder &inside, Value item) {
        SmallVector<Value> at = nvptx::delinearize(inside, loc, item, sizes);
        Value first = arith::MulIOp::create(inside, loc, at.back(), width);
        at.back() = first;
        if (!ragged)
          return createBody(inside, at, lanes);
        Value end = arith::AddIOp::create(inside, loc, first, width);
        Value whole = arith::CmpIOp::create(
            inside, loc, arith::CmpIPredicate::ule, end, inner);
        auto branch = scf::IfOp::create(inside, loc, whole, /*withElse=*/true);
        OpBuilder full = branch.getThenBodyBuilder();
        createBody(full, at, lanes);
        OpBuilder rest = branch.getElseBodyBuilder();
        auto loop =
            scf::ForOp::create(rest, loc, first, inner,
                               arith::ConstantIndexOp::create(rest, loc, 1));
        OpBuilder one = OpBuilder::atBlockBegin(loop.getBody());
        at.back() = loop.getInductionVar();
        createBody(one, at, 1);
      });
  op.erase();
}

/// Loops that run over neighbours in all operands become one.
static linalg::GenericOp collapse(linalg::GenericOp op, IRRewriter &rewriter) {
  if (op.hasIndexSemantics() || op.getNumLoops() < 2)
    return op;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!llvm::all_of(maps,
                    [](AffineMap map) { return map.isProjectedPermutation(); }))
    return op;
  SmallVector<ReassociationIndices> runs;
  for (int64_t loop : llvm::seq<int64_t>(op.getNumLoops())) {
    if (!runs.empty()) {
      ReassociationIndices longer = runs.back();
      longer.push_back(loop);
      bool dense = llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
        auto type = dyn_cast<MemRefType>(operand.get().getType());
        return !type || type.getLayout().isIdentity();
      });
      if (dense && linalg::areDimSequencesPreserved(maps, {longer})) {
        runs.back() = longer;
        continue;
      }
    }
    runs.push_back({loop});
  }
  if (runs.size() == op.getNumLoops())
    return op;
  rewriter.setInsertionPoint(op);
  auto result = linalg::collapseOpIterationDims(op, runs, rewriter);
  if (failed(result))
    return op;
  rewriter.eraseOp(op);
  return cast<linalg::GenericOp>(*result->collapsedOp);
}

namespace {
struct GpuElementwisePass : rac::impl::GpuElementwiseBase<GpuElementwisePass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      // What is within a parallel loop is done by one of its threads.
      if (op.getNumReductionLoops() == 0 && op.hasPureBufferSemantics() &&
          op.getNumDpsInits() > 0 && !op->getParentOfType<scf::ParallelOp>() &&
          !op->getParentOfType<scf::ForallOp>() &&
          !op->getParentOfType<gpu::LaunchOp>())
        ops.push_back(op);
    });
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(*op);
      if (!generic) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> made =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(made))
          continue;
        generic = *made;
      }
      Kernel(collapse(generic, rewriter)).create();
      ++numKernels;
    }
  }
};
} // namespace
