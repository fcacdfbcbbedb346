//===- MoveReshapes.cpp - Reshapes where they hinder least ----------------===//

#include "MoveReshapes.h"
#include "Reassociation.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "rac/Dialect/Rac/IR/OpUtils.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

/// For each dimension that is not of size one, its number among those in the
/// order `dims`; -1 for the others.
static SmallVector<int64_t> rankNonUnits(ArrayRef<int64_t> dims,
                                         ArrayRef<AffineExpr> sizes) {
  SmallVector<int64_t> number(sizes.size(), -1);
  int64_t next = 0;
  for (int64_t dim : dims)
    if (!isOne(sizes[dim]))
      number[dim] = next++;
  return number;
}

/// The number of the first of `dims` that has one, if they follow each other.
static std::optional<int64_t> runOf(ArrayRef<int64_t> dims,
                                    ArrayRef<int64_t> number) {
  int64_t first = -1, last = -1;
  for (int64_t dim : dims) {
    if (number[dim] < 0)
      continue;
    if (last >= 0 && number[dim] != last + 1)
      return std::nullopt;
    last = number[dim];
    first = first < 0 ? last : first;
  }
  return first;
}

/// The blocks in the order in which another order of dimensions has them; those
/// of unit dimensions alone stay behind the block before them.
static std::optional<SmallVector<ReshapeBlock>>
sortBlocks(ArrayRef<ReshapeBlock> blocks, ArrayRef<int64_t> number, bool byTo) {
  SmallVector<std::pair<int64_t, ReshapeBlock>> keyed;
  int64_t previous = -1;
  for (const ReshapeBlock &block : blocks) {
    std::optional<int64_t> run = runOf(byTo ? block.to : block.from, number);
    if (!run)
      return std::nullopt;
    previous = *run < 0 ? previous : *run;
    keyed.push_back({previous, block});
  }
  llvm::stable_sort(
      keyed, [](const auto &a, const auto &b) { return a.first < b.first; });
  return llvm::map_to_vector(keyed, [](auto &entry) { return entry.second; });
}

/// reshape(transpose(x)) to transpose(reshape(x)).
static bool hoistOverTranspose(ReshapeOp op, SymbolicShapes &shapes) {
  auto transpose = op.getInput().getDefiningOp<TransposeOp>();
  if (!transpose || !transpose->hasOneUse())
    return false;
  const Dims from = shapes.shape(transpose.getResult());
  auto blocks = reassociate(from, shapes.shape(op));
  if (!blocks)
    return false;
  // Positions in x of the transpose's dimensions.
  SmallVector<int64_t> order =
      invertPermutationVector(transpose.getPermutation());
  auto sorted = sortBlocks(*blocks, rankNonUnits(order, from), /*byTo=*/false);
  if (!sorted)
    return false;
  SmallVector<OpFoldResult> sizes = op.getMixedSizes(), newSizes;
  SmallVector<int64_t> permutation(sizes.size());
  for (const ReshapeBlock &block : *sorted)
    for (int64_t dim : block.to) {
      permutation[dim] = newSizes.size();
      newSizes.push_back(sizes[dim]);
    }
  OpBuilder builder(op);
  Value reshape =
      ReshapeOp::create(builder, op.getLoc(), transpose.getInput(), newSizes);
  Value result =
      TransposeOp::create(builder, op.getLoc(), op.getType(), reshape,
                          builder.getDenseI64ArrayAttr(permutation));
  op.replaceAllUsesWith(result);
  return true;
}

/// transpose(reshape(transpose(x))) to reshape(transpose(transpose(x))), which
/// is one transpose, where the other way is barred.
static bool sinkUnderTranspose(TransposeOp op, SymbolicShapes &shapes) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  if (!reshape || !reshape->hasOneUse() ||
      !reshape.getInput().getDefiningOp<TransposeOp>() ||
      !reshape.getInput().hasOneUse())
    return false;
  const Dims to = shapes.shape(reshape);
  auto blocks = reassociate(shapes.shape(reshape.getInput()), to);
  if (!blocks)
    return false;
  auto sorted = sortBlocks(*blocks, rankNonUnits(op.getPermutation(), to),
                           /*byTo=*/true);
  if (!sorted)
    return false;
  SmallVector<int64_t> permutation;
  for (const ReshapeBlock &block : *sorted)
    llvm::append_range(permutation, block.from);
  OpBuilder builder(op);
  Value transpose = TransposeOp::create(builder, op.getLoc(),
                                        reshape.getInput(), permutation);
  SmallVector<OpFoldResult> sizes = reshape.getMixedSizes();
  Value result =
      ReshapeOp::create(builder, op.getLoc(), transpose,
                        applyPermutation(sizes, op.getPermutation()));
  op.replaceAllUsesWith(castToResult(builder, op, result));
  return true;
}

