//===- InPlace.cpp - Copies that cost nothing -----------------------------===//

#include "rac/Cost/InPlace.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include <numeric>

using namespace mlir;
using namespace rac;

int64_t rac::partAlignment(const Device &device) {
  return device.kind == DeviceKind::gpu ? kGpuAccessBytes : 1;
}

bool rac::isView(Operation *op) { return isa<ReshapeOp, tensor::CastOp>(op); }

Value rac::viewed(Value value) {
  while (value.getDefiningOp() && isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

/// The op of a group of one, or the op itself.
static Operation *onlyOp(Operation *op) {
  auto group = dyn_cast<GroupOp>(op);
  if (!group)
    return op;
  Block *body = group.getBodyBlock();
  return body->getOperations().size() == 2 ? &body->front() : nullptr;
}

/// The concatenation that is all that the ops do in the end, of slices perhaps.
template <typename Range> static ConcatOp onlyConcatOf(Range &&ops) {
  ConcatOp only;
  for (Operation *op : ops) {
    if (only || !isa<ConcatOp, SliceOp>(op))
      return {};
    only = dyn_cast<ConcatOp>(op);
  }
  return only;
}

/// The concatenation that is all that `op` does, of slices perhaps.
static ConcatOp onlyConcat(Operation *op) {
  auto group = dyn_cast<GroupOp>(op);
  ConcatOp concat = group ? onlyConcatOf(llvm::make_pointer_range(
                                group.getBodyBlock()->without_terminator()))
                          : dyn_cast<ConcatOp>(op);
  // One that isn't in a group yet is, unless others can take it in.
  bool alone = isa<GroupOp>(op) || llvm::all_of(op->getUsers(), [](auto *user) {
                 return user->template hasTrait<OpTrait::IsTerminator>();
               });
  return alone ? concat : ConcatOp();
}

/// Whether a part of a tensor is known to begin at a multiple of `alignment` B:
/// offsets and sizes that aren't known may be any.
static bool startsAtMultiple(RankedTensorType type, ArrayRef<int64_t> offsets,
                             int64_t alignment) {
  auto orAny = [](int64_t x) { return ShapedType::isDynamic(x) ? 1 : x; };
  int64_t divisor = 0;
  for (auto [offset, size] : llvm::zip_equal(offsets, type.getShape()))
    divisor = std::gcd(divisor * orAny(size), orAny(offset));
  int64_t bytes = std::max(1u, type.getElementTypeBitWidth() / 8);
  return divisor * bytes % alignment == 0;
}

bool rac::isPartOfInput(Operation *op, int64_t alignment) {
  auto slice = dyn_cast_or_null<SliceOp>(onlyOp(op));
  if (!slice ||
      llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
    return false;
  auto argument = dyn_cast<BlockArgument>(viewed(op->getOperand(0)));
  if (!argument ||
      !isa<FunctionOpInterface>(argument.getOwner()->getParentOp()))
    return false;
  auto of = cast<RankedTensorType>(op->getOperand(0).getType()).getShape(),
       part = cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  // Before the last dimension that is cut, there is one of each.
  size_t cut = of.size();
  while (cut > 0 && of[cut - 1] == part[cut - 1] &&
         !ShapedType::isDynamic(of[cut - 1]))
    --cut;
  return llvm::all_of(part.take_front(cut > 0 ? cut - 1 : 0),
                      [](int64_t size) { return size == 1; }) &&
         startsAtMultiple(cast<RankedTensorType>(op->getOperand(0).getType()),
                          slice.getStaticOffsets(), alignment);
}

bool rac::joinsInPlace(Operation *op) {
  ConcatOp concat = onlyConcat(op);
  if (!concat)
    return false;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return llvm::all_of(type.getShape().take_front(concat.getAxis()),
                      [](int64_t size) { return size == 1; });
}

/// Whether a part of what a concatenation puts together begins at such a place.
static bool startsAtMultiple(OpOperand &part, int64_t alignment) {
  auto concat = cast<ConcatOp>(part.getOwner());
  auto type = cast<RankedTensorType>(concat.getResult().getType());
  SmallVector<int64_t> offsets(type.getRank(), 0);
  int64_t &offset = offsets[concat.getAxis()];
  for (Value before : concat.getInputs().take_front(part.getOperandNumber())) {
    int64_t size =
        cast<RankedTensorType>(before.getType()).getDimSize(concat.getAxis());
    offset = ShapedType::isDynamic(size) || ShapedType::isDynamic(offset)
                 ? ShapedType::kDynamic
                 : offset + size;
  }
  return startsAtMultiple(type, offsets, alignment);
}

bool rac::joinsInPlace(OpOperand &part, int64_t alignment) {
  if (!joinsInPlace(part.getOwner()))
    return false;
  auto group = dyn_cast<GroupOp>(part.getOwner());
  if (!group)
    return startsAtMultiple(part, alignment);
  BlockArgument inside =
      group.getBodyBlock()->getArgument(part.getOperandNumber());
  // Parts of it are copied.
  return llvm::all_of(inside.getUses(), [&](OpOperand &use) {
    return isa<ConcatOp>(use.getOwner()) && startsAtMultiple(use, alignment);
  });
}

/// Whether the operand is written where it belongs: what nobody computes is
/// copied.
static bool isWrittenInPlace(OpOperand &part, int64_t alignment) {
  return joinsInPlace(part, alignment) && viewed(part.get()).getDefiningOp() &&
         !isConstant(part.get());
}

bool rac::isInPlace(Operation *op, int64_t alignment) {
  if (isPartOfInput(op, alignment))
    return true;
  return joinsInPlace(op) &&
         llvm::all_of(op->getOpOperands(), [&](OpOperand &part) {
           return isWrittenInPlace(part, alignment);
         });
}

llvm::SmallBitVector rac::nestsInPlace(const Candidate &candidate, size_t nests,
                                       int64_t alignment) {
  llvm::SmallBitVector inPlace(nests);
  if (candidate.ops.empty())
    return inPlace;
  ConcatOp concat = onlyConcatOf(candidate.ops);
  Operation *whole = concat ? concat.getOperation() : candidate.ops.front();
  auto group = dyn_cast_or_null<GroupOp>(whole->getParentOp());
  if (group)
    whole = group;
  if (candidate.ops.size() == 1 && isPartOfInput(whole, alignment))
    return inPlace.set();
  // Slices have a nest each, too.
  size_t parts = concat ? concat.getInputs().size() : 0,
         slices = candidate.ops.size() - 1;
  if (!concat || !joinsInPlace(whole) || nests != slices + parts)
    return inPlace;
  for (auto [i, part] : llvm::enumerate(concat->getOpOperands())) {
    if (llvm::is_contained(candidate.ops, part.get().getDefiningOp()))
      continue;
    auto argument = dyn_cast<BlockArgument>(part.get());
    OpOperand &outside =
        group && argument ? group->getOpOperand(argument.getArgNumber()) : part;
    inPlace[slices + i] = isWrittenInPlace(outside, alignment);
  }
  return inPlace;
}
