//===- LibraryGroups.cpp - Contractions and what a library does in passing ===//

#include "Cluster.h"
#include "Constants.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Transforms/Groups.h"

using namespace mlir;
using namespace rac;

/// Activations that the library applies to its result.
static bool isActivation(Operation *op) {
  if (auto clip = dyn_cast<ClipOp>(op))
    return getSplat(clip.getLow()) && getSplat(clip.getHigh());
  return isa<ReluOp, LeakyReluOp, EluOp, TanhOp, SigmoidOp, GeluOp, GeluTanhOp,
             SiluOp, HardSwishOp, HardSigmoidOp, SoftplusOp, AbsOp, SqrtOp,
             ExpOp>(op);
}

/// Whether the library can read `other` beside a result of shape `shape`:
/// whole, one number, or one for each element of the last dimension.
static bool fitsBinary(ArrayRef<AffineExpr> other, ArrayRef<AffineExpr> shape) {
  if (other.size() > shape.size())
    return false;
  if (other == shape)
    return true;
  for (AffineExpr size : other.empty() ? other : other.drop_back())
    if (staticDim(size) != 1)
      return false;
  return other.empty() || staticDim(other.back()) == 1 ||
         other.back() == shape.back();
}

/// What the library multiplies: floats, or bytes with signed constants.
static bool isLibraryType(Operation *anchor) {
  Type lhs = getElementTypeOrSelf(anchor->getOperand(0)),
       rhs = getElementTypeOrSelf(anchor->getOperand(1)),
       result = getElementTypeOrSelf(anchor->getResult(0));
  if (lhs.isF32())
    return result.isF32();
  return lhs.isInteger(8) && rhs.isSignlessInteger(8) && result.isInteger(32);
}

/// Sums of bytes become floats first, and steps last.
static bool changesType(Operation *next, Value value) {
  if (auto cast = dyn_cast<CastOp>(next))
    return isa<MatmulOp, ConvOp>(value.getDefiningOp()) &&
           getElementTypeOrSelf(value).isInteger(32) &&
           cast.getType().getElementType().isF32();
  return isa<QuantizeOp>(next);
}

bool ClusterFinder::joinsChain(const Cluster &cluster, Value value,
                               Operation *next) {
  if (next->getBlock() != &block || next->getNumResults() != 1)
    return false;
  if (changesType(next, value))
    return true;
  if (getElementTypeOrSelf(next->getResult(0)) != getElementTypeOrSelf(value) ||
      !getElementTypeOrSelf(value).isF32())
    return false;
  if (auto transpose = dyn_cast<TransposeOp>(next)) {
    // The library writes rows or columns of the product, not elements.
    int64_t rank = transpose.getType().getRank();
    int64_t last = transpose.getPermutation().back();
    return isa<MatmulOp>(cluster.main) && last >= rank - 2;
  }
  if (!shapes.sameShape(value, next->getResult(0)))
    return false;
  if (isActivation(next))
    return next->getOperand(0) == value;
  if (!isa<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp>(next))
    return false;
  bool first = next->getOperand(0) == value;
  if (!first && isa<SubOp, DivOp>(next))
    return false;
  return fitsBinary(shapes.shape(next->getOperand(first ? 1 : 0)),
                    shapes.shape(value));
}

/// Transposes before a matrix product become strides of the library's operands.
Cluster ClusterFinder::withOperandTransposes(Cluster cluster) {
  auto matmul = dyn_cast<MatmulOp>(cluster.main);
  if (!matmul)
    return cluster;
  for (Value operand : matmul->getOperands()) {
    auto transpose = operand.getDefiningOp<TransposeOp>();
    if (!transpose || cluster.contains(transpose) ||
        transpose->getBlock() != &block)
      continue;
    // One of the two matrix dimensions must be dense.
    int64_t rank = transpose.getType().getRank();
    ArrayRef<int64_t> order = transpose.getPermutation();
    if (!llvm::is_contained(order.take_back(2), rank - 1))
      continue;
    if (!llvm::all_of(transpose->getUsers(), llvm::IsaPred<MatmulOp>))
      continue;
    cluster.add(transpose);
  }
  return cluster;
}

/// oneDNN's tensors have at most 12 dimensions (DNNL_MAX_NDIMS).
static bool isLibraryRank(Operation *anchor) {
  constexpr int64_t highest = 12;
  return llvm::all_of(anchor->getOperandTypes(), [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return !tensor || tensor.getRank() <= highest;
  });
}

void ClusterFinder::findLibrary(Operation *anchor) {
  if (!isLibraryType(anchor) || !isLibraryRank(anchor))
    return;
  Cluster cluster = Cluster::of(anchor);
  cluster.kind = KernelKind::library;
  // oneDNN takes 32 post-ops.
  constexpr size_t longest = 32;
  Value value = anchor->getResult(0);
  while (true) {
    add(withOperandTransposes(cluster));
    add(cluster);
    if (!value.hasOneUse() || cluster.ops.size() == longest)
      return;
    Operation *next = *value.user_begin();
    if (isa<TransposeOp>(cluster.root()) || !joinsChain(cluster, value, next))
      return;
    cluster.add(next);
    value = next->getResult(0);
  }
}

bool rac::libraryCanCompute(GroupOp group) {
  SymbolicShapes shapes(group.getContext());
  SmallVector<Operation *> ops;
  for (Operation &op : group.getBodyBlock()->without_terminator())
    if (!op.hasTrait<OpTrait::ConstantLike>())
      ops.push_back(&op);
  return llvm::any_of(
      ClusterFinder(*group.getBodyBlock(), shapes, GroupForms()).find(),
      [&](const Cluster &cluster) {
        return cluster.kind == KernelKind::library && cluster.ops == ops;
      });
}
