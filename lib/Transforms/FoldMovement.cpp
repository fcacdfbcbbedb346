//===- FoldMovement.cpp - Moves the elements of constants -----------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace rac;

/// Replaces `op` by the constant whose element i is element `from(i)` of the
/// constant `input`.
static LogicalResult moveElements(Operation *op, Value input,
                                  function_ref<int64_t(int64_t)> from,
                                  PatternRewriter &rewriter) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  std::optional<ConstantBytes> data = getConstantBytes(input);
  if (!data)
    return rewriter.notifyMatchFailure(op, "elements can't be read");
  unsigned width = type.getElementTypeBitWidth() / 8;
  if (data->isSplat) {
    rewriter.replaceOpWithNewOp<ConstantOp>(
        op, DenseElementsAttr::getFromRawBuffer(type, data->bytes));
    return success();
  }
  Value folded = makeConstant(
      rewriter, op->getLoc(), type, [&](MutableArrayRef<char> bytes) {
        for (int64_t i : llvm::seq(type.getNumElements()))
          memcpy(&bytes[i * width], &data->bytes[from(i) * width], width);
      });
  rewriter.replaceOp(op, folded);
  return success();
}

namespace {

/// A transpose of a constant is a constant, of any size: it would run each
/// time.
struct FoldTranspose : CountingPattern<TransposeOp> {
  using CountingPattern::CountingPattern;
  LogicalResult matchAndRewrite(TransposeOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getInput().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "operand is no constant");
    // The library packs its weights at compile time and takes them transposed.
    if (llvm::all_of(op->getUsers(), llvm::IsaPred<MatmulOp>))
      return rewriter.notifyMatchFailure(op, "a matmul takes it as it is");
    auto inType = op.getInput().getType();
    SmallVector<int64_t> inStrides = computeStrides(inType.getShape());
    SmallVector<int64_t> strides =
        applyPermutation(inStrides, op.getPermutation());
    SmallVector<int64_t> basis = computeStrides(op.getType().getShape());
    ++counts.constants;
    return moveElements(
        op, op.getInput(),
        [&](int64_t i) { return linearize(delinearize(i, basis), strides); },
        rewriter);
  }
};

struct FoldSlice : CountingPattern<SliceOp> {
  FoldSlice(MLIRContext *ctx, RewriteCounts &counts, int64_t maxElements)
      : CountingPattern(ctx, counts), maxElements(maxElements) {}
  LogicalResult matchAndRewrite(SliceOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getInput().getDefiningOp<ConstantOp>())
      return rewriter.notifyMatchFailure(op, "operand is no constant");
    if (!op.getOffsets().empty() || !op.getType().hasStaticShape() ||
        op.getType().getNumElements() > maxElements)
      return rewriter.notifyMatchFailure(op, "dynamic or too large");
    SmallVector<int64_t> inStrides =
        computeStrides(op.getInput().getType().getShape());
    SmallVector<int64_t> strides(inStrides);
    for (auto [stride, step] : llvm::zip_equal(strides, op.getSteps()))
      stride *= step;
    int64_t start = linearize(op.getStaticOffsets(), inStrides);
    SmallVector<int64_t> basis = computeStrides(op.getType().getShape());
    ++counts.constants;
    return moveElements(
        op, op.getInput(),
        [&](int64_t i) {
          return start + linearize(delinearize(i, basis), strides);
        },
        rewriter);
  }
  int64_t maxElements;
};

