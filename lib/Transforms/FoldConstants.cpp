//===- FoldConstants.cpp - Computes ops on constants ----------------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"
#include <functional>

using namespace mlir;
using namespace rac;

//===----------------------------------------------------------------------===//
// Elementwise: the op's own scalar body, folded for each element
//===----------------------------------------------------------------------===//

namespace {
/// Runs an op's scalar body on attributes.
class ScalarInterpreter {
public:
  explicit ScalarInterpreter(ElementwiseOpInterface op) {
    OpBuilder builder(op.getContext());
    builder.setInsertionPointToStart(&body);
    for (Value operand : op->getOperands())
      body.addArgument(getElementTypeOrSelf(operand), op.getLoc());
    result = op.buildScalar(builder, op.getLoc(), body.getArguments());
  }
  ~ScalarInterpreter() {
    // Users before what they use.
    while (!body.empty())
      body.back().erase();
  }

  Block &getBody() { return body; }
  Value getResult() { return result; }

  /// Null where an op doesn't fold.
  Attribute run(ArrayRef<Attribute> arguments) {
    DenseMap<Value, Attribute> values;
    for (auto [argument, value] :
         llvm::zip_equal(body.getArguments(), arguments))
      values[argument] = value;
    for (Operation &op : body) {
      SmallVector<Attribute> operands;
      for (Value operand : op.getOperands())
        operands.push_back(values.lookup(operand));
      SmallVector<OpFoldResult> results;
      if (failed(op.fold(operands, results)) ||
          results.size() != op.getNumResults())
        return {};
      for (auto [value, folded] : llvm::zip_equal(op.getResults(), results)) {
        auto attribute = dyn_cast<Attribute>(folded);
        // A fold may answer with one of the op's operands.
        values[value] =
            attribute ? attribute : values.lookup(cast<Value>(folded));
        if (!values[value])
          return {};
      }
    }
    return values.lookup(result);
  }

private:
  Block body;
  Value result;
};
} // namespace

//===----------------------------------------------------------------------===//
// The same for f32 and i1 without attributes, for large constants
//===----------------------------------------------------------------------===//

namespace {
/// Runs a scalar body of common ops on floats; truth values are 0 and 1.
class FloatInterpreter {
public:
  /// Whether it knows all ops of the body.
  bool compile(Block &body, Value result) {
    llvm::DenseMap<Value, unsigned> slots;
    for (Value argument : body.getArguments())
      slots[argument] = next++;
    for (Operation &op : body) {
      Step step;
      if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
        auto value = dyn_cast<FloatAttr>(constant.getValue());
        auto truth = dyn_cast<BoolAttr>(constant.getValue());
        if (!(value && value.getType().isF32()) && !truth)
          return false;
        float number = truth ? truth.getValue() : value.getValueAsDouble();
        step.run = [number](const float *) { return number; };
      } else if (!(step.run = functionOf(&op))) {
        return false;
      }
      for (auto [i, operand] : llvm::enumerate(op.getOperands()))
        step.operands[i] = slots.lookup(operand);
      steps.push_back(std::move(step));
      slots[op.getResult(0)] = next++;
    }
    resultSlot = slots.lookup(result);
    return true;
  }

  float run(ArrayRef<float> arguments) {
    values.resize(next);
    llvm::copy(arguments, values.begin());
    unsigned slot = arguments.size();
    for (const Step &step : steps) {
      float operands[3] = {values[step.operands[0]], values[step.operands[1]],
                           values[step.operands[2]]};
      values[slot++] = step.run(operands);
    }
    return values[resultSlot];
  }

private:
  using Function = std::function<float(const float *)>;
  struct Step {
    Function run;
    unsigned operands[3] = {0, 0, 0};
  };

  static Function functionOf(Operation *op) {
    Type type = op->getResult(0).getType();
    if (!type.isF32() && !type.isInteger(1))
      return {};
    return llvm::TypeSwitch<Operation *, Function>(op)
        .Case<arith::AddFOp>([](auto) -> Function {
          return [](const float *a) { return a[0] + a[1]; };
        })
        .Case<arith::SubFOp>([](auto) -> Function {
          return [](const float *a) { return a[0] - a[1]; };
        })
        .Case<arith::MulFOp>([](auto) -> Function {
          return [](const float *a) { return a[0] * a[1]; };
        })
        .Case<arith::DivFOp>([](auto) -> Function {
          return [](const float *a) { return a[0] / a[1]; };
        })
        .Case<arith::NegFOp>([](auto) -> Function {
          return [](const float *a) { return -a[0]; };
        })
        .Case<arith::SelectOp>([](auto) -> Function {
          return [](const float *a) { return a[0] != 0 ? a[1] : a[2]; };
        })
        .Case<arith::XOrIOp>([](auto) -> Function {
          return [](const float *a) { return float(a[0] != a[1]); };
        })
        .Case<arith::AndIOp>([](auto) -> Function {
          return [](const float *a) { return float(a[0] != 0 && a[1] != 0); };
        })
        .Case<arith::OrIOp>([](auto) -> Function {
          return [](const float *a) { return float(a[0] != 0 || a[1] != 0); };
        })
        .Case<arith::CmpFOp>([](arith::CmpFOp op) -> Function {
          if (!op.getLhs().getType().isF32())
            return {};
          arith::CmpFPredicate predicate = op.getPredicate();
          return [predicate](const float *a) -> float {
            return arith::applyCmpPredicate(predicate, APFloat(a[0]),
                                            APFloat(a[1]));
          };
        })
        .Default(Function());
  }

  SmallVector<Step> steps;
  SmallVector<float> values;
  unsigned next = 0, resultSlot = 0;
};
} // namespace

/// The elements of an f32 or i1 constant as floats; none for others.
static SmallVector<float> readAsFloats(DenseElementsAttr attr) {
  SmallVector<float> values;
  if (attr.getElementType().isF32())
    llvm::append_range(values, attr.getValues<float>());
  else if (attr.getElementType().isInteger(1))
    llvm::append_range(values, attr.getValues<bool>());
  return values;
}

/// The constant as an attribute with elements to read, or null.
static DenseElementsAttr getDense(Value value) {
  auto constant = value.getDefiningOp<ConstantOp>();
  if (!constant)
    return {};
  if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
    return dense;
  std::optional<ConstantBytes> data = getConstantBytes(value);
  if (!data)
    return {};
  return DenseElementsAttr::getFromRawBuffer(cast<ShapedType>(value.getType()),
                                             data->bytes);
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

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

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

void rac::populateConstantPatterns(RewritePatternSet &patterns,
                                   RewriteCounts &counts, int64_t maxElements) {
  MLIRContext *ctx = patterns.getContext();
  patterns.add<FoldElementwise, FoldSlice, FoldConcat, FoldScatterNd>(
      ctx, counts, maxElements);
  patterns.add<FoldTranspose>(ctx, counts);
}
