//===- Contraction.cpp - What is computed as a matrix product -------------===//

#include "Contraction.h"
#include "Access.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::gemm;

SmallVector<int64_t, 2> Widening::shifts() const {
  SmallVector<int64_t, 2> parts;
  for (int64_t rest = -zero; rest != 0; rest -= parts.back())
    parts.push_back(std::clamp<int64_t>(rest, INT8_MIN, INT8_MAX));
  return parts;
}

Type Contraction::accumulator() const {
  return getElementTypeOrSelf(result().getType());
}

const rac::nvptx::Padding *
Contraction::paddingOf(const OpOperand *operand) const {
  const auto *found =
      llvm::find_if(paddings, [&](const rac::nvptx::Padding &padding) {
        return padding.buffer() == operand->get();
      });
  return found == paddings.end() ? nullptr : found;
}

/// The argument that `value` is, but for being widened; null if it is anything
/// else.
static BlockArgument widened(Value value, Widening &how) {
  if (auto sub = value.getDefiningOp<arith::SubIOp>()) {
    auto zero = getConstantIntValue(sub.getRhs());
    Operation *cast = sub.getLhs().getDefiningOp();
    if (!zero || !isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(cast))
      return {};
    how.zero = *zero;
    value = sub.getLhs();
  }
  if (Operation *cast = value.getDefiningOp()) {
    if (isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(cast))
      value = cast->getOperand(0);
    how.isUnsigned = isa<arith::ExtUIOp>(cast);
  }
  return dyn_cast<BlockArgument>(value);
}

static FailureOr<Product>
matchProduct(linalg::LinalgOp op, Contraction &contraction, std::string &why) {
  auto refuse = [&](const char *reason) {
    why = reason;
    return failure();
  };
  Operation *sum = findCombiner(op);
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(sum))
    return refuse("does not sum up");
  for (Operation &inner : op.getBlock()->without_terminator())
    if (!isMemoryEffectFree(&inner) || inner.getNumRegions() != 0 ||
        isa<linalg::IndexOp>(inner))
      return refuse("computes with more than its operands");
  BlockArgument out = op.getRegionOutputArgs()[0];
  if (!out.hasOneUse() || *out.user_begin() != sum)
    return refuse("uses its sum");
  Value term = sum->getOperand(sum->getOperand(0) == out ? 1 : 0);
  Operation *mul = term.getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(mul))
    return Product::General;
  Widening ofX, ofY;
  BlockArgument x = widened(mul->getOperand(0), ofX),
                y = widened(mul->getOperand(1), ofY);
  // What is read past the end is 0: not both may make something else of it.
  bool plain = x && y && x != y && x.getOwner() == op.getBlock() &&
               y.getOwner() == op.getBlock() && x != out && y != out &&
               (ofX.zero == 0 || ofY.zero == 0);
  if (!plain)
    return Product::General;
  bool isA = x == op.getMatchingBlockArgument(contraction.a);
  contraction.wideningA = isA ? ofX : ofY;
  contraction.wideningB = isA ? ofY : ofX;
  return Product::Plain;
}

static bool onNumbers(linalg::LinalgOp op) {
  return llvm::all_of(op->getOpOperands(), [](OpOperand &operand) {
    Type type = getElementTypeOrSelf(operand.get().getType());
    return type.isIntOrIndexOrFloat();
  });
}

static std::optional<Epilogue> findEpilogue(linalg::LinalgOp op,
                                            linalg::FillOp fill) {
  OpOperand *use = fill ? findElementwiseUse(op, fill) : nullptr;
  if (!use)
    return std::nullopt;
  auto reader = cast<linalg::LinalgOp>(use->getOwner());
  AffineMap map = reader.getMatchingIndexingMap(use);
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!map.isPermutation() || !onNumbers(reader) ||
      !reader.hasPureBufferSemantics())
    return std::nullopt;
  if (!reader.getMatchingIndexingMap(reader.getDpsInitOperand(0))
           .isPermutation())
    return std::nullopt;
  for (OpOperand &operand : reader->getOpOperands())
    if (!isSeparable(reader.getMatchingIndexingMap(&operand)))
      return std::nullopt;
  for (Operation &inner : reader.getBlock()->without_terminator())
    if (inner.getNumRegions() != 0 ||
        !(isMemoryEffectFree(&inner) || isa<memref::LoadOp>(inner)))
      return std::nullopt;
  // It is written while the product still reads.
  Value written = baseOf(reader.getDpsInitOperand(0)->get());
  for (OpOperand *input : op.getDpsInputOperands())
    if (baseOf(input->get()) == written)
      return std::nullopt;
  Epilogue epilogue{reader, use, {}};
  epilogue.loops.resize(reader.getNumLoops());
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    epilogue.loops[cast<AffineDimExpr>(expr).getPosition()] =
        out.getDimPosition(i);
  return epilogue;
}

