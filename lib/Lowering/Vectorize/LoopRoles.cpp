//===- LoopRoles.cpp - What each loop of a linalg op becomes --------------===//

#include "LoopRoles.h"
#include "../Math/Expansion.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"

using namespace mlir;
using namespace rac::vectorize;

bool rac::vectorize::isIndependent(AffineMap map, unsigned loop) {
  return !map.isFunctionOfDim(loop);
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

bool rac::vectorize::isContiguous(OpOperand &operand, AffineMap map,
                                  unsigned loop) {
  auto type = dyn_cast<MemRefType>(operand.get().getType());
  if (!type || type.getRank() == 0)
    return false;
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(loop))
      return false;
  SmallVector<int64_t> strides;
  int64_t offset;
  return coefficient(map.getResults().back(), loop) == 1 &&
         succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides.back() == 1;
}

/// Whether all operands are contiguous along `loop` or don't depend on it.
static bool isLane(linalg::LinalgOp op, unsigned loop) {
  return llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    return isIndependent(map, loop) || isContiguous(operand, map, loop);
  });
}

/// Elements of a register: as many as of the widest type that is computed with.
static int64_t countLanes(linalg::LinalgOp op, const VectorTarget &target) {
  unsigned widest = 8;
  auto note = [&](Type type) {
    widest =
        std::max(widest, type.isIndex() ? 64 : type.getIntOrFloatBitWidth());
  };
  for (BlockArgument argument : op.getBlock()->getArguments())
    note(argument.getType());
  for (Operation &inner : op.getBlock()->without_terminator())
    for (Type type : inner.getResultTypes())
      note(type);
  return std::max<int64_t>(1, target.bits / widest);
}

/// Why the body can't work on vectors; null if it can.
static const char *checkBody(linalg::LinalgOp op, bool scalable) {
  for (Operation &inner : op.getBlock()->without_terminator()) {
    for (Type type : inner.getResultTypes())
      if (!type.isIntOrIndexOrFloat())
        return "computes what is no number";
    for (Value operand : inner.getOperands())
      if (!operand.getType().isIntOrIndexOrFloat())
        return "uses what is no number";
    if (!isa<linalg::IndexOp>(inner) &&
        !inner.hasTrait<OpTrait::ConstantLike>() &&
        !OpTrait::hasElementwiseMappableTraits(&inner))
      return "has an op that doesn't work on vectors";
    // A vector of known length would be taken apart.
    if (scalable && rac::functions::isLibraryCall(&inner))
      return "calls a function of single numbers";
  }
  return nullptr;
}

Operation *rac::vectorize::findCombiner(linalg::LinalgOp op) {
  SmallVector<Operation *> combiners;
  if (!matchReduction(op.getRegionOutputArgs(), 0, combiners) ||
      combiners.size() != 1)
    return nullptr;
  return combiners.front();
}

/// Whether the result may depend on the order in which a combiner is applied.
static bool needsOrder(Operation *combiner) {
  auto floats = dyn_cast<arith::ArithFastMathInterface>(combiner);
  return floats && isa<arith::AddFOp, arith::MulFOp>(combiner) &&
         !bitEnumContainsAll(floats.getFastMathFlagsAttr().getValue(),
                             arith::FastMathFlags::reassoc);
}

/// Whether some operand is a vector that is the same for all of `loop`.
static bool reusesVectors(linalg::LinalgOp op, unsigned vectorLoop,
                          unsigned loop) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    return !isIndependent(map, vectorLoop) && isIndependent(map, loop);
  });
}

static void chooseTile(linalg::LinalgOp op, const VectorTarget &target,
                       LoopRoles &roles) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto iterators = op.getIteratorTypesArray();
  bool reduces = op.getNumReductionLoops() > 0;
  // Enough independent additions to hide their latency.
  roles.vectors = target.registers >= 32 ? 4 : 2;
  int64_t extent = ranges[roles.vectorLoop];
  if (!target.scalable && !ShapedType::isDynamic(extent))
    roles.vectors = std::clamp<int64_t>(llvm::divideCeil(extent, roles.lanes),
                                        1, roles.vectors);
  if (!reduces)
    return;
  for (unsigned loop = op.getNumLoops(); loop-- > 0;)
    if (loop != roles.vectorLoop &&
        iterators[loop] == utils::IteratorType::parallel && ranges[loop] != 1 &&
        reusesVectors(op, roles.vectorLoop, loop)) {
      roles.rowLoop = loop;
      break;
    }
  if (!roles.rowLoop)
    return;
  if (roles.horizontal)
    roles.vectors = std::min<int64_t>(roles.vectors, 2);
  // Beside the tile: a row of vectors, and two for what is multiplied with it.
  constexpr int64_t mostRows = 12;
  roles.rows = std::clamp<int64_t>(
      (target.registers - roles.vectors - 2) / roles.vectors, 1, mostRows);
  if (int64_t rows = ranges[*roles.rowLoop]; !ShapedType::isDynamic(rows))
    roles.rows = std::clamp<int64_t>(rows, 1, roles.rows);
}

FailureOr<LoopRoles> rac::vectorize::chooseRoles(linalg::LinalgOp op,
                                                 const VectorTarget &target,
                                                 std::string &why) {
  auto refuse = [&](StringRef reason) {
    why = reason.str();
    return failure();
  };
  if (op.getNumDpsInits() != 1)
    return refuse("has several results");
  if (const char *reason = checkBody(op, target.scalable))
    return refuse(reason);
  if (!op.getMatchingIndexingMap(op.getDpsInitOperand(0))
           .isProjectedPermutation())
    return refuse("writes its result in an order of its own");

  LoopRoles roles;
  roles.lanes = countLanes(op, target);
  if (roles.lanes < 2)
    return refuse("computes with what is as wide as a register");
  auto iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  std::optional<unsigned> lane;
  for (unsigned loop = op.getNumLoops(); loop-- > 0 && !lane;)
    if (iterators[loop] == utils::IteratorType::parallel && ranges[loop] != 1 &&
        !isIndependent(out, loop) && isLane(op, loop))
      lane = loop;
  if (Operation *combiner = lane ? nullptr : findCombiner(op)) {
    if (needsOrder(combiner))
      return refuse("may not be summed in another order");
    roles.horizontal = linalg::getCombinerOpKind(combiner);
    for (unsigned loop = op.getNumLoops();
         loop-- > 0 && !lane && roles.horizontal;)
      if (iterators[loop] == utils::IteratorType::reduction &&
          ranges[loop] != 1 && isIndependent(out, loop) && isLane(op, loop))
        lane = loop;
  }
  if (!lane)
    return refuse("has no loop along which its operands are contiguous");
  roles.vectorLoop = *lane;
  chooseTile(op, target, roles);
  return roles;
}
