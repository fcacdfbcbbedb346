//===- FoldConstants.cpp - Computes elementwise ops on constants ----------===//

#include "Constants.h"
#include "Patterns.h"
#include "ScalarInterpreter.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace rac;

/// The elements of an f32 or i1 constant as floats; none for others.
static SmallVector<float> readAsFloats(DenseElementsAttr attr) {
  SmallVector<float> values;
  if (attr.getElementType().isF32())
    llvm::append_range(values, attr.getValues<float>());
  else if (attr.getElementType().isInteger(1))
    llvm::append_range(values, attr.getValues<bool>());
  return values;
}

/// For each element of `shape`, row-major, the position in an operand that
/// broadcasts to it.
static SmallVector<int64_t> broadcastPositions(ArrayRef<int64_t> shape,
                                               ArrayRef<int64_t> operand) {
  SmallVector<int64_t> strides(shape.size(), 0);
  int64_t stride = 1;
  for (size_t i = operand.size(); i-- > 0;) {
    if (operand[i] != 1)
      strides[i + shape.size() - operand.size()] = stride;
    stride *= operand[i];
  }
  SmallVector<int64_t> positions;
  SmallVector<int64_t> basis = computeStrides(shape);
  for (int64_t i : llvm::seq(ShapedType::getNumElements(shape)))
    positions.push_back(linearize(delinearize(i, basis), strides));
  return positions;
}

namespace {
struct FoldElementwise : OpInterfaceRewritePattern<ElementwiseOpInterface> {
  FoldElementwise(MLIRContext *ctx, RewriteCounts &counts, int64_t maxElements)
      : OpInterfaceRewritePattern(ctx), counts(counts),
        maxElements(maxElements) {}

  LogicalResult matchAndRewrite(ElementwiseOpInterface op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (!llvm::all_of(op->getOperands(), [](Value operand) {
          return operand.getDefiningOp<ConstantOp>() != nullptr;
        }))
      return rewriter.notifyMatchFailure(op, "not all operands are constants");
    if (!type.hasStaticShape() || type.getNumElements() > maxElements)
      return rewriter.notifyMatchFailure(op, "too large to compute");
    SmallVector<DenseElementsAttr> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(getDense(operand));
      Type element = getElementTypeOrSelf(operand);
      if (!operands.back() || element.isUnsignedInteger())
        return rewriter.notifyMatchFailure(op, "elements can't be read");
    }
    if (type.getElementType().isUnsignedInteger())
      return rewriter.notifyMatchFailure(op, "unsigned result");
    DenseElementsAttr folded = evaluate(op, type, operands);
    if (!folded)
      return rewriter.notifyMatchFailure(op, "a scalar op doesn't fold");
    rewriter.replaceOpWithNewOp<ConstantOp>(op, folded);
    ++counts.constants;
    return success();
  }

private:
  static DenseElementsAttr evaluate(ElementwiseOpInterface op,
                                    RankedTensorType type,
                                    ArrayRef<DenseElementsAttr> operands) {
    ScalarInterpreter interpreter(op);
    bool allSplat = llvm::all_of(
        operands, [](DenseElementsAttr attr) { return attr.isSplat(); });
    SmallVector<SmallVector<int64_t>> positions;
    if (!allSplat)
      for (DenseElementsAttr operand : operands)
        positions.push_back(
            broadcastPositions(type.getShape(), operand.getType().getShape()));
    if (!allSplat)
      if (DenseElementsAttr folded =
              evaluateFloats(interpreter, type, operands, positions))
        return folded;
    // Attributes are slow: a small constant takes microseconds an element.
    constexpr int64_t mostAttributes = 65536;
    if (!allSplat && type.getNumElements() > mostAttributes)
      return {};
    SmallVector<Attribute> elements;
    int64_t count = allSplat ? std::min<int64_t>(type.getNumElements(), 1)
                             : type.getNumElements();
    for (int64_t i : llvm::seq(count)) {
      SmallVector<Attribute> arguments;
      for (auto [n, operand] : llvm::enumerate(operands))
        arguments.push_back(
            operand.isSplat()
                ? operand.getSplatValue<Attribute>()
                : *(operand.value_begin<Attribute>() + positions[n][i]));
      elements.push_back(interpreter.run(arguments));
      if (!elements.back())
        return {};
    }
    return DenseElementsAttr::get(type, elements);
  }

  static DenseElementsAttr
  evaluateFloats(ScalarInterpreter &scalar, RankedTensorType type,
                 ArrayRef<DenseElementsAttr> operands,
                 ArrayRef<SmallVector<int64_t>> positions) {
    FloatInterpreter interpreter;
    bool isBool = type.getElementType().isInteger(1);
    if ((!isBool && !type.getElementType().isF32()) ||
        !interpreter.compile(scalar.getBody(), scalar.getResult()))
      return {};
    SmallVector<SmallVector<float>> inputs;
    for (DenseElementsAttr operand : operands) {
      inputs.push_back(readAsFloats(operand));
      if (inputs.back().empty())
        return {};
    }
    SmallVector<float> arguments(operands.size()), results;
    for (int64_t i : llvm::seq(type.getNumElements())) {
      for (auto [n, input] : llvm::enumerate(inputs))
        arguments[n] = input[positions[n][i]];
      results.push_back(interpreter.run(arguments));
    }
    if (!isBool)
      return DenseElementsAttr::get(type, ArrayRef<float>(results));
    SmallVector<bool> truths;
    for (float value : results)
      truths.push_back(value != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(truths));
  }

  RewriteCounts &counts;
  int64_t maxElements;
};
} // namespace

void rac::populateConstantPatterns(RewritePatternSet &patterns,
                                   RewriteCounts &counts, int64_t maxElements) {
  patterns.add<FoldElementwise>(patterns.getContext(), counts, maxElements);
  populateMovementPatterns(patterns, counts, maxElements);
}
