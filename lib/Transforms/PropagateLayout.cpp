//===- PropagateLayout.cpp - Transposes meet and cancel -------------------===//
//
// A region is a connected set of ops that can work in another order of
// dimensions, grown from the transposes at its border. Each op of it gets one
// of two orders, the model's or the border's; a tensor needed in the order that
// its producer doesn't give costs a transpose. Choosing is a minimum cut.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MinCut.h"
#include "MoveReshapes.h"
#include "Patterns.h"
#include "Permute.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rac/Cost/AssumedSizes.h"
#include "rac/Dialect/Rac/IR/OpUtils.h"
#include "rac/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace rac {
#define GEN_PASS_DEF_PROPAGATELAYOUT
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

class LayoutRegion {
public:
  LayoutRegion(int64_t assumedDim, DenseSet<Operation *> &taken)
      : sizes(assumedDim), taken(taken) {}

  void grow(TransposeOp seed);
  bool empty() const { return members.empty(); }
  /// Returns how many ops took the other order.
  unsigned rewrite();

private:
  void add(Operation *op, std::optional<OpOrder> order);
  SmallVector<bool> choose();
  void addInput(Value value, const Permutation &order);
  void addOutput(Operation *op);
  void addCost(unsigned producer, ArrayRef<unsigned> consumers, int64_t bytes);
  int64_t bytes(Value value, const Permutation &order) const;
  unsigned nodeOf(Operation *op) {
    return 2 + (members.find(op) - members.begin());
  }
  /// Whether `user` is a member that wants operand `value` in `order`.
  bool wants(Operation *user, Value value, const Permutation &order);
  void permute(Operation *op, const OpOrder &order);

  AssumedSizes sizes;
  DenseSet<Operation *> &taken;
  llvm::MapVector<Operation *, OpOrder> members;
  MinCut cut;
};

struct PropagateLayout : rac::impl::PropagateLayoutBase<PropagateLayout> {
  using PropagateLayoutBase::PropagateLayoutBase;
  void runOnOperation() override;
  bool moveViews();
  bool runOnce();
  void cleanUp();
  void unitTransposesToReshapes();
};

} // namespace

//===----------------------------------------------------------------------===//
// Growing
//===----------------------------------------------------------------------===//

void LayoutRegion::add(Operation *op, std::optional<OpOrder> order) {
  if (order && taken.insert(op).second)
    members.insert({op, *order});
}

static bool isFullRank(Value value, const Permutation &order) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == static_cast<int64_t>(order.size());
}

void LayoutRegion::grow(TransposeOp seed) {
  Block *block = seed->getBlock();
  auto addUsers = [&](Value value, const Permutation &order) {
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (user->getBlock() == block &&
          llvm::is_contained(getOrderedOperands(user), &use))
        add(user, orderFromOperand(user, order));
    }
  };
  auto addProducer = [&](Value value, const Permutation &order) {
    Operation *op = value.getDefiningOp();
    if (op && op->getBlock() == block && op->getNumResults() == 1 &&
        isFullRank(value, order) && isa<ShapeOpInterface>(op))
      add(op, orderFromResult(op, order));
  };
  addUsers(seed.getResult(), invertPermutationVector(seed.getPermutation()));
  addProducer(seed.getInput(), Permutation(seed.getPermutation()));
  for (size_t i = 0; i < members.size(); ++i) {
    auto [op, order] = *(members.begin() + i);
    for (OpOperand *operand : getOrderedOperands(op)) {
      addProducer(operand->get(), order.operand);
      if (isFullRank(operand->get(), order.operand) &&
          !operand->get().getDefiningOp<TransposeOp>() &&
          !operand->get().getDefiningOp<ConstantOp>())
        addUsers(operand->get(), order.operand);
    }
    addUsers(op->getResult(0), order.result);
  }
}

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

/// A permutation that moves only dimensions of size one moves nothing.
static bool movesOnlyUnits(RankedTensorType type, ArrayRef<int64_t> order) {
  SmallVector<int64_t> moved;
  for (int64_t from : order)
    if (type.getDimSize(from) != 1)
      moved.push_back(from);
  return llvm::is_sorted(moved);
}

/// What transposing costs: the bytes moved. One that moves only dimensions of
/// size one is a view, yet keeps ops apart that could share a kernel, so it
/// isn't free.
int64_t LayoutRegion::bytes(Value value, const Permutation &order) const {
  auto type = cast<RankedTensorType>(value.getType());
  if (isFullRank(value, order) && movesOnlyUnits(type, order))
    return 1;
  return int64_t(std::min(sizes.bytes(value), double(MinCut::infinite >> 20)));
}

