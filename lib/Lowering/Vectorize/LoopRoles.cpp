//===- LoopRoles.cpp - What each loop of a linalg op becomes --------------===//

#include "LoopRoles.h"
#include "../Math/Expansion.h"
#include "BodyLoads.h"
#include "Nibbles.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Lowering/RegisterTile.h"
#include <numeric>

using namespace mlir;
using namespace rac;
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

std::optional<SmallVector<int64_t>> rac::vectorize::stepsAlong(AffineMap map,
                                                               unsigned loop) {
  SmallVector<int64_t> steps;
  for (AffineExpr expr : map.getResults()) {
    auto step = coefficient(expr, loop);
    if (!step)
      return std::nullopt;
    steps.push_back(*step);
  }
  return steps;
}

std::optional<int64_t> rac::vectorize::panelOf(AffineMap map, unsigned loop) {
  if (auto last = splitLast(map); last && last->loop != loop)
    map = last->groups;
  auto isPart = [&](AffineExpr expr, AffineExprKind kind, int64_t width) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!binary || binary.getKind() != kind)
      return false;
    auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
    auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
    return dim && dim.getPosition() == loop && constant &&
           (width == 0 || constant.getValue() == width);
  };
  if (map.getNumResults() < 2 ||
      !isPart(map.getResults().back(), AffineExprKind::Mod, 0))
    return std::nullopt;
  auto last = cast<AffineBinaryOpExpr>(map.getResults().back());
  int64_t width = cast<AffineConstantExpr>(last.getRHS()).getValue();
  unsigned panels = 0;
  for (AffineExpr expr : map.getResults().drop_back()) {
    if (!expr.isFunctionOfDim(loop))
      continue;
    if (!isPart(expr, AffineExprKind::FloorDiv, width))
      return std::nullopt;
    ++panels;
  }
  return panels == 1 ? std::optional(width) : std::nullopt;
}

/// Elements from one to the next along each dimension of an operand; of a
/// tensor, those of the buffer it will be. None where it is no such thing.
static std::optional<SmallVector<int64_t>> stridesOf(OpOperand &operand) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (auto type = dyn_cast<MemRefType>(operand.get().getType())) {
    if (failed(type.getStridesAndOffset(strides, offset)))
      return std::nullopt;
    return strides;
  }
  auto type = dyn_cast<RankedTensorType>(operand.get().getType());
  if (!type)
    return std::nullopt;
  int64_t stride = 1;
  for (int64_t size : llvm::reverse(type.getShape())) {
    strides.push_back(stride);
    stride = ShapedType::isDynamic(size) || ShapedType::isDynamic(stride)
                 ? ShapedType::kDynamic
                 : stride * size;
  }
  std::reverse(strides.begin(), strides.end());
  return strides;
}

bool rac::vectorize::isContiguous(OpOperand &operand, AffineMap map,
                                  unsigned loop) {
  auto strides = stridesOf(operand);
  if (!strides || strides->empty() || strides->back() != 1)
    return false;
  if (auto interleave = interleaveOf(operand)) {
    map = interleave->groups;
    strides->pop_back();
    if (strides->back() != interleave->terms)
      return false;
  }
  if (panelOf(map, loop))
    return true;
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(loop))
      return false;
  return coefficient(map.getResults().back(), loop) == 1;
}

bool rac::vectorize::isReused(linalg::LinalgOp op, OpOperand &operand,
                              const LoopRoles &roles) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  return roles.rowLoop && isIndependent(map, *roles.rowLoop) &&
         !isIndependent(map, roles.vectorLoop) &&
         isContiguous(operand, map, roles.vectorLoop) &&
         llvm::any_of(reductions,
                      [&](unsigned loop) { return !isIndependent(map, loop); });
}

bool rac::vectorize::isLane(linalg::LinalgOp op, OpOperand &operand,
                            unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  return isIndependent(map, loop) || isContiguous(operand, map, loop);
}

/// Whether all that is read and written is contiguous along `loop` or doesn't
/// depend on it.
static bool areLanes(linalg::LinalgOp op, unsigned loop) {
  return loadsAlong(op, loop) &&
         llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
           return isLane(op, operand, loop);
         });
}

