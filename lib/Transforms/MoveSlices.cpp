//===- MoveSlices.cpp - Slices where they copy least ----------------------===//
//
// Models compute query, key and value in one product and cut it in three.
// Cutting the weights instead, at compile time, copies nothing.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "MoveReshapes.h"
#include "Reassociation.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rac/Dialect/Rac/IR/OpUtils.h"

using namespace mlir;
using namespace rac;

static bool allUsersSlice(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    auto slice = dyn_cast<SliceOp>(user);
    return slice && llvm::all_of(slice.getSteps(),
                                 [](int64_t step) { return step == 1; });
  });
}

/// slice(transpose(x)) to transpose(slice(x)).
static bool hoistOverTranspose(SliceOp op) {
  auto transpose = op.getInput().getDefiningOp<TransposeOp>();
  if (!transpose || !allUsersSlice(transpose))
    return false;
  SmallVector<int64_t> back =
      invertPermutationVector(transpose.getPermutation());
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets(),
                            sizes = op.getMixedSizes();
  OpBuilder builder(op);
  Value slice = SliceOp::create(builder, op.getLoc(), transpose.getInput(),
                                applyPermutation(offsets, back),
                                applyPermutation(sizes, back),
                                applyPermutation(op.getSteps(), back));
  Value result = TransposeOp::create(builder, op.getLoc(), op.getType(), slice,
                                     transpose.getPermutationAttr());
  op.replaceAllUsesWith(result);
  return true;
}

/// Whether the slice takes all of a dimension.
static bool isWholeAlong(SliceOp op, unsigned dim, SymbolicShapes &shapes) {
  return isConstantIntValue(op.getMixedOffsets()[dim], 0) &&
         shapes.index(op.getMixedSizes()[dim]) ==
             shapes.shape(op.getInput())[dim];
}

/// The dimension in which a slice takes less than all; nothing if there are
/// several or the others can't be told.
static std::optional<int64_t> slicedDim(SliceOp op, SymbolicShapes &shapes) {
  std::optional<int64_t> found;
  for (int64_t dim : llvm::seq(op.getType().getRank())) {
    if (isWholeAlong(op, dim, shapes))
      continue;
    if (found)
      return std::nullopt;
    found = dim;
  }
  return found;
}

/// slice(reshape(x)) to reshape(slice(x)), where the slice is of the outermost
/// of the dimensions that one dimension of x was split into.
static bool hoistOverReshape(SliceOp op, SymbolicShapes &shapes) {
  auto reshape = op.getInput().getDefiningOp<ReshapeOp>();
  if (!reshape || !allUsersSlice(reshape))
    return false;
  std::optional<int64_t> dim = slicedDim(op, shapes);
  const Dims from = shapes.shape(reshape.getInput()),
             to = shapes.shape(reshape);
  auto blocks = reassociate(from, to);
  if (!dim || !blocks || ShapedType::isDynamic(op.getStaticOffsets()[*dim]) ||
      ShapedType::isDynamic(op.getStaticSizes()[*dim]))
    return false;
  auto block = llvm::find_if(*blocks, [&](const ReshapeBlock &block) {
    return llvm::is_contained(block.to, *dim);
  });
  if (block->from.size() != 1)
    return false;
  // Elements of x for each step along the sliced dimension.
  int64_t inner = 1;
  for (int64_t i : block->to) {
    if (i < *dim && !isOne(to[i]))
      return false;
    int64_t size = staticDim(to[i]);
    if (i > *dim) {
      if (ShapedType::isDynamic(size))
        return false;
      inner *= size;
    }
  }
  OpBuilder builder(op);
  SmallVector<OpFoldResult> offsets(from.size(), builder.getIndexAttr(0));
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(builder, op.getLoc(), reshape.getInput());
  offsets[block->from[0]] =
      builder.getIndexAttr(op.getStaticOffsets()[*dim] * inner);
  sizes[block->from[0]] =
      builder.getIndexAttr(op.getStaticSizes()[*dim] * inner);
  SmallVector<int64_t> steps(from.size(), 1);
  Value slice = SliceOp::create(builder, op.getLoc(), reshape.getInput(),
                                offsets, sizes, steps);
  Value result =
      ReshapeOp::create(builder, op.getLoc(), slice, op.getMixedSizes());
  op.replaceAllUsesWith(castToResult(builder, op, result));
  return true;
}

