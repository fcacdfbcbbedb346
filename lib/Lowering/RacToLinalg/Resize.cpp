//===- Resize.cpp - resize ------------------------------------------------===//
//
// Where each result position reads, and with what weights, is computed once for
// each dimension, in double precision, as ONNX's reference does. The kernel
// reads these tables.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "Utils.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

namespace {
/// What one dimension's result positions read: for each tap an index and,
/// unless there is but one, a weight.
struct Taps {
  int64_t dim;
  SmallVector<Value> indices, weights;
};

/// Position and size along one dimension, as doubles.
struct Axis {
  Value position, inputSize, outputSize, scale;
};
} // namespace

static int64_t tapCount(ResizeMode mode) {
  return mode == ResizeMode::nearest ? 1 : mode == ResizeMode::linear ? 2 : 4;
}

/// Where in the input a result position lies.
static Value inputPosition(OpBuilder &b, Location loc, ResizeCoordinate kind,
                           const Axis &axis) {
  ScalarBuilder s(b, loc, false);
  Type type = axis.position.getType();
  Value one = s.constant(1, type), half = s.constant(0.5, type);
  Value scaledSize = s.mul(axis.scale, axis.inputSize);
  Value isSingle = s.equal(scaledSize, one);
  Value scaled = s.div(s.add(axis.position, half), axis.scale);
  Value halfPixel = s.sub(scaled, half);
  switch (kind) {
  case ResizeCoordinate::half_pixel:
    return halfPixel;
  case ResizeCoordinate::half_pixel_symmetric: {
    Value adjustment = s.div(axis.outputSize, scaledSize);
    Value center = s.mul(axis.inputSize, half);
    Value offset = s.mul(center, s.sub(one, adjustment));
    return s.sub(s.add(offset, scaled), half);
  }
  case ResizeCoordinate::pytorch_half_pixel:
    return s.select(isSingle, s.constant(-0.5, type), halfPixel);
  case ResizeCoordinate::align_corners: {
    Value span = s.mul(axis.position, s.sub(axis.inputSize, one));
    Value steps = s.select(isSingle, one, s.sub(scaledSize, one));
    return s.select(isSingle, s.constant(0, type), s.div(span, steps));
  }
  case ResizeCoordinate::asymmetric:
    return s.div(axis.position, axis.scale);
  }
  return {};
}

/// The index, as a double, that nearest mode reads.
static Value nearestIndex(OpBuilder &b, Location loc, ResizeNearest kind,
                          Value x, Value scale) {
  ScalarBuilder s(b, loc, false);
  Value below = s.floor(x), half = s.constant(0.5, x.getType());
  Value above = s.ceil(x), ratio = s.sub(x, below);
  switch (kind) {
  case ResizeNearest::round_prefer_floor:
    return s.select(s.lessEqual(ratio, half), below, above);
  case ResizeNearest::round_prefer_ceil:
    return s.select(s.less(ratio, half), below, above);
  case ResizeNearest::floor:
    return below;
  case ResizeNearest::ceil:
    return above;
  case ResizeNearest::ceil_if_fewer:
    return s.select(s.less(scale, s.one(scale)), above, below);
  }
  return {};
}

/// Weights of the taps; `ratio` in (0, 1] is the distance from the last tap at
/// or before the position.
static SmallVector<Value> tapWeights(OpBuilder &b, Location loc, ResizeOp op,
                                     Value ratio) {
  ScalarBuilder s(b, loc, false);
  Type type = ratio.getType();
  Value rest = s.sub(s.one(ratio), ratio);
  if (op.getMode() == ResizeMode::linear)
    return {rest, ratio};
  double a = op.getCubicA().convertToDouble();
  auto polynomial = [&](Value x, ArrayRef<double> factors) {
    Value sum = s.constant(factors.front(), type);
    for (double factor : factors.drop_front())
      sum = s.add(s.mul(sum, x), s.constant(factor, type));
    return sum;
  };
  auto near = [&](Value x) { return polynomial(x, {a + 2, -(a + 3), 0, 1}); };
  auto far = [&](Value x) {
    return polynomial(s.add(x, s.one(x)), {a, -5 * a, 8 * a, -4 * a});
  };
  return {far(ratio), near(ratio), near(rest), far(rest)};
}

/// Gives weights outside [0, size) to the others.
static void excludeOutside(OpBuilder &b, Location loc, ArrayRef<Value> indices,
                           Value size, SmallVector<Value> &weights) {
  ScalarBuilder s(b, loc, false);
  Value zero = s.zero(size), sum = zero;
  for (auto [index, weight] : llvm::zip_equal(indices, weights)) {
    Value inside = arith::AndIOp::create(b, loc, s.lessEqual(zero, index),
                                         s.less(index, size));
    weight = s.select(inside, weight, zero);
    sum = s.add(sum, weight);
  }
  sum = s.select(s.equal(sum, zero), s.one(sum), sum);
  for (Value &weight : weights)
    weight = s.div(weight, sum);
}

static Value asDouble(OpBuilder &b, Location loc, Value index) {
  Value wide = arith::IndexCastOp::create(b, loc, b.getI64Type(), index);
  return arith::SIToFPOp::create(b, loc, b.getF64Type(), wide);
}