/// Whether lanes of all inputs, and of what the body loads, can be gathered
/// along `loop`, and the result's are contiguous.
static bool canGather(linalg::LinalgOp op, unsigned loop) {
  OpOperand &out = *op.getDpsInitOperand(0);
  if (!isContiguous(out, op.getMatchingIndexingMap(&out), loop))
    return false;
  for (memref::LoadOp load : op.getBlock()->getOps<memref::LoadOp>())
    if (!isAlong(op, load, loop) && !isDense(load))
      return false;
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (isIndependent(map, loop))
      return true;
    auto strides = stridesOf(*operand);
    return strides && !strides->empty() && strides->back() == 1 &&
           stepsAlong(map, loop);
  });
}

int64_t rac::vectorize::lanesOf(linalg::LinalgOp op,
                                const VectorTarget &target) {
  unsigned widest = 8;
  auto note = [&](Type type) {
    widest =
        std::max(widest, type.isIndex() ? 64 : type.getIntOrFloatBitWidth());
  };
  for (BlockArgument argument : op.getBlock()->getArguments())
    if (!isAddress(argument))
      note(argument.getType());
  for (Operation &inner : op.getBlock()->without_terminator())
    for (Value result : inner.getResults())
      if (!isAddress(result))
        note(result.getType());
  return std::max<int64_t>(1, target.bits / widest);
}

const char *rac::vectorize::checkBody(linalg::LinalgOp op, bool scalable) {
  for (Operation &inner : op.getBlock()->without_terminator()) {
    for (Type type : inner.getResultTypes())
      if (!type.isIntOrIndexOrFloat())
        return "computes what is no number";
    if (isa<memref::LoadOp>(inner)) // isLane looks at these
      continue;
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

/// Whether some operand is a vector that is the same for all of `loop`.
static bool reusesVectors(linalg::LinalgOp op, unsigned vectorLoop,
                          unsigned loop) {
  return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    return !isIndependent(map, vectorLoop) && isIndependent(map, loop);
  });
}

/// Bytes from one row of what is multiplied with vectors to the next.
static std::optional<int64_t> rowStride(linalg::LinalgOp op,
                                        const LoopRoles &roles) {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    auto strides = stridesOf(*operand);
    if (!strides || isIndependent(map, *roles.rowLoop))
      continue;
    auto steps = stepsAlong(map, *roles.rowLoop);
    if (!steps)
      return std::nullopt;
    int64_t elements = 0;
    for (auto [step, stride] : llvm::zip_equal(*steps, *strides)) {
      if (step == 0)
        continue;
      if (ShapedType::isDynamic(stride))
        return std::nullopt;
      elements += step * stride;
    }
    return elements * bytesOf(getElementTypeOrSelf(operand->get().getType()));
  }
  return std::nullopt;
}

/// Whether all that rows bring differs by lane, too.
static bool isLanewise(linalg::LinalgOp op, const LoopRoles &roles) {
  if (roles.horizontal)
    return false;
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    AffineMap map = op.getMatchingIndexingMap(operand);
    return isIndependent(map, *roles.rowLoop) ||
           !isIndependent(map, roles.vectorLoop);
  });
}

/// The innermost loop whose iterations share vectors.
static std::optional<unsigned> findRowLoop(linalg::LinalgOp op,
                                           unsigned vectorLoop) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto iterators = op.getIteratorTypesArray();
  for (unsigned loop = op.getNumLoops(); loop-- > 0;)
    if (loop != vectorLoop &&
        iterators[loop] == utils::IteratorType::parallel && ranges[loop] != 1 &&
        reusesVectors(op, vectorLoop, loop))
      return loop;
  return std::nullopt;
}

/// The innermost loop of the result, whose rows have nothing in common.
static std::optional<unsigned> findOwnRows(linalg::LinalgOp op) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  auto iterators = op.getIteratorTypesArray();
  for (unsigned loop = op.getNumLoops(); loop-- > 0;)
    if (iterators[loop] == utils::IteratorType::parallel && ranges[loop] != 1)
      return loop;
  return std::nullopt;
}