bool LayoutRegion::wants(Operation *user, Value value,
                         const Permutation &order) {
  auto it = members.find(user);
  return it != members.end() && it->second.operand == order &&
         llvm::any_of(getOrderedOperands(user), [&](OpOperand *operand) {
           return operand->get() == value;
         });
}

/// A tensor of `bytes` is transposed once if any consumer is on the other side
/// than its producer.
void LayoutRegion::addCost(unsigned producer, ArrayRef<unsigned> consumers,
                           int64_t bytes) {
  if (bytes == 0 || consumers.empty())
    return;
  unsigned toPermuted = cut.addNode(), toOriginal = cut.addNode();
  cut.addEdge(producer, toPermuted, bytes);
  cut.addEdge(toOriginal, producer, bytes);
  for (unsigned consumer : consumers) {
    cut.addEdge(toPermuted, consumer, MinCut::infinite);
    cut.addEdge(consumer, toOriginal, MinCut::infinite);
  }
}

/// A product is written in any order, but ops in another order don't join it:
/// the transpose moves no bytes of its own and is not free either.
static bool isOnlyUseOfMatmul(Value value) {
  return value.getDefiningOp<MatmulOp>() && value.hasOneUse();
}

/// What it costs members to take `value` from outside.
void LayoutRegion::addInput(Value value, const Permutation &order) {
  if (value.getDefiningOp<ConstantOp>())
    return; // permuted at compile time
  SmallVector<unsigned> consumers;
  bool usedOutside = false;
  for (Operation *user : value.getUsers()) {
    if (wants(user, value, order))
      consumers.push_back(nodeOf(user));
    else
      usedOutside = true;
  }
  auto transpose = value.getDefiningOp<TransposeOp>();
  bool fromMatmul = isOnlyUseOfMatmul(transpose ? transpose.getInput() : value);
  int64_t cost = fromMatmul ? 1 : bytes(value, order);
  if (!transpose) {
    addCost(MinCut::source, consumers,
            usedOutside ? bytes(value, order) : cost);
    return;
  }
  if (invertPermutationVector(transpose.getPermutation()) == order) {
    if (!usedOutside)
      addCost(MinCut::sink, consumers, cost);
    return;
  }
  // Another transpose: permuted it is one transpose as well, composed.
  if (usedOutside)
    addCost(MinCut::source, consumers, bytes(value, order));
}

/// What it costs to pass a member's result on.
void LayoutRegion::addOutput(Operation *op) {
  const Permutation &order = members.find(op)->second.result;
  Value value = op->getResult(0);
  llvm::SmallSetVector<unsigned, 4> consumers;
  for (Operation *user : value.getUsers()) {
    auto transpose = dyn_cast<TransposeOp>(user);
    if (wants(user, value, order))
      consumers.insert(nodeOf(user));
    else if (transpose &&
             llvm::all_of(transpose->getUsers(), llvm::IsaPred<MatmulOp>))
      continue; // a product reads its operands in any order
    else if (transpose && transpose.getPermutation() == ArrayRef(order))
      consumers.insert(MinCut::sink);
    else if (transpose || (isa<MatmulOp>(user) && value.hasOneUse()))
      continue; // one transpose in either case, or none
    else
      consumers.insert(MinCut::source);
  }
  addCost(nodeOf(op), consumers.getArrayRef(), bytes(value, order));
}

SmallVector<bool> LayoutRegion::choose() {
  for (size_t i = 0; i < members.size(); ++i)
    cut.addNode();
  llvm::SmallSetVector<Value, 8> inputs;
  for (auto &[op, order] : members) {
    for (OpOperand *operand : getOrderedOperands(op)) {
      Operation *producer = operand->get().getDefiningOp();
      auto it = producer ? members.find(producer) : members.end();
      if (it != members.end() && it->second.result == order.operand)
        continue; // the producer's output
      if (inputs.insert(operand->get()))
        addInput(operand->get(), order.operand);
    }
    addOutput(op);
  }
  cut.solve();
  SmallVector<bool> permuted;
  for (auto &[op, order] : members)
    permuted.push_back(cut.onSinkSide(nodeOf(op)));
  return permuted;
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

/// `value` in `order`; with ones in front first, where it has fewer dimensions.
static Value inOrder(OpBuilder &builder, Value value,
                     const Permutation &order) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t missing = order.size() - type.getRank();
  if (missing > 0) {
    SmallVector<OpFoldResult> sizes(missing, builder.getIndexAttr(1));
    llvm::append_range(sizes,
                       tensor::getMixedSizes(builder, value.getLoc(), value));
    value = ReshapeOp::create(builder, value.getLoc(), value, sizes);
  }
  auto transpose = value.getDefiningOp<TransposeOp>();
  if (transpose && invertPermutationVector(transpose.getPermutation()) == order)
    return transpose.getInput();
  return TransposeOp::create(builder, value.getLoc(), value, order);
}