namespace {
struct LowerResize : OpConversionPattern<ResizeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ResizeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput();
    Type element = elementOf(op.getInput());
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    // Integers are rounded at the end, where single precision may tip them.
    Type weight = element.isF64() || isa<IntegerType>(element)
                      ? Type(rewriter.getF64Type())
                      : Type(rewriter.getF32Type());
    SmallVector<OpFoldResult> scales = op.getMixedScales();
    scales.resize(sizes.size());
    SmallVector<Taps> taps;
    for (int64_t i = 0; i < static_cast<int64_t>(sizes.size()); ++i) {
      if (staysAsItIs(op, i, scales[i], inputSizes[i], sizes[i])) {
        checkEqual(rewriter, loc, inputSizes[i], sizes[i],
                   "resize: a dimension of scale 1 changes");
        continue;
      }
      checkAtMost(rewriter, loc, rewriter.getIndexAttr(1), inputSizes[i],
                  "resize: nothing to sample in an empty dimension");
      checkAtMost(rewriter, loc, rewriter.getIndexAttr(0), sizes[i],
                  "resize: a size is negative");
      taps.push_back(buildTable(rewriter, op, i, scales[i], inputSizes[i],
                                sizes[i], weight));
    }
    SmallVector<Operand> ins;
    for (const Taps &table : taps) {
      AffineMap map =
          AffineMap::get(sizes.size(), 0, rewriter.getAffineDimExpr(table.dim));
      for (Value column :
           llvm::concat<const Value>(table.indices, table.weights))
        ins.push_back({column, map});
    }
    rewriter.replaceOp(
        op,
        buildMap(rewriter, loc, ins, sizes, tensorOf(input).getElementType(),
                 [&](OpBuilder &b, Location loc, ValueRange args) {
                   return sample(b, loc, op, input, taps, args, weight);
                 }));
    return success();
  }