/// Whether elementwise ops on `value` end in a contraction's group.
static bool followsContraction(Value value) {
  while (value.hasOneUse()) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<MatmulOp, ConvOp, ConvTransposeOp>(op))
      return true;
    if (!isa_and_nonnull<ElementwiseOpInterface>(op))
      return false;
    // The chain goes through the operand of the result's shape.
    Value next;
    for (Value operand : op->getOperands())
      if (operand.getType() == op->getResult(0).getType() &&
          !operand.getDefiningOp<ConstantOp>())
        next = next ? next : operand;
    if (!next)
      return false;
    value = next;
  }
  return false;
}

/// `other`, which broadcasts to the reshape's result, as it broadcasts to the
/// reshape's operand; null where a block of dimensions is there in part.
static Value reshapeOther(OpBuilder &builder, Value other, ReshapeOp reshape,
                          ArrayRef<ReshapeBlock> blocks,
                          SymbolicShapes &shapes) {
  const Dims to = shapes.shape(reshape), dims = shapes.shape(other);
  if (llvm::all_of(dims, isOne) && dims.empty())
    return other;
  if (dims.size() > to.size())
    return {};
  size_t missing = to.size() - dims.size();
  auto sizes = llvm::map_to_vector(
      shapes.shape(reshape.getInput()),
      [&](AffineExpr) -> OpFoldResult { return builder.getIndexAttr(1); });
  for (const ReshapeBlock &block : blocks) {
    bool whole = true, ones = true;
    for (size_t i : block.to) {
      bool one = i < missing || isOne(dims[i - missing]);
      ones &= one;
      whole &= one ? isOne(to[i]) : dims[i - missing] == to[i];
    }
    if (ones)
      continue;
    if (!whole)
      return {};
    for (int64_t i : block.from)
      sizes[i] = tensor::getMixedSize(builder, reshape.getLoc(),
                                      reshape.getInput(), i);
  }
  // Where it had fewer dimensions, ones in front say nothing.
  size_t front = 0;
  while (missing > 0 && front < sizes.size() &&
         isConstantIntValue(sizes[front], 1))
    ++front;
  return ReshapeOp::create(builder, reshape.getLoc(), other,
                           ArrayRef(sizes).drop_front(front));
}

/// f(reshape(x), y) to reshape(f(x, y')), where f can then join x's producer.
static bool sinkUnderElementwise(ElementwiseOpInterface op,
                                 SymbolicShapes &shapes) {
  ReshapeOp reshape;
  for (Value operand : op->getOperands()) {
    auto candidate = operand.getDefiningOp<ReshapeOp>();
    if (candidate && candidate->hasOneUse() &&
        followsContraction(candidate.getInput()) &&
        shapes.sameShape(candidate, op->getResult(0)))
      reshape = reshape ? reshape : candidate;
  }
  if (!reshape)
    return false;
  auto blocks =
      reassociate(shapes.shape(reshape.getInput()), shapes.shape(reshape));
  if (!blocks)
    return false;
  OpBuilder builder(op);
  IRMapping mapping;
  for (Value operand : op->getOperands()) {
    Value moved =
        operand == reshape.getResult()
            ? reshape.getInput()
            : reshapeOther(builder, operand, reshape, *blocks, shapes);
    if (!moved)
      return false;
    mapping.map(operand, moved);
  }
  Operation *clone = builder.clone(*op, mapping);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  clone->getResult(0).setType(
      type.clone(reshape.getInput().getType().getShape()));
  Value result = ReshapeOp::create(builder, op.getLoc(), clone->getResult(0),
                                   reshape.getMixedSizes());
  op->getResult(0).replaceAllUsesWith(castToResult(builder, op, result));
  return true;
}

bool rac::moveReshapes(func::FuncOp func) {
  SymbolicShapes shapes(func.getContext());
  // Ops found dead stay, so that no value's address is used twice while
  // `shapes` remembers it.
  SmallVector<Operation *> worklist;
  func.walk([&](Operation *op) {
    if (isa<ReshapeOp, TransposeOp, ElementwiseOpInterface>(op))
      worklist.push_back(op);
  });
  bool changed = false;
  for (Operation *op : worklist) {
    if (op->use_empty())
      continue;
    if (auto reshape = dyn_cast<ReshapeOp>(op))
      changed |= hoistOverTranspose(reshape, shapes);
    else if (auto transpose = dyn_cast<TransposeOp>(op))
      changed |= sinkUnderTranspose(transpose, shapes);
    else
      changed |= sinkUnderElementwise(cast<ElementwiseOpInterface>(op), shapes);
  }
  return changed;
}
