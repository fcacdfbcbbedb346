//===- RecognizeIntegers.cpp - Products of integers less zero points ------===//
//
// A model says with 32-bit integers, from which zero points have been
// subtracted, what kernels compute on bytes:
//
//   matmul(cast(a) - x, cast(b) - y)
//     = matmul(a, b) - x * (sums of b's columns)
//                    - (sums of rows of cast(a) - x) * y
//
// Convolutions likewise, whose rows are windows. It is what the model says to
// the last bit: all of it wraps as sums of 32 bits do.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Patterns.h"
#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/ShapeContext.h"

using namespace mlir;
using namespace rac;

namespace {

//===----------------------------------------------------------------------===//
// Factors
//===----------------------------------------------------------------------===//

/// cast(bytes) - zero, in i32.
struct Centred {
  Value bytes;
  Value zero; ///< null: none
};

std::optional<Centred> centredOf(Value value) {
  Centred result;
  if (auto sub = value.getDefiningOp<SubOp>()) {
    result.zero = sub.getRhs();
    // Zero points of more elements than there are bytes repeat these.
    if (sub.getType() != sub.getLhs().getType())
      return std::nullopt;
    value = sub.getLhs();
  }
  auto cast = value.getDefiningOp<rac::CastOp>();
  if (!cast || !getElementTypeOrSelf(cast.getInput()).isInteger(8) ||
      !getElementTypeOrSelf(value).isSignlessInteger(32))
    return std::nullopt;
  result.bytes = cast.getInput();
  return result;
}

int64_t rankOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

/// Whether a zero point, of an operand of `rank` dimensions, is the same along
/// each of them but one.
bool variesOnlyAlong(Value zero, int64_t rank, int64_t dim) {
  if (!zero)
    return true;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(zero.getType()).getShape();
  for (auto [i, size] : llvm::enumerate(shape))
    if (size != 1 && rank - int64_t(shape.size()) + int64_t(i) != dim)
      return false;
  return true;
}

/// Whether it is the same along one of them.
bool isSameAlong(Value zero, int64_t rank, int64_t dim) {
  if (!zero)
    return true;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(zero.getType()).getShape();
  int64_t at = dim - rank + int64_t(shape.size());
  return at < 0 || shape[at] == 1;
}

/// What `value` has its numbers of, widened or in another shape; null: of
/// nothing but itself.
Value widenedFrom(Value value) {
  if (auto reshape = value.getDefiningOp<ReshapeOp>())
    return reshape.getInput();
  auto cast = value.getDefiningOp<rac::CastOp>();
  if (!cast)
    return {};
  auto from = dyn_cast<IntegerType>(getElementTypeOrSelf(cast.getInput()));
  auto to = dyn_cast<IntegerType>(getElementTypeOrSelf(value));
  // A true i1 is -1 where it is read as a number, and 1 when it is cast.
  if (!from || !to || from.getWidth() == 1 ||
      from.getWidth() >= to.getWidth() ||
      (to.isUnsigned() && !from.isUnsigned()))
    return {};
  return cast.getInput();
}

/// All elements of an integer constant of at most 32 bits.
std::optional<SmallVector<int64_t>> integersOf(Value value) {
  while (Value source = widenedFrom(value))
    value = source;
  DenseElementsAttr dense = getDense(value);
  if (!dense || !isa<IntegerType>(dense.getElementType()))
    return std::nullopt;
  bool isUnsigned = dense.getElementType().isUnsignedInteger();
  SmallVector<int64_t> values;
  for (const APInt &element : dense.getValues<APInt>())
    values.push_back(isUnsigned ? element.getZExtValue()
                                : element.getSExtValue());
  return values;
}

/// Constant weights: signed bytes, and for each channel what is subtracted from
/// its bytes.
struct Weights {
  SmallVector<int64_t> bytes, zeros;
};

/// The weights that `values` are, `inner` elements of each channel side by
/// side: as they are where signed bytes can hold all of them.
std::optional<Weights> signedWeights(SmallVector<int64_t> values,
                                     int64_t channels, int64_t inner) {
  if (llvm::all_of(values, llvm::isInt<8>))
    return Weights{std::move(values), {}};
  SmallVector<int64_t> least(channels, INT32_MAX);
  auto channelOf = [&](int64_t i) { return i / inner % channels; };
  for (auto [i, value] : llvm::enumerate(values))
    least[channelOf(i)] = std::min(least[channelOf(i)], value);
  Weights result{std::move(values), {}};
  for (auto [i, value] : llvm::enumerate(result.bytes)) {
    value += INT8_MIN - least[channelOf(i)];
    if (!llvm::isInt<8>(value))
      return std::nullopt;
  }
  for (int64_t first : least)
    result.zeros.push_back(INT8_MIN - first);
  return result;
}

Value makeIntegers(PatternRewriter &rewriter, Location loc,
                   ArrayRef<int64_t> values) {
  auto type = RankedTensorType::get(values.size(), rewriter.getI32Type());
  SmallVector<int32_t> numbers(values.begin(), values.end());
  return makeConstant(rewriter, loc, type, [&](MutableArrayRef<char> bytes) {
    memcpy(bytes.data(), numbers.data(), bytes.size());
  });
}

Value makeBytes(PatternRewriter &rewriter, Location loc, RankedTensorType type,
                ArrayRef<int64_t> values) {
  return makeConstant(rewriter, loc, type.clone(rewriter.getI8Type()),
                      [&](MutableArrayRef<char> bytes) {
                        for (auto [to, value] : llvm::zip_equal(bytes, values))
                          to = static_cast<char>(value);
                      });
}

/// The op's result, of the shape that its operands make.
Value finish(Operation *op) {
  auto shapes = inferStaticShapes(op);
  assert(succeeded(shapes) && "made of operands that don't fit");
  Value result = op->getResult(0);
  result.setType(
      RankedTensorType::get(shapes->front(), getElementTypeOrSelf(result)));
  return result;
}

RankedTensorType shapeless(Type element) {
  return RankedTensorType::get({}, element);
}

template <typename OpT>
Value make(PatternRewriter &rewriter, Location loc, Value lhs, Value rhs) {
  return finish(
      OpT::create(rewriter, loc, shapeless(rewriter.getI32Type()), lhs, rhs));
}

/// The right factor `value`, whose channels are dimension `channel`; constant
/// ones are signed bytes, which libraries and all processors multiply. None if
/// it isn't made of bytes.
std::optional<Centred> rightFactor(PatternRewriter &rewriter, Value value,
                                   int64_t channel) {
  Location loc = value.getLoc();
  std::optional<Centred> centred = centredOf(value);
  // What is small has been computed already.
  Value source = centred ? centred->bytes : value;
  if (!source.getDefiningOp<ConstantOp>())
    return centred;
  auto values = integersOf(source);
  if (!values)
    return centred;
  auto type = cast<RankedTensorType>(source.getType());
  int64_t channels = type.getDimSize(channel),
          inner = llvm::product_of(type.getShape().drop_front(channel + 1));
  Value zero = centred ? centred->zero : Value();
  auto points = zero ? integersOf(zero) : SmallVector<int64_t>{0};
  if (points && variesOnlyAlong(zero, type.getRank(), channel)) {
    for (auto [i, element] : llvm::enumerate(*values))
      element -= (*points)[points->size() == 1 ? 0 : i / inner % channels];
    zero = {};
  }
  auto weights = signedWeights(std::move(*values), channels, inner);
  if (!weights)
    return centred;
  Value shift;
  if (!weights->zeros.empty()) {
    shift = makeIntegers(rewriter, loc, weights->zeros);
    // Along the channels, whatever comes after them.
    SmallVector<OpFoldResult> sizes(type.getRank() - channel,
                                    rewriter.getIndexAttr(1));
    sizes.front() = rewriter.getIndexAttr(channels);
    if (sizes.size() > 1)
      shift = ReshapeOp::create(rewriter, loc, shift, sizes);
  }
  if (zero && shift)
    zero = make<AddOp>(rewriter, loc, zero, shift);
  else if (shift)
    zero = shift;
  return Centred{makeBytes(rewriter, loc, type, weights->bytes), zero};
}

/// Sums of bytes over some dimensions; a constant's of all but one are known.
Value sumOver(PatternRewriter &rewriter, Value bytes, ArrayRef<int64_t> axes,
              bool keep) {
  Location loc = bytes.getLoc();
  int64_t rank = rankOf(bytes);
  if (int64_t(axes.size()) == rank - 1 && !keep)
    for (int64_t dim = 0; dim < rank; ++dim)
      if (!llvm::is_contained(axes, dim))
        if (auto sums = sumsOf(bytes, dim))
          return makeIntegers(rewriter, loc, *sums);
  Type i32 = rewriter.getI32Type();
  Value wide =
      finish(rac::CastOp::create(rewriter, loc, shapeless(i32), bytes));
  return finish(ReduceOp::create(rewriter, loc, shapeless(i32), ReduceKind::sum,
                                 wide, axes, keep));
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

struct MultiplyCentredMatmul : OpRewritePattern<MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(MatmulOp op,
                                PatternRewriter &rewriter) const override {
    int64_t lhsRank = rankOf(op.getLhs()), rhsRank = rankOf(op.getRhs());
    auto lhs = centredOf(op.getLhs());
    if (!lhs || !isSameAlong(lhs->zero, lhsRank, lhsRank - 1))
      return rewriter.notifyMatchFailure(
          op, "left factor isn't bytes with a zero point for each row");
    if (auto own = centredOf(op.getRhs());
        own && !isSameAlong(own->zero, rhsRank, rhsRank - 2))
      return rewriter.notifyMatchFailure(
          op, "right factor has a zero point for each of its rows");
    auto rhs = rightFactor(rewriter, op.getRhs(), rhsRank - 1);
    if (!rhs)
      return rewriter.notifyMatchFailure(op, "right factor isn't bytes");

    Location loc = op.getLoc();
    Value result =
        MatmulOp::create(rewriter, loc, op.getType(), lhs->bytes, rhs->bytes);
    auto subtract = [&](Value sums, Value zero) {
      result = make<SubOp>(rewriter, loc, result,
                           make<MulOp>(rewriter, loc, sums, zero));
    };
    if (lhs->zero)
      subtract(sumOver(rewriter, rhs->bytes, rhsRank - 2, rhsRank != 2),
               lhs->zero);
    if (rhs->zero) {
      Value rows = finish(ReduceOp::create(
          rewriter, loc, shapeless(rewriter.getI32Type()), ReduceKind::sum,
          op.getLhs(), lhsRank - 1, /*keep_dims=*/true));
      subtract(rows, rhs->zero);
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

/// A convolution of bytes with what filters are multiplied with.
class CentredConv {
public:
  /// `zero` of the input: a number, or what only the run knows, or neither.
  CentredConv(PatternRewriter &rewriter, ConvOp op, Value input, int64_t number,
              Value zero)
      : rewriter(rewriter), op(op), input(input), number(number), zero(zero) {}

  /// With the input's zero point subtracted.
  Value multiply(Value filter) {
    auto conv =
        ConvOp::create(rewriter, op.getLoc(), shapeless(rewriter.getI32Type()),
                       input, filter, op.getStrides(), op.getDilations(), low(),
                       high(), op.getGroups(), number);
    Value result = finish(conv);
    if (!zero)
      return result;
    SmallVector<int64_t> axes =
        llvm::to_vector(llvm::seq<int64_t>(1, rankOf(filter)));
    Value sums = sumOver(rewriter, filter, axes, /*keep=*/false);
    return make<SubOp>(rewriter, op.getLoc(), result,
                       make<MulOp>(rewriter, op.getLoc(), sums, zero));
  }

  /// Has what is around the input be in memory, as `value` says.
  void pad(Value value) {
    if (llvm::all_of(op.getPadsLow(), [](int64_t n) { return n == 0; }) &&
        llvm::all_of(op.getPadsHigh(), [](int64_t n) { return n == 0; }))
      return;
    auto amounts = [&](ArrayRef<int64_t> spatial) {
      SmallVector<OpFoldResult> all = {rewriter.getIndexAttr(0)};
      for (int64_t amount : spatial)
        all.push_back(rewriter.getIndexAttr(amount));
      all.push_back(rewriter.getIndexAttr(0));
      return all;
    };
    input = finish(PadOp::create(rewriter, op.getLoc(), PadMode::constant,
                                 input, value, amounts(op.getPadsLow()),
                                 amounts(op.getPadsHigh())));
    isPadded = true;
  }

private:
  SmallVector<int64_t> low() { return amounts(op.getPadsLow()); }
  SmallVector<int64_t> high() { return amounts(op.getPadsHigh()); }
  SmallVector<int64_t> amounts(ArrayRef<int64_t> given) {
    return isPadded ? SmallVector<int64_t>(given.size(), 0)
                    : SmallVector<int64_t>(given);
  }

  PatternRewriter &rewriter;
  ConvOp op;
  Value input;
  int64_t number;
  Value zero;
  bool isPadded = false;
};

/// The only element of a tensor as one of rank 0.
Value scalarOf(PatternRewriter &rewriter, Value value) {
  return rankOf(value) == 0 ? value
                            : ReshapeOp::create(rewriter, value.getLoc(), value,
                                                ArrayRef<OpFoldResult>());
}

/// The bytes that have been widened to a zero point; null if there are none.
Value narrowZero(Value zero, Type element) {
  while (zero && getElementTypeOrSelf(zero) != element)
    zero = widenedFrom(zero);
  return zero;
}

bool isOf(int64_t number, Type byte) {
  return byte.isUnsignedInteger() ? llvm::isUInt<8>(number)
                                  : llvm::isInt<8>(number);
}

struct MultiplyCentredConv : OpRewritePattern<ConvOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ConvOp op,
                                PatternRewriter &rewriter) const override {
    auto input = centredOf(op.getInput());
    if (!input || op.getInputZero() != 0)
      return rewriter.notifyMatchFailure(op, "input isn't centred bytes");
    Type element = getElementTypeOrSelf(input->bytes);
    Value around;
    std::optional<SmallVector<int64_t>> number = SmallVector<int64_t>{0};
    if (input->zero) {
      auto type = cast<RankedTensorType>(input->zero.getType());
      if (!type.hasStaticShape() || type.getNumElements() != 1)
        return rewriter.notifyMatchFailure(op, "input has several zero points");
      number = integersOf(input->zero);
      around = number ? Value() : narrowZero(input->zero, element);
      if (number ? !isOf(number->front(), element) : !around)
        return rewriter.notifyMatchFailure(op, "its zero point is no byte");
    }

    auto type = cast<RankedTensorType>(op.getFilter().getType());
    auto own = centredOf(op.getFilter());
    if (own && own->zero &&
        (!variesOnlyAlong(own->zero, type.getRank(), 0) ||
         !cast<RankedTensorType>(own->zero.getType()).hasStaticShape()))
      return rewriter.notifyMatchFailure(
          op, "has other than a zero point for each filter");
    // Ones are multiplied where filters have zero points.
    if (!type.hasStaticShape())
      return rewriter.notifyMatchFailure(op, "its filter's sizes aren't known");
    auto filter = rightFactor(rewriter, op.getFilter(), 0);
    if (!filter)
      return rewriter.notifyMatchFailure(op, "filter isn't bytes");

    Location loc = op.getLoc();
    CentredConv conv(rewriter, op, input->bytes, number ? number->front() : 0,
                     number ? Value() : scalarOf(rewriter, input->zero));
    if (!number)
      conv.pad(scalarOf(rewriter, around));
    Value result = conv.multiply(filter->bytes);
    if (filter->zero) {
      auto zero = cast<RankedTensorType>(filter->zero.getType());
      Value points = ReshapeOp::create(
          rewriter, loc, filter->zero,
          ArrayRef<OpFoldResult>(rewriter.getIndexAttr(zero.getNumElements())));
      SmallVector<int64_t> shape(type.getShape());
      // The sums of a window are the same for all filters of a group.
      if (op.getGroups() == 1)
        shape.front() = 1;
      auto ones = RankedTensorType::get(shape, rewriter.getI8Type());
      Value windows = conv.multiply(rac::ConstantOp::create(
          rewriter, loc,
          DenseElementsAttr::get(ones, rewriter.getI8IntegerAttr(1))));
      result = make<SubOp>(rewriter, loc, result,
                           make<MulOp>(rewriter, loc, windows, points));
    }
    rewriter.replaceOp(op, result);
    return success();
  }
};

} // namespace

void rac::populateIntegerPatterns(RewritePatternSet &patterns) {
  patterns.add<MultiplyCentredMatmul, MultiplyCentredConv>(
      patterns.getContext());
}
