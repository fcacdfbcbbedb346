//===- ShapeContext.cpp - One shape function for three uses ---------------===//

#include "rac/Dialect/Rac/IR/ShapeContext.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/AffineMap.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;

AffineExpr ShapeContext::constant(int64_t value) {
  return getAffineConstantExpr(value, ctx);
}

AffineExpr ShapeContext::symbol(Value value, int64_t dim) {
  for (auto [i, known] : llvm::enumerate(symbols))
    if (known.value == value && known.dim == dim)
      return getAffineSymbolExpr(i, ctx);
  symbols.push_back({value, dim});
  return getAffineSymbolExpr(symbols.size() - 1, ctx);
}

AffineExpr ShapeContext::dim(Value value, int64_t dim) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(dim))
    return constant(type.getDimSize(dim));
  return symbol(value, dim);
}

Dims ShapeContext::dims(Value value) {
  Dims result;
  for (int64_t i : llvm::seq(cast<RankedTensorType>(value.getType()).getRank()))
    result.push_back(dim(value, i));
  return result;
}

AffineExpr ShapeContext::index(OpFoldResult value) {
  if (std::optional<int64_t> known = getConstantIntValue(value))
    return constant(*known);
  return symbol(cast<Value>(value), -1);
}

FailureOr<Dims> ShapeContext::indices(Operation *op, ValueRange dynamic,
                                      ArrayRef<int64_t> fixed) {
  if (llvm::count(fixed, ShapedType::kDynamic) !=
      static_cast<int64_t>(dynamic.size()))
    return op->emitOpError("has ")
           << dynamic.size() << " values for "
           << llvm::count(fixed, ShapedType::kDynamic) << " dynamic indices";
  Dims result;
  unsigned next = 0;
  for (int64_t size : fixed)
    result.push_back(ShapedType::isDynamic(size) ? index(dynamic[next++])
                                                 : constant(size));
  return result;
}

int64_t rac::staticDim(AffineExpr expr) {
  auto known = dyn_cast_or_null<AffineConstantExpr>(expr);
  return known ? known.getValue() : ShapedType::kDynamic;
}

FailureOr<SmallVector<SmallVector<int64_t>>>
rac::inferStaticShapes(Operation *op) {
  ShapeContext context(op->getContext());
  SmallVector<Dims> dims;
  if (failed(cast<ShapeOpInterface>(op).inferDims(context, dims)))
    return failure();
  SmallVector<SmallVector<int64_t>> shapes;
  for (const Dims &result : dims)
    shapes.push_back(llvm::map_to_vector(result, staticDim));
  return shapes;
}

AffineExpr rac::windowedDim(AffineExpr in, int64_t pads, int64_t window,
                            int64_t dilation, int64_t stride) {
  return (in + (pads - dilation * (window - 1) - 1)).floorDiv(stride) + 1;
}

/// Whether sizes in bytes of such a tensor, and of tiles of it, can be counted.
static bool isCountable(RankedTensorType type) {
  constexpr int64_t mostElements = int64_t(1) << 56;
  int64_t elements = 1;
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size) &&
        (llvm::MulOverflow(elements, std::max<int64_t>(1, size), elements) ||
         elements > mostElements))
      return false;
  return true;
}

LogicalResult rac::detail::verifyShapes(Operation *op) {
  FailureOr<SmallVector<SmallVector<int64_t>>> shapes = inferStaticShapes(op);
  if (failed(shapes))
    return failure();
  for (auto [result, shape] : llvm::zip_equal(op->getResults(), *shapes)) {
    auto type = cast<RankedTensorType>(result.getType());
    for (int64_t size : shape)
      if (!ShapedType::isDynamic(size) && size < 0)
        return op->emitOpError("result dimension would be negative (")
               << size << ")";
    if (failed(verifyCompatibleShape(type.getShape(), shape)))
      return op->emitOpError("result type ")
             << type << " doesn't fit the inferred shape "
             << RankedTensorType::get(shape, type.getElementType());
    if (!isCountable(type))
      return op->emitOpError("result type ")
             << type << " has more than 2^56 elements";
  }
  return success();
}

LogicalResult
rac::detail::reifyResultShapes(Operation *op, OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  ShapeContext context(op->getContext());
  SmallVector<Dims> dims;
  if (failed(cast<ShapeOpInterface>(op).inferDims(context, dims)))
    return failure();
  // A dimension that only the run can tell can't be reified before it.
  for (const Dims &result : dims)
    if (llvm::is_contained(result, AffineExpr()))
      return failure();
  SmallVector<OpFoldResult> operands;
  for (const ShapeContext::Symbol &symbol : context.getSymbols())
    operands.push_back(symbol.dim < 0
                           ? OpFoldResult(symbol.value)
                           : tensor::getMixedSize(builder, op->getLoc(),
                                                  symbol.value, symbol.dim));
  for (auto [result, exprs] : llvm::zip_equal(op->getResults(), dims)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<OpFoldResult> &sizes = shapes.emplace_back();
    for (auto [i, expr] : llvm::enumerate(exprs)) {
      if (!type.isDynamicDim(i)) {
        sizes.push_back(builder.getIndexAttr(type.getDimSize(i)));
        continue;
      }
      OpFoldResult size = affine::makeComposedFoldedAffineApply(
          builder, op->getLoc(),
          AffineMap::get(0, context.getSymbols().size(), expr), operands);
      sizes.push_back(
          getValueOrCreateConstantIndexOp(builder, op->getLoc(), size));
    }
  }
  return success();
}

FailureOr<Dims> rac::detail::broadcastDims(ArrayRef<Dims> shapes) {
  size_t rank = 0;
  for (const Dims &shape : shapes)
    rank = std::max(rank, shape.size());
  Dims result;
  for (size_t i = 0; i < rank; ++i) {
    AffineExpr size;
    for (const Dims &shape : shapes) {
      if (i + shape.size() < rank)
        continue;
      AffineExpr other = shape[i + shape.size() - rank];
      bool otherStatic = isa<AffineConstantExpr>(other);
      if (!size || staticDim(size) == 1)
        size = other;
      else if (otherStatic && !isa<AffineConstantExpr>(size)) {
        if (staticDim(other) != 1)
          size = other;
      } else if (otherStatic && staticDim(other) != 1 && other != size)
        return failure();
    }
    result.push_back(size);
  }
  return result;
}

bool rac::detail::broadcastsTo(const Dims &shape, const Dims &target) {
  if (shape.size() > target.size())
    return false;
  return llvm::all_of(
      llvm::zip_equal(shape, ArrayRef(target).take_back(shape.size())),
      [](auto sizes) {
        int64_t from = staticDim(std::get<0>(sizes));
        int64_t to = staticDim(std::get<1>(sizes));
        return from == 1 || from == to || ShapedType::isDynamic(from) ||
               ShapedType::isDynamic(to);
      });
}

LogicalResult rac::detail::inferBroadcastDims(Operation *op,
                                              ShapeContext &shapes,
                                              SmallVectorImpl<Dims> &results) {
  SmallVector<Dims> operands;
  for (Value operand : op->getOperands())
    operands.push_back(shapes.dims(operand));
  FailureOr<Dims> dims = broadcastDims(operands);
  if (failed(dims))
    return op->emitOpError("operands don't broadcast to one shape");
  results.push_back(*dims);
  return success();
}