/// slice(concat(x, y)) to concat(slice(x), slice(y)), where it cuts across the
/// parts. These are slices themselves, of which slices are views: of rolls
/// along several dimensions one is left that moves elements.
static bool hoistOverConcat(SliceOp op, SymbolicShapes &shapes) {
  auto concat = op.getInput().getDefiningOp<ConcatOp>();
  if (!concat)
    return false;
  unsigned axis = concat.getAxis();
  auto isAcross = [&](Operation *user) {
    auto slice = dyn_cast<SliceOp>(user);
    return slice && slice.getSteps()[axis] == 1 &&
           isWholeAlong(slice, axis, shapes);
  };
  if (!llvm::all_of(concat->getUsers(), isAcross) ||
      !llvm::all_of(concat.getInputs(),
                    [](Value part) { return part.getDefiningOp<SliceOp>(); }))
    return false;
  OpBuilder builder(op);
  SmallVector<Value> parts;
  for (Value part : concat.getInputs()) {
    SmallVector<OpFoldResult> sizes = op.getMixedSizes();
    sizes[axis] = tensor::getMixedSize(builder, op.getLoc(), part, axis);
    parts.push_back(SliceOp::create(builder, op.getLoc(), part,
                                    op.getMixedOffsets(), sizes,
                                    op.getSteps()));
  }
  Value result = ConcatOp::create(builder, op.getLoc(), op.getType(), parts,
                                  concat.getAxisAttr());
  op.replaceAllUsesWith(result);
  return true;
}

/// Columns [offset, offset + count) of a constant, copied.
static Value cutColumns(OpBuilder &builder, Value constant, int64_t offset,
                        int64_t count) {
  auto type = cast<RankedTensorType>(constant.getType());
  ConstantBytes data = *getConstantBytes(constant);
  int64_t width = type.getElementTypeBitWidth() / 8;
  int64_t columns = type.getShape().back();
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = count;
  return makeConstant(
      builder, constant.getLoc(), type.clone(shape),
      [&](MutableArrayRef<char> bytes) {
        int64_t row = count * width;
        for (int64_t i = 0; i * row < (int64_t)bytes.size(); ++i)
          if (data.isSplat)
            for (int64_t c = 0; c < count; ++c)
              memcpy(&bytes[i * row + c * width], data.bytes.data(), width);
          else
            memcpy(&bytes[i * row], &data.bytes[(i * columns + offset) * width],
                   row);
      });
}

static bool isColumnConstant(Value value, int64_t columns) {
  auto type = cast<RankedTensorType>(value.getType());
  return getConstantBytes(value) && type.getRank() > 0 &&
         type.getShape().back() == columns;
}

/// All slices of x W + b along the columns: products with parts of W.
static bool splitMatmul(MatmulOp op, SymbolicShapes &shapes) {
  int64_t columns = op.getType().getShape().back();
  if (ShapedType::isDynamic(columns) || !isColumnConstant(op.getRhs(), columns))
    return false;
  Value value = op.getResult(), bias;
  if (value.hasOneUse())
    if (auto add = dyn_cast<AddOp>(*value.user_begin())) {
      bias = add.getLhs() == value ? add.getRhs() : add.getLhs();
      if (!isColumnConstant(bias, columns) || add.getType() != op.getType())
        return false;
      value = add.getResult();
    }
  if (value.use_empty() || value.hasOneUse() || !allUsersSlice(value))
    return false;
  int64_t last = op.getType().getRank() - 1, total = 0;
  SmallVector<SliceOp> slices;
  for (Operation *user : value.getUsers()) {
    auto slice = cast<SliceOp>(user);
    int64_t size = slice.getStaticSizes()[last];
    if (slicedDim(slice, shapes) != last || ShapedType::isDynamic(size) ||
        ShapedType::isDynamic(slice.getStaticOffsets()[last]))
      return false;
    total += size;
    slices.push_back(slice);
  }
  // Columns that several slices take would be computed several times.
  if (total > columns)
    return false;
  for (SliceOp slice : slices) {
    OpBuilder builder(op);
    int64_t offset = slice.getStaticOffsets()[last];
    int64_t count = slice.getStaticSizes()[last];
    SmallVector<int64_t> shape(op.getType().getShape());
    shape[last] = count;
    Type type = op.getType().clone(shape);
    Value part =
        MatmulOp::create(builder, op.getLoc(), type, op.getLhs(),
                         cutColumns(builder, op.getRhs(), offset, count));
    if (bias)
      part = AddOp::create(builder, op.getLoc(), type, part,
                           cutColumns(builder, bias, offset, count));
    slice.replaceAllUsesWith(castToResult(builder, slice, part));
  }
  return true;
}

bool rac::moveSlices(func::FuncOp func) {
  SymbolicShapes shapes(func.getContext());
  SmallVector<SliceOp> slices;
  SmallVector<MatmulOp> products;
  func.walk([&](SliceOp op) { slices.push_back(op); });
  func.walk([&](MatmulOp op) { products.push_back(op); });
  bool changed = false;
  for (SliceOp op : slices)
    if (!op->use_empty())
      changed |= hoistOverTranspose(op) || hoistOverReshape(op, shapes) ||
                 hoistOverConcat(op, shapes);
  if (!changed)
    for (MatmulOp op : products)
      changed |= splitMatmul(op, shapes);
  return changed;
}
