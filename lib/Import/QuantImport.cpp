//===- QuantImport.cpp - Quantised tensors --------------------------------===//

#include "ConvImport.h"
#include "MatmulImport.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// Gives a scale or zero point the shape that broadcasts to `x`: a scalar, a
/// vector along `axis`, or blocks along it that repeat.
static Value spread(NodeImporter &n, Value parameter, Value x, int64_t axis,
                    int64_t block) {
  TensorBuilder &tb = n.tb;
  if (!parameter || !x)
    return {};
  int64_t rank = tb.rank(parameter);
  if (rank == 0 || (rank == 1 && tb.constantOf(tb.dim(parameter, 0)) == 1))
    return tb.reshape(parameter, {});
  if (block > 0) {
    if (rank != tb.rank(x))
      return tb.fail("blocked scales must have its input's rank");
    Exprs dims = tb.dims(parameter), repeated = dims, merged = dims;
    dims.insert(dims.begin() + axis + 1, tb.constant(1));
    repeated.insert(repeated.begin() + axis + 1, tb.constant(block));
    merged[axis] = tb.mul(merged[axis], tb.constant(block));
    Value whole =
        tb.reshape(tb.expand(tb.reshape(parameter, dims), repeated), merged);
    // The last block may stick out.
    return tb.sliceAxis(whole, axis, tb.constant(0), tb.dim(x, axis));
  }
  if (rank != 1)
    return tb.fail("a scale must be a scalar or a vector");
  Exprs shape(tb.rank(x) - axis, tb.constant(1));
  shape[0] = tb.dim(parameter, 0);
  return tb.reshape(parameter, shape);
}

static bool isZero(NodeImporter &n, size_t i) {
  if (!n.hasInput(i))
    return true;
  auto known = n.constFloats(i);
  return known && llvm::all_of(*known, [](double v) { return v == 0; });
}

/// The range of an integer type, as floats.
static std::pair<double, double> rangeOf(Type type) {
  unsigned width = type.getIntOrFloatBitWidth();
  if (type.isUnsignedInteger())
    return {0, std::ldexp(1.0, width) - 1};
  return {-std::ldexp(1.0, width - 1), std::ldexp(1.0, width - 1) - 1};
}

/// round(x / scale) + zero, held in the range of `type`.
static Value quantize(TensorBuilder &tb, Value x, Value scale, Value zero,
                      Type type) {
  Value y = tb.unary<rac::RoundOp>(tb.div(x, scale));
  if (zero)
    y = tb.add(y, tb.cast(zero, tb.element(y)));
  auto [low, high] = rangeOf(type);
  Type wide = tb.element(y);
  return tb.cast(tb.clip(y, tb.scalar(low, wide), tb.scalar(high, wide)), type);
}

/// The steps that inputs 1, the scale, and 2, the zero point, make of 8-bit
/// integers `type`, where both are constant and one for the whole tensor; null
/// if they aren't.
static quant::UniformQuantizedType stepsOf(NodeImporter &n, Type type) {
  auto scale = n.constFloats(1);
  std::vector<double> zero = {0};
  if (n.hasInput(2)) {
    auto known = n.constFloats(2);
    if (!known)
      return {};
    zero = *known;
  }
  if (!scale || scale->size() != 1 || zero.size() != 1 || !type.isInteger(8) ||
      !(scale->front() > 0) || !std::isfinite(scale->front()))
    return {};
  bool isSigned = !type.isUnsignedInteger();
  auto [low, high] = rangeOf(type);
  if (zero.front() < low || zero.front() > high)
    return {};
  OpBuilder &b = n.tb.b;
  return quant::UniformQuantizedType::getChecked(
      [&] { return mlir::emitError(n.tb.loc); },
      isSigned ? quant::QuantizationFlags::Signed : 0, b.getI8Type(),
      b.getF32Type(), scale->front(), zero.front(), low, high);
}

