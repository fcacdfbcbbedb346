//===- Convolution.cpp - conv, conv_transpose -----------------------------===//

#include "Contraction.h"
#include "Patterns.h"
#include "Reduction.h"
#include "Window.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"

using namespace mlir;
using namespace rac;
using namespace rac::lowering;

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

Sizes lowering::spatialAmounts(OpBuilder &b, ArrayRef<int64_t> values) {
  Sizes amounts = {b.getIndexAttr(0)};
  for (int64_t value : values)
    amounts.push_back(b.getIndexAttr(value));
  amounts.push_back(b.getIndexAttr(0));
  return amounts;
}

void lowering::checkWindowFits(OpBuilder &b, Location loc,
                               ArrayRef<OpFoldResult> sizes) {
  for (OpFoldResult size : sizes.drop_front().drop_back())
    checkAtMost(b, loc, b.getIndexAttr(0), size,
                "a window is larger than its padded input");
}

SmallVector<SmallVector<int64_t>>
lowering::windowPositions(ArrayRef<int64_t> window) {
  SmallVector<SmallVector<int64_t>> positions = {{}};
  for (int64_t size : window) {
    SmallVector<SmallVector<int64_t>> longer;
    for (const SmallVector<int64_t> &position : positions)
      for (int64_t k = 0; k < size; ++k) {
        longer.push_back(position);
        longer.back().push_back(k);
      }
    positions = std::move(longer);
  }
  return positions;
}

Value lowering::windowSlice(OpBuilder &b, Location loc, Value padded,
                            ArrayRef<int64_t> position,
                            ArrayRef<OpFoldResult> sizes,
                            ArrayRef<int64_t> strides,
                            ArrayRef<int64_t> dilations) {
  Sizes offsets = {b.getIndexAttr(0)}, steps = {b.getIndexAttr(1)};
  for (auto [k, stride, dilation] :
       llvm::zip_equal(position, strides, dilations)) {
    offsets.push_back(b.getIndexAttr(k * dilation));
    steps.push_back(b.getIndexAttr(stride));
  }
  offsets.push_back(b.getIndexAttr(0));
  steps.push_back(b.getIndexAttr(1));
  SmallVector<int64_t> shape = std::get<0>(decomposeMixedValues(sizes));
  return extractSlice(b, loc, tensorOf(padded).clone(shape), padded, offsets,
                      sizes, steps);
}

SmallVector<AffineExpr> lowering::windowExprs(ArrayRef<AffineExpr> outs,
                                              ArrayRef<AffineExpr> window,
                                              ArrayRef<int64_t> strides,
                                              ArrayRef<int64_t> dilations) {
  SmallVector<AffineExpr> exprs;
  for (auto [out, k, stride, dilation] :
       llvm::zip_equal(outs, window, strides, dilations))
    exprs.push_back(out * stride + k * dilation);
  return exprs;
}

//===----------------------------------------------------------------------===//
// Convolutions over a padded input
//===----------------------------------------------------------------------===//

namespace {
/// A convolution of an input that is already padded.
struct Convolution {
  Factor input, filter;
  int64_t groups;
  ArrayRef<int64_t> strides, dilations;
  /// The filter is C x F/groups x window.
  bool transposed = false;
  /// Where in the input the first window starts.
  SmallVector<int64_t> starts;
};
} // namespace

static SmallVector<AffineExpr> dimExprs(OpBuilder &b, unsigned from,
                                        unsigned count) {
  return llvm::map_to_vector(llvm::seq(from, from + count),
                             [&](unsigned i) { return b.getAffineDimExpr(i); });
}

/// One loop for each dimension of the window from loop `next` on, which moves
/// on; a dimension of size 1 has none, and its index is 0.
static SmallVector<AffineExpr> windowLoops(OpBuilder &b, Value filter,
                                           unsigned &next) {
  SmallVector<AffineExpr> loops;
  for (int64_t size : tensorOf(filter).getShape().drop_front(2))
    loops.push_back(size == 1 ? b.getAffineConstantExpr(0)
                              : b.getAffineDimExpr(next++));
  return loops;
}

