//===- RefineShapes.cpp - Static dimensions, sizes from arguments ---------===//

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Dialect/Rac/IR/SymbolicShapes.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rac {
#define GEN_PASS_DEF_REFINESHAPES
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

struct RefineShapes : rac::impl::RefineShapesBase<RefineShapes> {
  void runOnOperation() override;

private:
  bool refineTypes(ShapeOpInterface op);
  bool resolveSizes(SymbolicShapes &shapes);
  bool removeExpands(SymbolicShapes &shapes);
  void simplifyIndices();
  void updateFunctionType();
  Value materialize(OpBuilder &builder, Location loc, AffineExpr expr,
                    SymbolicShapes &shapes);
  Value materializeRoot(OpBuilder &builder, SymbolicShapes::Root root);
};

} // namespace

//===----------------------------------------------------------------------===//
// Result types
//===----------------------------------------------------------------------===//

/// Ops that take a tensor however static its type.
static bool takesAnyShape(Operation *op) {
  return isa<ShapeOpInterface, tensor::DimOp, tensor::CastOp, tensor::ExtractOp,
             func::ReturnOp>(op);
}

/// A rac op sees through casts that only forget dimensions.
static bool skipCasts(Operation *op) {
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    auto cast = operand.get().getDefiningOp<tensor::CastOp>();
    if (!cast || !isa<RankedTensorType>(cast.getSource().getType()) ||
        !tensor::preservesStaticInformation(cast.getType(),
                                            cast.getSource().getType()))
      continue;
    operand.set(cast.getSource());
    changed = true;
  }
  return changed;
}

/// Moves sizes that are constants from operands to the attribute.
static bool foldConstants(ArrayRef<int64_t> fixed, MutableOperandRange dynamic,
                          function_ref<void(ArrayRef<int64_t>)> set) {
  SmallVector<int64_t> sizes(fixed);
  SmallVector<Value> left;
  unsigned next = 0;
  for (int64_t &size : sizes) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value value = dynamic[next++].get();
    std::optional<int64_t> known = getConstantIntValue(value);
    // A negative size is the verifier's to refuse where the run can't come to
    // it.
    if (known && *known >= 0)
      size = *known;
    else
      left.push_back(value);
  }
  if (left.size() == dynamic.size())
    return false;
  dynamic.assign(left);
  set(sizes);
  return true;
}

static bool foldConstantSizes(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case<ReshapeOp, ExpandOp, IotaOp, ResizeOp>([](auto op) {
        return foldConstants(op.getStaticSizes(), op.getSizesMutable(),
                             [&](auto s) { op.setStaticSizes(s); });
      })
      .Case([](SliceOp op) {
        bool sizes = foldConstants(op.getStaticSizes(), op.getSizesMutable(),
                                   [&](auto s) { op.setStaticSizes(s); });
        bool offsets =
            foldConstants(op.getStaticOffsets(), op.getOffsetsMutable(),
                          [&](auto s) { op.setStaticOffsets(s); });
        return sizes || offsets;
      })
      .Case([](PadOp op) {
        bool low = foldConstants(op.getStaticLow(), op.getLowMutable(),
                                 [&](auto s) { op.setStaticLow(s); });
        bool high = foldConstants(op.getStaticHigh(), op.getHighMutable(),
                                  [&](auto s) { op.setStaticHigh(s); });
        return low || high;
      })
      .Default(false);
}

bool RefineShapes::refineTypes(ShapeOpInterface op) {
  bool changed = skipCasts(op);
  changed |= foldConstantSizes(op);
  FailureOr<SmallVector<SmallVector<int64_t>>> inferred = inferStaticShapes(op);
  if (failed(inferred)) {
    signalPassFailure();
    return false;
  }
  for (auto [result, shape] : llvm::zip_equal(op->getResults(), *inferred)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> sizes(type.getShape());
    for (auto [size, known] : llvm::zip_equal(sizes, shape))
      if (ShapedType::isDynamic(size))
        size = known;
    if (sizes == type.getShape())
      continue;
    ++numRefined;
    changed = true;
    result.setType(type.clone(sizes));
    tensor::CastOp cast;
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses())) {
      if (takesAnyShape(use.getOwner()))
        continue;
      if (!cast) {
        OpBuilder builder(op);
        builder.setInsertionPointAfter(op);
        cast = tensor::CastOp::create(builder, op.getLoc(), type, result);
      }
      use.set(cast);
    }
  }
  return changed;
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

Value RefineShapes::materializeRoot(OpBuilder &builder,
                                    SymbolicShapes::Root root) {
  if (root.dim < 0)
    return root.value;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(root.value);
  return tensor::DimOp::create(builder, root.value.getLoc(), root.value,
                               root.dim);
}

/// Null for an expression that has no cheaper form than what is there.
Value RefineShapes::materialize(OpBuilder &builder, Location loc,
                                AffineExpr expr, SymbolicShapes &shapes) {
  if (auto known = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(builder, loc, known.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr)) {
    SymbolicShapes::Root root = shapes.getRoots()[symbol.getPosition()];
    // An i64 that came in through an index_cast is not an index itself.
    Value value = materializeRoot(builder, root);
    return value.getType().isIndex() ? value : Value();
  }
  // The map names only the symbols that occur.
  SmallVector<AffineExpr> renamed(shapes.getRoots().size(),
                                  builder.getAffineConstantExpr(0));
  SmallVector<bool> seen(renamed.size());
  SmallVector<OpFoldResult> operands;
  bool fits = true;
  expr.walk([&](AffineExpr e) {
    auto symbol = dyn_cast<AffineSymbolExpr>(e);
    if (!symbol || seen[symbol.getPosition()] || !fits)
      return;
    seen[symbol.getPosition()] = true;
    renamed[symbol.getPosition()] =
        builder.getAffineSymbolExpr(operands.size());
    Value value =
        materializeRoot(builder, shapes.getRoots()[symbol.getPosition()]);
    fits &= value.getType().isIndex();
    operands.push_back(value);
  });
  if (!fits)
    return {};
  return getValueOrCreateConstantIndexOp(
      builder, loc,
      affine::makeComposedFoldedAffineApply(
          builder, loc,
          AffineMap::get(0, operands.size(), expr.replaceSymbols(renamed)),
          operands));
}