static LogicalResult importQuantize(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0);
  if (!x)
    return n.result(x);
  Type type = tb.b.getIntegerType(8, /*isSigned=*/false);
  if (n.hasInput(2)) {
    type = n.elementType(2);
    if (!type) {
      Value zero = n.input(2);
      return zero ? n.fail("its zero point has no type")
                  : n.unsupported(tb.failure);
    }
  } else if (n.intAttr("output_dtype", 0) != 0) {
    auto given = n.typeAttr("output_dtype", ElementType::UInt8);
    if (!given)
      return n.unsupported(tb.failure);
    type = *given;
  }
  if (!isa<IntegerType>(type))
    return n.fail("it must quantize to integers");
  auto axis = n.axis(n.intAttr("axis", 1), std::max<int64_t>(tb.rank(x), 2));
  if (!axis)
    return n.result(Value());
  *axis = std::min<int64_t>(*axis, tb.rank(x) - 1);
  int64_t block = n.intAttr("block_size", 0);
  if (auto steps = stepsOf(n, type); steps && block == 0 &&
                                     tb.element(x).isF32() &&
                                     n.elementType(1) == tb.b.getF32Type())
    return n.result(tb.finish(rac::QuantizeOp::create(
        tb.b, tb.loc, TensorBuilder::shapeless(type), x, steps)));
  // Computed as the scale's type, which is a float's whatever the input's.
  Value scale = n.input(1);
  if (!scale || !isa<FloatType>(tb.element(scale)))
    return n.fail("its scale must be a float");
  Type wide = tb.b.getF32Type();
  Value zero;
  if (!isZero(n, 2) && !(zero = spread(n, n.input(2), x, *axis, block)))
    return n.result(Value());
  scale = spread(n, tb.cast(scale, wide), x, *axis, block);
  return n.result(quantize(tb, tb.cast(x, wide), scale, zero, type));
}

/// Constant weights in signed bytes around zero stay such, with their scales;
/// null if they aren't that.
static Value narrowWeights(NodeImporter &n, Value x, int64_t axis,
                           int64_t block) {
  TensorBuilder &tb = n.tb;
  RankedTensorType type = TensorBuilder::type(x);
  if (!x.getDefiningOp<rac::ConstantOp>() || !type.hasStaticShape() ||
      type.getRank() < 2 || type.getNumElements() == 0 ||
      !type.getElementType().isSignlessInteger(8) || !isZero(n, 2))
    return {};
  Value scales;
  SmallVector<int64_t> blocks(type.getShape());
  if (block > 0) {
    scales = n.input(1);
    blocks.assign(type.getRank(), 1);
    blocks[axis] = block;
    if (!scales || !scales.getDefiningOp<rac::ConstantOp>() ||
        tb.rank(scales) != type.getRank())
      return {};
  } else if (auto values = n.constFloats(1)) {
    SmallVector<int64_t> shape(type.getRank(), 1);
    if (values->size() != 1) {
      if (static_cast<int64_t>(values->size()) != type.getDimSize(axis))
        return {};
      shape[axis] = values->size();
      blocks[axis] = 1;
    }
    scales = tb.floats(*values, shape, tb.b.getF32Type());
  }
  if (!scales || !tb.element(scales).isF32())
    return {};
  return tb.finish(rac::DequantizeWeightsOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.b.getF32Type()), x, scales,
      Value(), tb.b.getDenseI64ArrayAttr(blocks), UnitAttr(), IntegerAttr()));
}

static LogicalResult importDequantize(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value x = n.input(0), scale = n.input(1);
  if (!x)
    return n.unsupported(tb.failure);
  if (!scale)
    return n.result(Value());
  Type type = tb.element(scale);
  if (!isa<FloatType>(type) || !isa<IntegerType>(tb.element(x)))
    return n.fail("it must dequantize integers to floats");
  auto axis = n.axis(n.intAttr("axis", 1), std::max<int64_t>(tb.rank(x), 2));
  if (!axis)
    return n.result(Value());
  *axis = std::min<int64_t>(*axis, tb.rank(x) - 1);
  int64_t block = n.intAttr("block_size", 0);
  if (type.isF32() && n.intAttr("output_dtype", 0) == 0) {
    if (Value weights = narrowWeights(n, x, *axis, block))
      return n.result(weights);
    if (auto steps = stepsOf(n, tb.element(x)); steps && block == 0)
      return n.result(tb.finish(rac::DequantizeOp::create(
          tb.b, tb.loc, TensorBuilder::shapeless(type), x, steps)));
  }
  Value y;
  if (isZero(n, 2)) {
    y = tb.cast(x, tb.b.getF32Type());
  } else {
    Type i32 = tb.b.getI32Type();
    Value zero = spread(n, n.input(2), x, *axis, block);
    y = tb.sub(tb.cast(x, i32), tb.cast(zero, i32));
  }
  Type wide = tb.b.getF32Type();
  y = tb.mul(tb.cast(y, wide),
             tb.cast(spread(n, scale, x, *axis, block), wide));
  Type to = type;
  if (n.intAttr("output_dtype", 0) != 0) {
    auto given = n.typeAttr("output_dtype", ElementType::Float);
    if (!given)
      return n.unsupported(tb.failure);
    to = *given;
  }
  return n.result(tb.cast(y, to));
}