/// Loops n, spatial, [g,] f, window, c.
static Value buildConvolution(OpBuilder &b, Location loc, Convolution c,
                              ArrayRef<OpFoldResult> sizes) {
  unsigned spatial = c.strides.size(), grouped = c.groups > 1;
  unsigned parallel = 2 + spatial + grouped, loops = parallel;
  AffineExpr n = b.getAffineDimExpr(0);
  SmallVector<AffineExpr> outs = dimExprs(b, 1, spatial);
  SmallVector<AffineExpr> group = dimExprs(b, 1 + spatial, grouped);
  AffineExpr f = b.getAffineDimExpr(1 + spatial + grouped);
  SmallVector<AffineExpr> ks = windowLoops(b, c.filter.value, loops);
  AffineExpr channel = b.getAffineDimExpr(loops++);

  SmallVector<AffineExpr> in = {n}, taps = group, out = {n};
  SmallVector<AffineExpr> positions =
      windowExprs(outs, ks, c.strides, c.dilations);
  for (auto [i, position] : llvm::enumerate(positions))
    in.push_back(position + (c.starts.empty() ? 0 : c.starts[i]));
  llvm::append_range(in, group);
  in.push_back(channel);
  if (c.transposed)
    taps.append({channel, f});
  else
    taps.append({f, channel});
  llvm::append_range(taps, ks);
  llvm::append_range(out, outs);
  llvm::append_range(out, group);
  out.push_back(f);

  Value acc = zeroAccumulator(b, loc, sizes, c.input.element);
  if (grouped) {
    c.input.value = splitDim(b, loc, c.input.value, spatial + 1, c.groups);
    c.filter.value = splitDim(b, loc, c.filter.value, 0, c.groups);
    acc = splitDim(b, loc, acc, spatial + 1, c.groups);
  }
  auto mapOf = [&](ArrayRef<AffineExpr> exprs) {
    return AffineMap::get(loops, 0, exprs, b.getContext());
  };
  c.input.map = mapOf(in);
  c.filter.map = mapOf(taps);
  Iterators iterators(parallel, kParallel);
  iterators.append(loops - parallel, kReduction);
  Value result =
      buildContraction(b, loc, c.input, c.filter, {acc, mapOf(out)}, iterators);
  return grouped ? mergeDims(b, loc, result, spatial + 1) : result;
}

/// One filter per channel. Loops n, spatial, c, window.
static Value buildDepthwise(OpBuilder &b, Location loc, Convolution c,
                            ArrayRef<OpFoldResult> sizes) {
  unsigned spatial = c.strides.size(), parallel = 2 + spatial, loops = parallel;
  AffineExpr n = b.getAffineDimExpr(0);
  AffineExpr channel = b.getAffineDimExpr(1 + spatial);
  SmallVector<AffineExpr> outs = dimExprs(b, 1, spatial);
  SmallVector<AffineExpr> ks = windowLoops(b, c.filter.value, loops);
  SmallVector<AffineExpr> in = {n};
  llvm::append_range(in, windowExprs(outs, ks, c.strides, c.dilations));
  in.push_back(channel);
  SmallVector<AffineExpr> taps = {channel, b.getAffineConstantExpr(0)};
  llvm::append_range(taps, ks);

  c.input.map = AffineMap::get(loops, 0, in, b.getContext());
  c.filter.map = AffineMap::get(loops, 0, taps, b.getContext());
  AffineMap out =
      AffineMap::get(loops, 0, dimExprs(b, 0, parallel), b.getContext());
  Iterators iterators(parallel, kParallel);
  iterators.append(loops - parallel, kReduction);
  Value acc = zeroAccumulator(b, loc, sizes, c.input.element);
  return buildContraction(b, loc, c.input, c.filter, {acc, out}, iterators);
}

static Value zeroOf(OpBuilder &b, Location loc, Type stored, int64_t zero = 0) {
  if (isa<FloatType>(stored))
    return ScalarBuilder(b, loc, false).constant(zero, stored);
  unsigned width = stored.getIntOrFloatBitWidth();
  return arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(stored, APInt(64, zero).trunc(width)));
}

//===----------------------------------------------------------------------===//
// Patterns
//===----------------------------------------------------------------------===//

namespace {
struct LowerConv : OpConversionPattern<ConvOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ConvOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value filter = adaptor.getFilter();
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkWindowFits(rewriter, loc, sizes);
    checkChannels(rewriter, op, adaptor.getInput(), filter);
    Type element = elementOf(op.getInput());
    auto zero = static_cast<int64_t>(op.getInputZero());
    Value padded = padTensor(rewriter, loc, adaptor.getInput(),
                             spatialAmounts(rewriter, op.getPadsLow()),
                             spatialAmounts(rewriter, op.getPadsHigh()),
                             zeroOf(rewriter, loc, storageType(element), zero));
    Convolution c = {{padded, {}, element, zero},
                     {filter, {}, elementOf(op.getFilter())},
                     static_cast<int64_t>(op.getGroups()),
                     op.getStrides(),
                     op.getDilations(),
                     false,
                     {}};
    ArrayRef<int64_t> shape = tensorOf(filter).getShape();
    bool depthwise = shape[1] == 1 && shape[0] == c.groups && c.groups > 1;
    Value result = depthwise ? buildDepthwise(rewriter, loc, c, sizes)
                             : buildConvolution(rewriter, loc, c, sizes);
    rewriter.replaceOp(op, castTensor(rewriter, loc, result,
                                      accumulatorType(element),
                                      elementOf(op.getResult())));
    return success();
  }