/// Whether `dim` is one of a root's own dimensions.
static bool isRootDim(tensor::DimOp dim, SymbolicShapes &shapes,
                      AffineExpr expr) {
  auto symbol = dyn_cast<AffineSymbolExpr>(expr);
  if (!symbol)
    return false;
  SymbolicShapes::Root root = shapes.getRoots()[symbol.getPosition()];
  return root.value == dim.getSource() && root.dim == dim.getConstantIndex();
}

bool RefineShapes::resolveSizes(SymbolicShapes &shapes) {
  SmallVector<Operation *> worklist;
  getOperation().walk([&](Operation *op) {
    if (op->getNumResults() == 1 && op->getResult(0).getType().isIndex() &&
        !op->use_empty() && !op->hasTrait<OpTrait::ConstantLike>() &&
        (isa<tensor::DimOp, affine::AffineApplyOp>(op) ||
         isa<arith::ArithDialect>(op->getDialect())))
      worklist.push_back(op);
  });
  bool changed = false;
  for (Operation *op : worklist) {
    AffineExpr expr = shapes.index(op->getResult(0));
    bool simple = isa<AffineConstantExpr, AffineSymbolExpr>(expr);
    auto dim = dyn_cast<tensor::DimOp>(op);
    // Arithmetic stays as it is unless it comes to a root or a constant.
    if (!simple && !dim)
      continue;
    if (dim && isRootDim(dim, shapes, expr))
      continue;
    OpBuilder builder(op);
    Value value = materialize(builder, op->getLoc(), expr, shapes);
    if (!value || value == op->getResult(0))
      continue;
    op->getResult(0).replaceAllUsesWith(value);
    changed = true;
    ++numDims;
  }
  return changed;
}

bool RefineShapes::removeExpands(SymbolicShapes &shapes) {
  bool changed = false;
  getOperation().walk([&](ExpandOp op) {
    if (op.getInput().getType().getRank() != op.getType().getRank() ||
        shapes.shape(op.getInput()) != shapes.shape(op)) {
      ++numExpandsKept;
      return;
    }
    OpBuilder builder(op);
    Value value = op.getInput();
    if (value.getType() != op.getType())
      value = tensor::CastOp::create(builder, op.getLoc(), op.getType(), value);
    op.replaceAllUsesWith(value);
    op.erase();
    ++numExpands;
    changed = true;
  });
  return changed;
}

/// Folds index arithmetic and tensors of indices; touches no rac op.
void RefineShapes::simplifyIndices() {
  MLIRContext *ctx = &getContext();
  RewritePatternSet patterns(ctx);
  affine::AffineApplyOp::getCanonicalizationPatterns(patterns, ctx);
  tensor::CastOp::getCanonicalizationPatterns(patterns, ctx);
  tensor::ExtractOp::getCanonicalizationPatterns(patterns, ctx);
  tensor::DimOp::getCanonicalizationPatterns(patterns, ctx);
  for (RegisteredOperationName name : ctx->getRegisteredOperations())
    if (name.getDialectNamespace() == "arith")
      name.getCanonicalizationPatterns(patterns, ctx);
  (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  IRRewriter rewriter(ctx);
  DominanceInfo dominance(getOperation());
  eliminateCommonSubExpressions(rewriter, dominance, getOperation());
}

void RefineShapes::updateFunctionType() {
  func::FuncOp func = getOperation();
  SmallVector<Type> results(func.getResultTypes());
  // With several returns a result's type is what they agree on.
  SmallVector<func::ReturnOp> returns(func.getOps<func::ReturnOp>());
  if (returns.size() != 1)
    return;
  for (auto [type, operand] :
       llvm::zip_equal(results, returns[0].getOperands()))
    type = operand.getType();
  func.setFunctionType(
      FunctionType::get(&getContext(), func.getArgumentTypes(), results));
}

void RefineShapes::runOnOperation() {
  if (getOperation().isExternal())
    return;
  // Each round may make sizes static that the next makes types of. The bound
  // is for loops, where a round carries facts one iteration argument further.
  constexpr int maxRounds = 8;
  for (int round = 0; round < maxRounds; ++round) {
    simplifyIndices();
    bool changed = false;
    getOperation().walk<WalkOrder::PreOrder>(
        [&](ShapeOpInterface op) { changed |= refineTypes(op); });
    SymbolicShapes shapes(&getContext());
    // In order, so that no question recurses far.
    getOperation().walk<WalkOrder::PreOrder>([&](ShapeOpInterface op) {
      for (Value result : op->getResults())
        shapes.shape(result);
    });
    numExpandsKept = 0;
    changed |= resolveSizes(shapes);
    changed |= removeExpands(shapes);
    if (!changed)
      break;
  }
  for (func::ReturnOp op :
       llvm::make_early_inc_range(getOperation().getOps<func::ReturnOp>()))
    skipCasts(op);
  updateFunctionType();
  simplifyIndices();
}