/// Moves the loop that steps through neighbouring elements of an operand to the
/// end: it is the fastest then.
static void putLast(SmallVectorImpl<unsigned> &role, linalg::LinalgOp op,
                    OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  auto type = cast<MemRefType>(operand->get().getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (map.getNumResults() == 0 ||
      failed(type.getStridesAndOffset(strides, offset)) || strides.back() != 1)
    return;
  auto dim = dyn_cast<AffineDimExpr>(map.getResults().back());
  auto *loop = dim ? llvm::find(role, dim.getPosition()) : role.end();
  if (loop != role.end())
    std::rotate(loop, loop + 1, role.end());
}

FailureOr<Contraction> rac::gemm::matchContraction(linalg::LinalgOp op,
                                                   std::string &why) {
  auto refuse = [&](const char *reason) {
    why = reason;
    return failure();
  };
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 ||
      op.getNumDpsInputs() != 2 || !op.hasPureBufferSemantics())
    return refuse("is no reduction of two buffers");
  Contraction result;
  result.op = op;
  result.a = op.getDpsInputOperand(0);
  result.b = op.getDpsInputOperand(1);
  AffineMap a = op.getMatchingIndexingMap(result.a),
            b = op.getMatchingIndexingMap(result.b),
            out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (!out.isProjectedPermutation() || !isSeparable(a) || !isSeparable(b))
    return refuse("has addresses that are no sum over its loops");
  for (OpOperand &operand : op->getOpOperands())
    if (!isa<MemRefType>(operand.get().getType()))
      return refuse("has an operand that is no buffer");
  if (!onNumbers(op))
    return refuse("computes with what is no number");
  FailureOr<Product> product = matchProduct(op, result, why);
  if (failed(product))
    return failure();
  result.product = *product;

  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool inA = a.isFunctionOfDim(loop), inB = b.isFunctionOfDim(loop);
    if (out.isFunctionOfDim(loop) != (type == utils::IteratorType::parallel))
      return refuse("repeats a result");
    if (type == utils::IteratorType::reduction)
      result.depth.push_back(loop);
    else if (inA && inB && ranges[loop] != 1)
      result.batch.push_back(loop);
    else if (inB && !inA)
      result.columns.push_back(loop);
    else
      result.rows.push_back(loop);
  }
  auto extentOf = [&](ArrayRef<unsigned> role) {
    int64_t extent = 1;
    for (unsigned loop : role)
      extent *= ShapedType::isDynamic(ranges[loop]) ? 2 : ranges[loop];
    return extent;
  };
  if (extentOf(result.rows) == 1 && extentOf(result.columns) == 1)
    return refuse("reuses no element");
  // As in depthwise convolutions: threads had better run along the batch.
  auto last = out.getNumResults()
                  ? dyn_cast<AffineDimExpr>(out.getResults().back())
                  : AffineDimExpr(nullptr);
  if ((extentOf(result.rows) == 1 || extentOf(result.columns) == 1) && last &&
      llvm::is_contained(result.batch, last.getPosition()))
    return refuse("reuses no element, and has its batch side by side");

  putLast(result.rows, op, result.a);
  putLast(result.rows, op, op.getDpsInitOperand(0));
  putLast(result.columns, op, result.b);
  putLast(result.columns, op, op.getDpsInitOperand(0));
  putLast(result.depth, op, result.b);
  putLast(result.depth, op, result.a);
  result.fill = findFill(op);
  result.epilogue = findEpilogue(op, result.fill);
  Operation *end = result.epilogue ? result.epilogue->op : op;
  for (rac::nvptx::Padding &padding : rac::nvptx::findPaddings(op, end))
    if (llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
          // A view of it has other dimensions.
          return baseOf(operand->get()) != padding.buffer() ||
                 (operand->get() == padding.buffer() &&
                  canSkip(padding, op.getMatchingIndexingMap(operand)));
        }))
      result.paddings.push_back(padding);
  return result;
}