/// The sizes of a buffer that is a tile, or was made for one.
static SmallVector<OpFoldResult> sizesOfTile(Value buffer) {
  if (auto alloc = buffer.getDefiningOp<memref::AllocOp>())
    return alloc.getMixedSizes();
  auto view = buffer.getDefiningOp<memref::SubViewOp>();
  if (!view || view.getDroppedDims().any())
    return {};
  return view.getMixedSizes();
}

/// Iterations of a loop that the run alone knows, where they are a tile's:
/// `affine.min` of that and what is left.
static std::optional<int64_t> mostIterations(linalg::LinalgOp op,
                                             unsigned loop) {
  for (OpOperand &operand : op->getOpOperands()) {
    SmallVector<OpFoldResult> sizes = sizesOfTile(operand.get());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    auto place = map.getResultPosition(
        getAffineDimExpr(loop, operand.get().getContext()));
    if (!place || sizes.size() != map.getNumResults())
      continue;
    auto size = dyn_cast<Value>(sizes[*place]);
    auto least = size ? size.getDefiningOp<affine::AffineMinOp>() : nullptr;
    if (!least)
      continue;
    for (AffineExpr expr : least.getMap().getResults())
      if (auto constant = dyn_cast<AffineConstantExpr>(expr))
        return constant.getValue();
  }
  return std::nullopt;
}

/// Whether what is multiplied is widened before, and what one row has read
/// serves the next.
static bool sharesWidened(linalg::LinalgOp op, unsigned rowLoop) {
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    Type element = getElementTypeOrSelf(operand->get().getType());
    auto steps = stepsAlong(op.getMatchingIndexingMap(operand), rowLoop);
    return isa<FloatType>(element) && element.getIntOrFloatBitWidth() == 16 &&
           steps && llvm::sum_of(*steps) <= 1;
  });
}

static std::optional<int64_t> knownSize(int64_t size) {
  return ShapedType::isDynamic(size) ? std::optional<int64_t>() : size;
}

/// The tile of a reduction along rows that share no vectors.
static void chooseRows(linalg::LinalgOp op, const VectorTarget &target,
                       LoopRoles &roles) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  RowTileProblem problem;
  problem.registers = target.registers;
  problem.lanes = roles.lanes;
  // Of scalable vectors only the run knows how many a row has.
  if (!target.scalable)
    problem.elements = knownSize(ranges[roles.vectorLoop]);
  problem.rows = 1;
  roles.rowLoop = findOwnRows(op);
  if (roles.rowLoop) {
    problem.rows = knownSize(ranges[*roles.rowLoop]);
    if (!problem.rows)
      problem.rows = mostIterations(op, *roles.rowLoop);
  }
  RegisterTile tile = chooseRowTile(problem);
  roles.rows = tile.rows;
  roles.vectors = tile.vectors;
  if (roles.rows == 1)
    roles.rowLoop.reset();
  // Normalisations of 12 to 48 vectors a row on Emerald Rapids: from 24 on they
  // take 5 to 24 % less with a loop.
  if (problem.elements)
    roles.isLongRow = 4 * roles.rows * *problem.elements >=
                      3 * target.registers * roles.lanes;
}