private:
  static void checkChannels(OpBuilder &b, ConvOp op, Value input,
                            Value filter) {
    Location loc = op.getLoc();
    OpFoldResult has =
        tensor::getMixedSize(b, loc, input, tensorOf(input).getRank() - 1);
    OpFoldResult takes =
        mulSizes(b, loc, tensor::getMixedSize(b, loc, filter, 1),
                 b.getIndexAttr(op.getGroups()));
    checkEqual(b, loc, has, takes, "convolution: the filter doesn't fit");
  }
};

/// A convolution, with the filter reversed, of the input with zeros between its
/// elements.
struct LowerConvTranspose : OpConversionPattern<ConvTransposeOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult
  matchAndRewrite(ConvTransposeOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Value input = adaptor.getInput(), filter = adaptor.getFilter();
    auto type = tensorOf(filter);
    Sizes sizes = resultSizes(rewriter, op, adaptor.getOperands());
    checkWindowFits(rewriter, loc, sizes);
    checkEqual(rewriter, loc,
               tensor::getMixedSize(rewriter, loc, input,
                                    tensorOf(input).getRank() - 1),
               tensor::getMixedSize(rewriter, loc, filter, 0),
               "convolution: the filter doesn't fit");

    // Of L elements to add before the first input element, a negative L says
    // where the first window starts instead; likewise after the last.
    unsigned spatial = op.getStrides().size();
    SmallVector<int64_t> starts;
    Sizes offsets = spatialAmounts(rewriter, SmallVector<int64_t>(spatial, 0));
    Sizes inputSizes = tensor::getMixedSizes(rewriter, loc, input);
    Sizes spread = inputSizes, steps(spatial + 2, rewriter.getIndexAttr(1));
    for (unsigned i = 0; i < spatial; ++i) {
      int64_t reach = op.getDilations()[i] * (type.getDimSize(i + 2) - 1);
      int64_t low = reach - op.getPadsLow()[i];
      int64_t high = reach - op.getPadsHigh()[i] + op.getOutputPadding()[i];
      int64_t stride = op.getStrides()[i];
      starts.push_back(std::max<int64_t>(-low, 0));
      offsets[i + 1] = rewriter.getIndexAttr(std::max<int64_t>(low, 0));
      steps[i + 1] = rewriter.getIndexAttr(stride);
      checkAtMost(rewriter, loc, rewriter.getIndexAttr(1), inputSizes[i + 1],
                  "convolution: the input is empty");
      AffineExpr size = (rewriter.getAffineSymbolExpr(0) - 1) * stride + 1 +
                        std::max<int64_t>(low, 0) + std::max<int64_t>(high, 0);
      spread[i + 1] = affine::makeComposedFoldedAffineApply(
          rewriter, loc, AffineMap::get(0, 1, size), inputSizes[i + 1]);
    }
    Type element = elementOf(op.getInput());
    Value zeros = filledTensor(rewriter, loc, spread,
                               zeroOf(rewriter, loc, storageType(element)));
    Value between =
        insertSlice(rewriter, loc, input, zeros, offsets, inputSizes, steps);
    SmallVector<int64_t> unit(spatial, 1);
    Convolution c = {
        {between, {}, element},
        {reverseWindow(rewriter, loc, filter), {}, elementOf(op.getFilter())},
        static_cast<int64_t>(op.getGroups()),
        unit,
        op.getDilations(),
        /*transposed=*/true,
        starts};
    Value result = buildConvolution(rewriter, loc, c, sizes);
    rewriter.replaceOp(op, castTensor(rewriter, loc, result,
                                      accumulatorType(element), element));
    return success();
  }

private:
  static Value reverseWindow(OpBuilder &b, Location loc, Value filter) {
    auto type = tensorOf(filter);
    ArrayRef<int64_t> window = type.getShape().drop_front(2);
    if (llvm::all_of(window, [](int64_t size) { return size == 1; }))
      return filter;
    return buildMap(b, loc, {}, tensor::getMixedSizes(b, loc, filter),
                    type.getElementType(),
                    [&](OpBuilder &b, Location loc, ValueRange) -> Value {
                      SmallVector<Value> at;
                      for (int64_t i = 0; i < type.getRank(); ++i) {
                        Value k = linalg::IndexOp::create(b, loc, i);
                        if (i >= 2)
                          k = arith::SubIOp::create(
                              b, loc, indexConstant(b, loc, window[i - 2] - 1),
                              k);
                        at.push_back(k);
                      }
                      return tensor::ExtractOp::create(b, loc, filter, at);
                    });
  }
};
} // namespace

void lowering::populateConvolution(const TypeConverter &converter,
                                   RewritePatternSet &patterns) {
  patterns.add<LowerConv, LowerConvTranspose>(converter, patterns.getContext());
}