/// Constants next to each other along the first dimension are one after
/// another.
struct FoldConcat : CountingPattern<ConcatOp> {
  FoldConcat(MLIRContext *ctx, RewriteCounts &counts, int64_t maxElements)
      : CountingPattern(ctx, counts), maxElements(maxElements) {}
  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().hasStaticShape() ||
        op.getType().getNumElements() > maxElements)
      return rewriter.notifyMatchFailure(op, "dynamic or too large");
    for (int64_t size : op.getType().getShape().take_front(op.getAxis()))
      if (size != 1)
        return rewriter.notifyMatchFailure(op, "not the outermost dimension");
    SmallVector<ConstantBytes> inputs;
    for (Value input : op.getInputs()) {
      std::optional<ConstantBytes> data = getConstantBytes(input);
      if (!data)
        return rewriter.notifyMatchFailure(op, "an operand is no constant");
      inputs.push_back(*data);
    }
    Value folded = makeConstant(
        rewriter, op.getLoc(), op.getType(), [&](MutableArrayRef<char> bytes) {
          char *to = bytes.data();
          for (auto [input, data] : llvm::zip_equal(op.getInputs(), inputs)) {
            auto type = cast<RankedTensorType>(input.getType());
            size_t repeats = data.isSplat ? type.getNumElements() : 1;
            for (size_t i = 0; i < repeats; ++i, to += data.bytes.size())
              memcpy(to, data.bytes.data(), data.bytes.size());
          }
        });
    rewriter.replaceOp(op, folded);
    ++counts.constants;
    return success();
  }
  int64_t maxElements;
};

/// Slices of a constant replaced at constant positions.
struct FoldScatterNd : CountingPattern<ScatterNdOp> {
  FoldScatterNd(MLIRContext *ctx, RewriteCounts &counts, int64_t maxElements)
      : CountingPattern(ctx, counts), maxElements(maxElements) {}
  LogicalResult matchAndRewrite(ScatterNdOp op,
                                PatternRewriter &rewriter) const override {
    auto type = op.getType();
    if (op.getKind() != ScatterKind::replace || !type.hasStaticShape() ||
        type.getNumElements() > maxElements)
      return rewriter.notifyMatchFailure(op, "combines, or is too large");
    std::optional<ConstantBytes> input = getConstantBytes(op.getInput());
    std::optional<ConstantBytes> updates = getConstantBytes(op.getUpdates());
    DenseElementsAttr indices = getDense(op.getIndices());
    if (!input || !updates || !indices)
      return rewriter.notifyMatchFailure(op, "an operand is no constant");
    SmallVector<int64_t> starts;
    if (!findStarts(type.getShape(), indices, starts))
      return rewriter.notifyMatchFailure(op, "an index is out of range");

    int64_t depth = indices.getType().getShape().back();
    int64_t width = type.getElementTypeBitWidth() / 8;
    int64_t slice =
        width * ShapedType::getNumElements(type.getShape().drop_front(depth));
    Value folded = makeConstant(
        rewriter, op.getLoc(), type, [&](MutableArrayRef<char> bytes) {
          repeat(*input, width, bytes);
          for (auto [i, start] : llvm::enumerate(starts)) {
            MutableArrayRef<char> to = bytes.slice(start * slice, slice);
            if (updates->isSplat)
              repeat(*updates, width, to);
            else
              llvm::copy(updates->bytes.slice(i * slice, slice), to.begin());
          }
        });
    rewriter.replaceOp(op, folded);
    ++counts.constants;
    return success();
  }

private:
  static void repeat(const ConstantBytes &from, int64_t width,
                     MutableArrayRef<char> to) {
    if (!from.isSplat)
      llvm::copy(from.bytes.take_front(to.size()), to.begin());
    else
      for (size_t i = 0; i < to.size(); i += width)
        memcpy(&to[i], from.bytes.data(), width);
  }

  /// The number of the slice that each tuple of indices names.
  static bool findStarts(ArrayRef<int64_t> shape, DenseElementsAttr indices,
                         SmallVectorImpl<int64_t> &starts) {
    int64_t depth = indices.getType().getShape().back();
    int64_t start = 0, i = 0;
    for (const APInt &index : indices.getValues<APInt>()) {
      int64_t size = shape[i];
      int64_t at = index.getSExtValue();
      at = at < 0 ? at + size : at;
      if (at < 0 || at >= size)
        return false;
      start = start * size + at;
      if (++i == depth) {
        starts.push_back(start);
        start = i = 0;
      }
    }
    return true;
  }

  int64_t maxElements;
};

} // namespace

void rac::populateMovementPatterns(RewritePatternSet &patterns,
                                   RewriteCounts &counts, int64_t maxElements) {
  MLIRContext *ctx = patterns.getContext();
  patterns.add<FoldSlice, FoldConcat, FoldScatterNd>(ctx, counts, maxElements);
  patterns.add<FoldTranspose>(ctx, counts);
}
