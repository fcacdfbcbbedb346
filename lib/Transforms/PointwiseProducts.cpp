//===- PointwiseProducts.cpp - Products as windows of one pixel -----------===//

#include "PointwiseProducts.h"
#include "Constants.h"
#include "NarrowConstants.h"
#include "Storage.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace rac;

/// The product of a group that multiplies once, with an operand and constant
/// weights as they come into the group.
static MatmulOp findProduct(GroupOp group) {
  MatmulOp found;
  for (Operation &op : *group.getBodyBlock()) {
    if (isa<TransposeOp>(op))
      return {};
    auto matmul = dyn_cast<MatmulOp>(op);
    if (!matmul)
      continue;
    if (found)
      return {};
    found = matmul;
  }
  return found && isa<BlockArgument>(found.getLhs()) &&
                 isa<BlockArgument>(found.getRhs())
             ? found
             : MatmulOp();
}

/// A matrix of terms x columns as filters of one pixel, columns x terms x 1 ...
static Value asFilter(OpBuilder &builder, Value matrix, int64_t spatial) {
  auto constant = matrix.getDefiningOp<ConstantOp>();
  auto data = constant ? getConstantBytes(constant) : std::nullopt;
  auto type = dyn_cast<RankedTensorType>(matrix.getType());
  if (!data || data->isSplat || type.getRank() != 2)
    return {};
  int64_t terms = type.getDimSize(0), columns = type.getDimSize(1);
  SmallVector<int64_t> shape(2 + spatial, 1);
  shape[0] = columns;
  shape[1] = terms;
  const char *from = data->bytes.data();
  return makeConstant(builder, constant.getLoc(),
                      RankedTensorType::get(shape, type.getElementType()),
                      [&](MutableArrayRef<char> to) {
                        constexpr int64_t kBytes = 2;
                        for (int64_t column : llvm::seq(columns))
                          for (int64_t term : llvm::seq(terms))
                            memcpy(&to[(column * terms + term) * kBytes],
                                   from + (term * columns + column) * kBytes,
                                   kBytes);
                      });
}

bool rac::makePointwise(GroupOp group) {
  // Of 16 bits, in a row of a tile: 64 B (AMX).
  constexpr int64_t kTileTerms = 32;
  PlanAttr plan = group.getPlanAttr();
  if (!plan || plan.getKind() != KernelKind::library)
    return false;
  MatmulOp matmul = findProduct(group);
  if (!matmul || !isHalf(getElementTypeOrSelf(matmul.getLhs())))
    return false;
  auto type = cast<RankedTensorType>(matmul.getLhs().getType());
  int64_t terms = type.getShape().back(), spatial = type.getRank() - 2;
  constexpr int64_t kMostSpatial = 3; // of oneDNN
  if (ShapedType::isDynamic(terms) || terms % kTileTerms == 0 || spatial < 1 ||
      spatial > kMostSpatial || matmul.getType().getRank() != type.getRank())
    return false;
  unsigned number = cast<BlockArgument>(matmul.getRhs()).getArgNumber();
  OpBuilder outer(group);
  Value filter = asFilter(outer, group.getInputs()[number], spatial);
  if (!filter)
    return false;
  Location loc = matmul.getLoc();
  group.getInputsMutable().append(filter);
  Value inside = group.getBodyBlock()->addArgument(filter.getType(), loc);
  OpBuilder builder(matmul);
  SmallVector<int64_t> ones(spatial, 1), zeros(spatial, 0);
  Value result = ConvOp::create(builder, loc, matmul.getType(), matmul.getLhs(),
                                inside, ones, ones, zeros, zeros, /*groups=*/1);
  matmul.replaceAllUsesWith(result);
  matmul.erase();
  return true;
}