/// Gives `roles` its tile; the clocks that a vector of it takes for each step
/// of the reduction.
static double chooseTile(linalg::LinalgOp op, const VectorTarget &target,
                         ArrayRef<int64_t> wanted, LoopRoles &roles) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  RegisterTileProblem problem;
  problem.registers = target.registers;
  problem.multiplyAdds = target.multiplyAdds;
  problem.blockRows = roles.dot ? roles.dot->blockRows : 1;
  if (auto extent = knownSize(ranges[roles.vectorLoop]))
    problem.vectors = llvm::divideCeil(*extent, roles.lanes);
  problem.panel = roles.panel / roles.lanes;
  // Of scalable vectors only the run knows how many there are: powers of two,
  // as their lengths are, leave the least over.
  if (target.scalable) {
    problem.vectors = std::nullopt;
    problem.panel = problem.panel ? std::gcd(problem.panel, 4) : 4;
  }

  if (op.getNumReductionLoops() > 0)
    roles.rowLoop = findRowLoop(op, roles.vectorLoop);
  if (!roles.rowLoop) {
    // Enough independent additions to hide their latency.
    int64_t most = target.registers >= 32 ? 4 : 2;
    roles.vectors =
        std::clamp<int64_t>(problem.vectors.value_or(most), 1, most);
    while (problem.panel && problem.panel % roles.vectors != 0)
      --roles.vectors;
  } else {
    problem.rows = knownSize(ranges[*roles.rowLoop]);
    if (!problem.rows) {
      problem.rows = mostIterations(op, *roles.rowLoop);
      problem.halves = problem.rows.has_value();
    }
    problem.rowStride = rowStride(op, roles);
    problem.lanewise = isLanewise(op, roles);
    if (roles.horizontal) { // tiles of such are not wider than two vectors
      problem.panel = 2;
      problem.vectors = std::nullopt;
    }
    // Units that take so many multiply-adds leave no slots for a load and an
    // address for each row's number.
    if (target.multiplyAdds > 2 && !roles.horizontal)
      roles.byLane = findLaneProduct(op, roles.vectorLoop, target.dots);
    problem.rowRegisters = roles.byLane.has_value();
    // Neighbours in a row of windows are widened once if they stay in
    // registers. A second vector shares nothing with the first, and drives them
    // out.
    if (!target.scalable && problem.lanewise &&
        sharesWidened(op, *roles.rowLoop))
      problem.vectors = 1;
    RegisterTile tile = chooseRegisterTile(problem);
    roles.rows = tile.rows;
    roles.vectors = tile.vectors;
  }
  if (!wanted.empty() && op.getNumReductionLoops() > 0 && !roles.horizontal) {
    roles.rows = roles.rowLoop ? wanted[0] : 1;
    roles.vectors = wanted[1];
    if (problem.rows)
      roles.rows = std::clamp<int64_t>(*problem.rows, 1, roles.rows);
    if (problem.vectors)
      roles.vectors = std::clamp<int64_t>(*problem.vectors, 1, roles.vectors);
    // Blocks of rows need more registers beside them than a plan thinks of.
    while (problem.blockRows > 1 && roles.rows > 1 &&
           registersOfTile(problem, {roles.rows, roles.vectors}) >
               target.registers)
      --roles.rows;
  }
  return clocksOfTile(problem, {roles.rows, roles.vectors});
}

int64_t rac::vectorize::panelWidth(linalg::LinalgOp op,
                                   const VectorTarget &target,
                                   ArrayRef<int64_t> wanted, unsigned loop,
                                   const std::optional<DotProduct> &dot) {
  LoopRoles roles;
  roles.vectorLoop = loop;
  roles.lanes = lanesOf(op, target);
  roles.dot = dot;
  chooseTile(op, target, wanted, roles);
  if (!target.scalable)
    return roles.vectors * roles.lanes;
  // Whole tiles, and one vector of the longest: each vector lies in a panel
  // then, whatever the length.
  return std::lcm(roles.vectors, kMostVectorBits / target.bits) * roles.lanes;
}

std::optional<DotProduct>
rac::vectorize::cheapest(linalg::LinalgOp op, const VectorTarget &target,
                         ArrayRef<int64_t> wanted, unsigned loop,
                         ArrayRef<DotProduct> products) {
  std::optional<DotProduct> best;
  double least = 0;
  for (const DotProduct &product : products) {
    // One row alone makes no blocks.
    if (product.blockRows > 1 && !findRowLoop(op, loop))
      continue;
    LoopRoles roles;
    roles.vectorLoop = loop;
    roles.lanes = lanesOf(op, target);
    roles.dot = product;
    double clocks =
        chooseTile(op, target, wanted, roles) / double(product.terms);
    if (best && clocks >= least)
      continue;
    best = product;
    least = clocks;
  }
  return best;
}

bool rac::vectorize::worksOnLanes(linalg::LinalgOp op, unsigned loop,
                                  bool scalable) {
  return op.getNumReductionLoops() == 0 && !checkBody(op, scalable) &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0))
             .isProjectedPermutation() &&
         areLanes(op, loop) && llvm::none_of(op->getOpOperands(), [&](auto &o) {
           return panelOf(op.getMatchingIndexingMap(&o), loop).has_value();
         });
}