void LayoutRegion::permute(Operation *op, const OpOrder &order) {
  OpBuilder builder(op);
  SmallVector<Value> operands;
  for (OpOperand *operand : getOrderedOperands(op))
    operands.push_back(inOrder(builder, operand->get(), order.operand));
  Value permuted = buildPermuted(builder, op, order, operands);
  Value back = TransposeOp::create(builder, op->getLoc(), permuted,
                                   invertPermutationVector(order.result));
  op->getResult(0).replaceAllUsesWith(castToResult(builder, op, back));
  op->erase();
}

unsigned LayoutRegion::rewrite() {
  SmallVector<bool> permuted = choose();
  // Producers first, so that their users find the transposes to take back.
  SmallVector<std::pair<Operation *, OpOrder>> chosen;
  for (auto [entry, other] : llvm::zip_equal(members, permuted))
    if (other)
      chosen.push_back({entry.first, entry.second});
  llvm::sort(chosen, [](const auto &a, const auto &b) {
    return a.first->isBeforeInBlock(b.first);
  });
  for (auto &[op, order] : chosen)
    permute(op, order);
  return chosen.size();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

void PropagateLayout::cleanUp() {
  MLIRContext *ctx = &getContext();
  RewriteCounts counts;
  RewritePatternSet patterns(ctx);
  TransposeOp::getCanonicalizationPatterns(patterns, ctx);
  ReshapeOp::getCanonicalizationPatterns(patterns, ctx);
  SliceOp::getCanonicalizationPatterns(patterns, ctx);
  populateConstantPatterns(patterns, counts, /*maxElements=*/0);
  (void)applyPatternsGreedily(getOperation(), std::move(patterns));
  IRRewriter rewriter(ctx);
  DominanceInfo dominance(getOperation());
  eliminateCommonSubExpressions(rewriter, dominance, getOperation());
}

bool PropagateLayout::runOnce() {
  SmallVector<TransposeOp> seeds;
  getOperation().walk([&](TransposeOp op) { seeds.push_back(op); });
  DenseSet<Operation *> taken;
  std::vector<LayoutRegion> regions;
  for (TransposeOp seed : seeds) {
    LayoutRegion region(assumedDim, taken);
    region.grow(seed);
    if (!region.empty())
      regions.push_back(std::move(region));
  }
  unsigned permuted = 0;
  for (LayoutRegion &region : regions)
    permuted += region.rewrite();
  numRegions += regions.size();
  numPermuted += permuted;
  cleanUp();
  return permuted > 0;
}

/// What moves no element is a view.
void PropagateLayout::unitTransposesToReshapes() {
  getOperation().walk([&](TransposeOp op) {
    if (!movesOnlyUnits(op.getInput().getType(), op.getPermutation()))
      return;
    OpBuilder builder(op);
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, op.getLoc(), op.getInput());
    Value reshape =
        ReshapeOp::create(builder, op.getLoc(), op.getInput(),
                          applyPermutation(sizes, op.getPermutation()));
    op.replaceAllUsesWith(castToResult(builder, op, reshape));
    op.erase();
  });
}

bool PropagateLayout::moveViews() {
  bool moved = false;
  // Each round moves ops past one other; chains of them are short.
  constexpr int maxRounds = 12;
  for (int round = 0; round < maxRounds; ++round) {
    bool slices = moveSlices(getOperation());
    if (!moveReshapes(getOperation()) && !slices)
      break;
    moved = true;
    cleanUp();
  }
  return moved;
}

void PropagateLayout::runOnOperation() {
  // Orders that meet in one place settle after a round or two.
  constexpr int maxRounds = 4;
  cleanUp();
  for (int round = 0; round < maxRounds; ++round) {
    bool moved = moveViews();
    if (!runOnce() && !moved)
      break;
  }
  unitTransposesToReshapes();
  cleanUp();
  moveViews();
  getOperation().walk([&](TransposeOp) { ++numLeft; });
}
