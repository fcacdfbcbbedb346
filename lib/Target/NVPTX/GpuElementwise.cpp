//===- GpuElementwise.cpp - Elementwise ops become kernels ----------------===//

#include "Launch.h"
#include "Padding.h"
#include "Rows/Collapse.h"
#include "Rows/LaneBody.h"
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
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUELEMENTWISE
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::nvptx;

namespace {

class Kernel {
public:
  explicit Kernel(linalg::GenericOp op) : op(op), loc(op.getLoc()) {
    if (op.getNumLoops() > 0)
      lane = op.getNumLoops() - 1;
  }
  void create();

private:
  bool isContiguous(OpOperand &operand);
  int64_t chooseLanes();
  void createBody(OpBuilder &builder, ValueRange position, int64_t lanes);

  linalg::GenericOp op;
  Location loc;
  std::optional<unsigned> lane; ///< the loop that neighbours are along
};

} // namespace

bool Kernel::isContiguous(OpOperand &operand) {
  return accessOf(operand.get(), op.getMatchingIndexingMap(&operand), lane) ==
         nvptx::Access::contiguous;
}

/// Neighbours along the innermost loop that a thread computes: 1 where
/// vectors wouldn't be aligned, or no operand has any.
int64_t Kernel::chooseLanes() {
  int64_t widest = 0;
  for (OpOperand &operand : op->getOpOperands())
    if (isContiguous(operand))
      widest = std::max(widest, bytesOf(getElementTypeOrSelf(operand.get())));
  if (widest == 0 || !isContiguous(*op.getDpsInitOperand(0)))
    return 1;
  int64_t lanes = std::min(kMostLanes, kAccessBytes / widest);
  int64_t inner = op.getStaticLoopRanges().back();
  // A single row may have any size: what is left of it isn't read as a vector.
  if (op.getNumLoops() > 1 &&
      (ShapedType::isDynamic(inner) || inner % lanes != 0))
    return 1;
  for (OpOperand &operand : op->getOpOperands()) {
    Multiples unknown;
    if (isContiguous(operand) &&
        (!hasAlignedRows(operand.get(), lanes, unknown) || !unknown.empty()))
      return 1;
  }
  return lanes;
}

/// Computes `lanes` elements from `position` on.
void Kernel::createBody(OpBuilder &builder, ValueRange position,
                        int64_t lanes) {
  // Loads come first: the more of them are under way at once, the better.
  SmallVector<Values> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    operands.emplace_back();
    if (!op.getMatchingBlockArgument(&operand).use_empty())
      operands.back() =
          loadLanes(builder, loc, operand.get(),
                    op.getMatchingIndexingMap(&operand), position, lane, lanes);
  }
  SmallVector<Values> results(op.getNumDpsInits());
  for (int64_t i : llvm::seq(lanes)) {
    Values arguments = llvm::map_to_vector(operands, [&](const Values &values) {
      return values.empty() ? Value() : values[i];
    });
    Values own = inlineBody(builder, cast<linalg::LinalgOp>(*op),
                            moved(builder, loc, position, lane, i), arguments);
    for (auto [to, value] : llvm::zip_equal(results, own))
      to.push_back(value);
  }
  for (auto [init, values] : llvm::zip_equal(op.getDpsInitsMutable(), results))
    storeLanes(builder, loc, values, init.get(),
               op.getMatchingIndexingMap(&init), position, lane);
}

void Kernel::create() {
  OpBuilder builder(op);
  int64_t lanes = chooseLanes();
  SmallVector<Value> sizes;
  for (Range range : cast<linalg::LinalgOp>(*op).createLoopRanges(builder, loc))
    sizes.push_back(getValueOrCreateConstantIndexOp(builder, loc, range.size));
  if (lanes == 1) {
    launchItems(builder, loc, product(builder, loc, sizes),
                [&](OpBuilder &inside, Value item) {
                  createBody(inside, delinearize(inside, loc, item, sizes), 1);
                });
    op.erase();
    return;
  }
  Value inner = sizes.back();
  Value width = arith::ConstantIndexOp::create(builder, loc, lanes);
  sizes.back() = builder.createOrFold<arith::CeilDivUIOp>(loc, inner, width);
  std::optional<int64_t> known = getConstantIntValue(inner);
  bool ragged = !known || *known % lanes != 0;
  launchItems(
      builder, loc, product(builder, loc, sizes),
      [&](OpBuilder &inside, Value item) {
        SmallVector<Value> at = delinearize(inside, loc, item, sizes);
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
    llvm::DenseMap<Operation *, SmallVector<Padding>> paddings;
    llvm::SmallDenseSet<Operation *> unneeded;
    for (linalg::LinalgOp op : ops)
      for (const Padding &padding : findPaddings(op, op)) {
        paddings[op].push_back(padding);
        for (Operation *maker : padding.makers())
          unneeded.insert(maker);
      }
    for (linalg::LinalgOp op : ops) {
      if (unneeded.contains(op))
        continue;
      SmallVector<Padding> around = paddings.lookup(op);
      auto generic = dyn_cast<linalg::GenericOp>(*op);
      if (!generic) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> made =
            linalg::generalizeNamedOp(rewriter, op);
        if (failed(made))
          continue;
        generic = *made;
      }
      if (around.empty())
        generic =
            collapseLoops(generic, utils::IteratorType::parallel, rewriter);
      Kernel(generic).create();
      for (Padding &padding : around)
        padding.readSource();
      ++numKernels;
    }
  }
};
} // namespace