private:
  static bool staysAsItIs(ResizeOp op, int64_t i, OpFoldResult scale,
                          OpFoldResult in, OpFoldResult out) {
    if (scale)
      return isa<Attribute>(scale) && (*op.getScales())[i] == 1.0;
    if (isEqualConstantIntOrValue(in, out))
      return true;
    auto value = dyn_cast<Value>(out);
    auto dim = value ? value.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    return dim && dim.getSource() == op.getInput() &&
           dim.getConstantIndex() == i;
  }

  /// What positions are divided by, in f64. A scale that was computed from
  /// sizes is their quotient, rounded: then the quotient itself is meant, whose
  /// multiples are whole where they should be.
  static Value usedScale(ConversionPatternRewriter &b, Location loc,
                         OpFoldResult scale, Value inLength, Value outLength) {
    ScalarBuilder s(b, loc, false);
    Value quotient = s.div(outLength, inLength);
    if (!scale)
      return quotient;
    Value given;
    if (auto value = dyn_cast<Value>(scale)) {
      Value narrow = b.getRemappedValue(value);
      check(b, loc, s.less(s.zero(narrow), narrow),
            "resize: a scale is not positive");
      given = arith::ExtFOp::create(b, loc, b.getF64Type(), narrow);
    } else {
      given = arith::ConstantOp::create(
          b, loc, cast<TypedAttr>(cast<Attribute>(scale)));
    }
    auto rounded = [&](Value x) -> Value {
      return arith::TruncFOp::create(b, loc, b.getF32Type(), x);
    };
    return s.select(s.equal(rounded(quotient), rounded(given)), quotient,
                    given);
  }

  static Taps buildTable(ConversionPatternRewriter &b, ResizeOp op, int64_t dim,
                         OpFoldResult givenScale, OpFoldResult inputSize,
                         OpFoldResult size, Type weight) {
    Location loc = op.getLoc();
    int64_t count = tapCount(op.getMode());
    bool weighted = count > 1;
    Value length = asDouble(b, loc, indexValue(b, loc, inputSize));
    Value outLength = asDouble(b, loc, indexValue(b, loc, size));
    Value scale = usedScale(b, loc, givenScale, length, outLength);
    SmallVector<Operand> outs;
    for (int64_t i = 0; i < (weighted ? 2 * count : count); ++i)
      outs.push_back(
          {emptyTensor(b, loc, size, i < count ? b.getI64Type() : weight),
           identityMap(b, 1)});
    auto table = buildGeneric(
        b, loc, {}, outs, kParallel,
        [&](OpBuilder &b, Location loc, ValueRange) {
          Axis axis = {asDouble(b, loc, linalg::IndexOp::create(b, loc, 0)),
                       length, outLength, scale};
          return tableEntry(b, loc, op, axis, weight);
        });
    // A product and sum made one would round otherwise, and move positions.
    table.walk([](arith::ArithFastMathInterface part) {
      if (!part.getFastMathFlagsAttr() ||
          part.getFastMathFlagsAttr().getValue() == arith::FastMathFlags::none)
        return;
      part->setAttr(part.getFastMathAttrName(),
                    arith::FastMathFlagsAttr::get(part->getContext(),
                                                  arith::FastMathFlags::none));
    });
    Taps taps = {dim, {}, {}};
    for (int64_t i = 0; i < count; ++i) {
      taps.indices.push_back(table.getResult(i));
      if (weighted)
        taps.weights.push_back(table.getResult(count + i));
    }
    return taps;
  }

  /// Indices, inside the input, then weights.
  static SmallVector<Value> tableEntry(OpBuilder &b, Location loc, ResizeOp op,
                                       const Axis &axis, Type weight) {
    ScalarBuilder s(b, loc, false);
    Value x = inputPosition(b, loc, op.getCoordinate(), axis);
    SmallVector<Value> indices, weights;
    if (op.getMode() == ResizeMode::nearest) {
      indices = {nearestIndex(b, loc, op.getNearest(), x, axis.scale)};
    } else {
      Value below = s.floor(x), one = s.one(x);
      Value isWhole = s.equal(x, below);
      Value ratio = s.select(isWhole, one, s.sub(x, below));
      // Half of the taps lie at or before the position, but a whole position is
      // the first after them.
      int64_t count = tapCount(op.getMode()), before = count / 2 - 1;
      Value first = s.sub(s.select(isWhole, s.sub(below, one), below),
                          s.constant(before, x.getType()));
      for (int64_t i = 0; i < count; ++i)
        indices.push_back(s.add(first, s.constant(i, x.getType())));
      weights = tapWeights(b, loc, op, ratio);
      if (op.getExcludeOutside())
        excludeOutside(b, loc, indices, axis.inputSize, weights);
    }
    SmallVector<Value> entry;
    for (Value index : indices) {
      // In doubles, and so that a NaN becomes 0: any index is one of the
      // input's.
      Value last = s.sub(axis.inputSize, s.one(index));
      Value inside = arith::MinNumFOp::create(
          b, loc, arith::MaxNumFOp::create(b, loc, index, s.zero(index)), last);
      entry.push_back(arith::FPToSIOp::create(b, loc, b.getI64Type(), inside));
    }
    for (Value w : weights)
      entry.push_back(weight.isF64()
                          ? w
                          : Value(arith::TruncFOp::create(b, loc, weight, w)));
    return entry;
  }

  static Value sample(OpBuilder &b, Location loc, ResizeOp op, Value input,
                      ArrayRef<Taps> taps, ValueRange args, Type weight) {
    SmallVector<Value> at;
    for (int64_t i = 0; i < tensorOf(input).getRank(); ++i)
      at.push_back(linalg::IndexOp::create(b, loc, i));
    if (op.getMode() == ResizeMode::nearest) {
      for (auto [table, index] : llvm::zip(taps, args))
        at[table.dim] =
            arith::IndexCastOp::create(b, loc, b.getIndexType(), index);
      return tensor::ExtractOp::create(b, loc, input, at);
    }
    Type element = elementOf(op.getInput());
    Value sum = weightedSum(b, loc, op, input, taps, args, at, weight);
    return store(b, loc, sum, element);
  }

  /// The sum over the taps of the first dimension in `taps` of what the others
  /// give.
  static Value weightedSum(OpBuilder &b, Location loc, ResizeOp op, Value input,
                           ArrayRef<Taps> taps, ValueRange args,
                           SmallVector<Value> &at, Type weight) {
    ScalarBuilder s(b, loc, false);
    Type element = elementOf(op.getInput());
    if (taps.empty()) {
      Value stored = tensor::ExtractOp::create(b, loc, input, at);
      Value x = loadElement(b, loc, stored, element);
      return s.cast(x, element, weight);
    }
    int64_t count = tapCount(op.getMode());
    Value sum;
    for (int64_t i = 0; i < count; ++i) {
      at[taps.front().dim] =
          arith::IndexCastOp::create(b, loc, b.getIndexType(), args[i]);
      Value inner = weightedSum(b, loc, op, input, taps.drop_front(),
                                args.drop_front(2 * count), at, weight);
      Value part = s.mul(inner, args[count + i]);
      sum = sum ? s.add(sum, part) : part;
    }
    return sum;
  }

  /// Integers are rounded and saturate.
  static Value store(OpBuilder &b, Location loc, Value x, Type element) {
    ScalarBuilder s(b, loc, false);
    auto integer = dyn_cast<IntegerType>(element);
    if (!integer)
      return s.cast(x, x.getType(), element);
    if (!integer.isInteger(1) && integer.getWidth() < 32) {
      unsigned width = integer.getWidth() - !integer.isUnsigned();
      double high = std::ldexp(1.0, width) - 1;
      double low = integer.isUnsigned() ? 0 : -high - 1;
      x = s.max(s.min(s.roundEven(x), s.constant(high, x.getType())),
                s.constant(low, x.getType()));
    } else if (!integer.isInteger(1)) {
      x = s.roundEven(x);
    }
    return storeElement(b, loc, s.cast(x, x.getType(), element), element);
  }
};
} // namespace

void lowering::populateResize(const TypeConverter &converter,
                              RewritePatternSet &patterns) {
  patterns.add<LowerResize>(converter, patterns.getContext());
}
