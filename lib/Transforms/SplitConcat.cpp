//===- SplitConcat.cpp - Concatenations of very many tensors --------------===//

#include "Patterns.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include <cmath>

using namespace mlir;
using namespace rac;

namespace {

/// Each piece is put into the whole by an op of its own, and the time that
/// bufferization takes to see that all of them may write to one buffer grows
/// with the cube of their number: 0.8 s for 50, 9 s for 100.
constexpr size_t kWidest = 32;

/// concat(a, b, c, ...) is concat(concat(a, b), concat(c, ...), ...), which
/// copies everything once more.
struct SplitConcat : OpRewritePattern<ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ConcatOp op,
                                PatternRewriter &rewriter) const override {
    ValueRange inputs = op.getInputs();
    if (inputs.size() <= kWidest)
      return rewriter.notifyMatchFailure(op, "few enough tensors");
    // As many parts as each has pieces.
    size_t width = std::ceil(std::sqrt(inputs.size()));
    width = std::min(width, kWidest);
    SmallVector<Value> parts;
    for (size_t first = 0; first < inputs.size(); first += width)
      parts.push_back(
          join(op, inputs.slice(first, std::min(width, inputs.size() - first)),
               rewriter));
    rewriter.modifyOpInPlace(op, [&] { op.getInputsMutable().assign(parts); });
    return success();
  }

private:
  static Value join(ConcatOp op, ValueRange pieces, PatternRewriter &rewriter) {
    if (pieces.size() == 1)
      return pieces.front();
    int64_t axis = op.getAxis(), sum = 0;
    for (Value piece : pieces) {
      int64_t size = cast<RankedTensorType>(piece.getType()).getDimSize(axis);
      if (ShapedType::isDynamic(size) || ShapedType::isDynamic(sum))
        sum = ShapedType::kDynamic;
      else
        sum += size;
    }
    SmallVector<int64_t> shape(op.getType().getShape());
    shape[axis] = sum;
    return ConcatOp::create(rewriter, op.getLoc(), op.getType().clone(shape),
                            pieces, op.getAxisAttr());
  }
};

} // namespace

void rac::populateConcatPatterns(RewritePatternSet &patterns) {
  patterns.add<SplitConcat>(patterns.getContext());
}