/// x - zero in 32 bits; x itself where there is no zero point.
static Value centred(NodeImporter &n, size_t x, size_t zero,
                     ArrayRef<int64_t> unsqueezed) {
  TensorBuilder &tb = n.tb;
  Type i32 = tb.b.getI32Type();
  Value value = tb.cast(n.input(x), i32);
  if (isZero(n, zero))
    return value;
  Value point = tb.cast(n.input(zero), i32);
  if (point && tb.rank(point) == 1 && tb.constantOf(tb.dim(point, 0)) == 1)
    point = tb.reshape(point, {});
  if (point && tb.rank(point) == 1)
    point = tb.unsqueeze(point, unsqueezed);
  return tb.sub(value, point);
}

/// A row's or a column's parameter goes along its own dimension.
static Value matmulOperands(NodeImporter &n, size_t a, size_t aZero, size_t b,
                            size_t bZero) {
  return buildMatmul(n, centred(n, a, aZero, {1}), centred(n, b, bZero, {}));
}

static LogicalResult importMatmulInteger(NodeImporter &n) {
  return n.result(matmulOperands(n, 0, 2, 1, 3));
}

static Value scalarOr(TensorBuilder &tb, Value x,
                      ArrayRef<int64_t> unsqueezed) {
  if (!x)
    return {};
  if (tb.rank(x) == 1 && tb.constantOf(tb.dim(x, 0)) == 1)
    return tb.reshape(x, {});
  return tb.rank(x) == 1 ? tb.unsqueeze(x, unsqueezed) : x;
}

static LogicalResult importQLinearMatmul(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type wide = tb.b.getF32Type();
  Value product = tb.cast(matmulOperands(n, 0, 2, 3, 5), wide);
  Value scale = tb.mul(scalarOr(tb, tb.cast(n.input(1), wide), {1}),
                       scalarOr(tb, tb.cast(n.input(4), wide), {}));
  Type type = n.elementType(7);
  if (!type || !isa<IntegerType>(type))
    return n.unsupported("its result must be of 8-bit integers");
  Value yScale = scalarOr(tb, tb.cast(n.input(6), wide), {});
  Value yZero = scalarOr(tb, n.input(7), {});
  return n.result(quantize(tb, tb.mul(product, scale), yScale, yZero, type));
}

/// The convolution of centred operands, channels-first, in i32.
static Value convOperands(NodeImporter &n, size_t x, size_t xZero, size_t w,
                          size_t wZero) {
  SmallVector<int64_t> others;
  for (int64_t i = 1; i < n.rank(w); ++i)
    others.push_back(i);
  return buildConv(n, centred(n, x, xZero, {}), centred(n, w, wZero, others));
}

static LogicalResult importConvInteger(NodeImporter &n) {
  Value y = convOperands(n, 0, 2, 1, 3);
  return n.result(n.tb.transpose(y, toChannelsFirst(n.tb.rank(y))));
}

static LogicalResult importQLinearConv(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Type wide = tb.b.getF32Type();
  Value y = convOperands(n, 0, 2, 3, 5);
  if (!y)
    return n.result(y);
  // Channels are last here, along which bias and filter scales go.
  if (n.hasInput(8)) {
    if (n.rank(8) != 1)
      return n.fail("its bias must be a vector");
    y = tb.add(y, n.input(8));
  }
  Value scale = tb.mul(scalarOr(tb, tb.cast(n.input(1), wide), {}),
                       scalarOr(tb, tb.cast(n.input(4), wide), {}));
  Type type = n.elementType(7);
  if (!type || !isa<IntegerType>(type))
    return n.unsupported("its result must be of 8-bit integers");
  y = quantize(tb, tb.mul(tb.cast(y, wide), scale),
               scalarOr(tb, tb.cast(n.input(6), wide), {}),
               scalarOr(tb, n.input(7), {}), type);
  return n.result(tb.transpose(y, toChannelsFirst(tb.rank(y))));
}

void rac::onnximport::addQuantImporters(ImporterTable &table) {
  table.add("QuantizeLinear", importQuantize);
  table.add("DequantizeLinear", importDequantize);
  table.add("MatMulInteger", importMatmulInteger);
  table.add("QLinearMatMul", importQLinearMatmul);
  table.add("ConvInteger", importConvInteger);
  table.add("QLinearConv", importQLinearConv);
}