/// Whether lanes along `loop` are those of bytes, and share what these are
/// multiplied with.
static bool areRows(linalg::LinalgOp op, const IntegerSum &integers,
                    unsigned loop) {
  auto isShared = [&](unsigned number) {
    return isIndependent(
        op.getMatchingIndexingMap(op.getDpsInputOperand(number)), loop);
  };
  return !isShared(integers.bytes) &&
         llvm::all_of(integers.products, [&](const auto &product) {
           return isShared(product.row);
         });
}

/// The one width of all operands' panels; 0: none has any.
static FailureOr<int64_t> commonPanel(linalg::LinalgOp op, unsigned loop) {
  int64_t width = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    auto panel = panelOf(op.getMatchingIndexingMap(&operand), loop);
    if (panel && width != 0 && *panel != width)
      return failure();
    width = panel.value_or(width);
  }
  return width;
}

FailureOr<LoopRoles> rac::vectorize::chooseRoles(linalg::LinalgOp op,
                                                 const VectorTarget &target,
                                                 ArrayRef<int64_t> wanted,
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
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto interleave = interleaveOf(*operand);
    if (!interleave)
      continue;
    for (const DotProduct &product : findDotProducts(op, *operand, target.dots))
      if (!roles.dot && product.terms == interleave->terms)
        roles.dot = product;
    if (auto integers = findIntegerSum(op, target.dots);
        integers && integers->bytes == operand->getOperandNumber() &&
        integers->terms == interleave->terms)
      roles.integers = integers;
    if (!roles.dot && !roles.integers)
      return refuse("has terms side by side that no instruction sums");
  }
  roles.lanes = lanesOf(op, target);
  if (roles.lanes < 2)
    return refuse("computes with what is as wide as a register");
  auto iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  std::optional<unsigned> lane;
  for (unsigned loop = op.getNumLoops(); loop-- > 0 && !lane;)
    if (iterators[loop] == utils::IteratorType::parallel && ranges[loop] != 1 &&
        !isIndependent(out, loop) && areLanes(op, loop))
      lane = loop;
  bool reduces = op.getNumReductionLoops() > 0;
  if (Operation *combiner = lane || !reduces ? nullptr : findCombiner(op)) {
    if (needsOrder(combiner))
      return refuse("may not be summed in another order");
    roles.horizontal = linalg::getCombinerOpKind(combiner);
    for (unsigned loop = op.getNumLoops();
         loop-- > 0 && !lane && roles.horizontal;)
      if (iterators[loop] == utils::IteratorType::reduction &&
          ranges[loop] != 1 && isIndependent(out, loop) && areLanes(op, loop))
        lane = loop;
  }
  // Scalable vectors have no square blocks, but gather.
  if (target.scalable && !reduces)
    for (unsigned loop = op.getNumLoops(); loop-- > 0 && !lane;)
      if (ranges[loop] != 1 && canGather(op, loop))
        lane = loop;
  if (!lane)
    return refuse("has no loop along which its operands are contiguous");
  roles.vectorLoop = *lane;
  if (!areLanes(op, *lane)) // as many as there are indices in a register
    roles.lanes = std::min(roles.lanes, target.bits / 32);
  if (roles.integers && !areRows(op, *roles.integers, *lane))
    return refuse("has bytes of rows that lanes don't share");
  FailureOr<int64_t> panel = commonPanel(op, *lane);
  if (failed(panel) || (roles.horizontal && *panel != 0) ||
      (!target.scalable && *panel % roles.lanes != 0))
    return refuse("has panels that are no whole vectors of all operands");
  roles.panel = *panel;
  if (roles.horizontal && !findRowLoop(op, *lane))
    chooseRows(op, target, roles);
  else
    chooseTile(op, target, wanted, roles);
  // A plan's tile may need the registers.
  if (roles.rows * (roles.vectors + 1) + roles.vectors > target.registers)
    roles.byLane.reset();
  if (roles.panel && !target.scalable &&
      roles.panel % (roles.vectors * roles.lanes) != 0)
    return refuse("has panels that are no whole tiles");
  if (!roles.horizontal && !roles.dot && !roles.byLane)
    roles.factor = findBlockFactor(op);
  if (constexpr int64_t table = 16; !target.scalable && roles.lanes == table)
    roles.nibbles = findNibbleLookup(target.dots).str();
  return roles;
}
