//===- Match.cpp - softmax(f(q k)) v in linalg ops ------------------------===//

#include "../Rows/LaneBody.h"
#include "../Rows/Neighbours.h"
#include "Attention.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "rac/Lowering/Reductions.h"

using namespace mlir;
using namespace rac;
using namespace rac::attention;

namespace {

class Matcher {
public:
  Matcher(ArrayRef<linalg::LinalgOp> ops, std::string &why)
      : rest(ops), why(why) {}
  std::optional<Attention> run();

private:
  bool refuse(StringRef reason) {
    why = reason.str();
    return false;
  }
  /// The next op that isn't a fill; null at the end.
  linalg::LinalgOp take();
  bool takeFill(linalg::LinalgOp op, double value);
  bool matchScores();
  bool matchBetween(linalg::LinalgOp op);
  bool matchSoftmax(linalg::LinalgOp first);
  void describeBetween();
  bool matchOutput();
  bool checkBuffers();
  /// The operand of `op` that is `buffer`, all of it or by rows.
  OpOperand *readOf(linalg::LinalgOp op, Value buffer, bool byRows);
  bool isElementwise(linalg::LinalgOp op);
  bool isRowReduction(linalg::LinalgOp op, Value buffer);

  ArrayRef<linalg::LinalgOp> rest;
  std::string &why;
  Attention found;
  Value current; ///< the buffer that has the scores so far
};

} // namespace

linalg::LinalgOp Matcher::take() {
  while (!rest.empty()) {
    linalg::LinalgOp op = rest.front();
    rest = rest.drop_front();
    if (!isa<linalg::FillOp>(op))
      return op;
  }
  return {};
}

/// The fill before `op`, if that starts from `value`.
bool Matcher::takeFill(linalg::LinalgOp op, double value) {
  linalg::FillOp fill = nvptx::findFill(op, 0);
  FloatAttr constant;
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&constant)) ||
      constant.getValueAsDouble() != value)
    return refuse("doesn't start from what is neutral");
  found.fills.push_back(fill);
  return true;
}

static Value yieldOf(linalg::LinalgOp op) {
  return op.getBlock()->getTerminator()->getOperand(0);
}

/// What is widened to `value`, or itself.
static Value beforeWidening(Value value) {
  auto wider = value.getDefiningOp<arith::ExtFOp>();
  return wider ? wider.getIn() : value;
}

/// out + x * y, summed in f32, and nothing else. Factors may be wider here than
/// in memory.
static bool isProduct(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1)
    return false;
  Block *body = op.getBlock();
  auto add = yieldOf(op).getDefiningOp<arith::AddFOp>();
  if (!add || !add.getType().isF32())
    return false;
  Value out = body->getArgument(2), product = add.getLhs();
  if (product == out)
    product = add.getRhs();
  else if (add.getRhs() != out)
    return false;
  auto mul = product.getDefiningOp<arith::MulFOp>();
  if (!mul)
    return false;
  Value left = beforeWidening(mul.getLhs()),
        right = beforeWidening(mul.getRhs());
  Value x = body->getArgument(0), y = body->getArgument(1);
  return (left == x && right == y) || (left == y && right == x);
}

/// The loops that are each a dimension of `operand`; none if one isn't alone.
static std::optional<SmallVector<unsigned>> loopsOf(linalg::LinalgOp op,
                                                    OpOperand *operand) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (!map.isProjectedPermutation())
    return std::nullopt;
  SmallVector<unsigned> loops;
  for (unsigned i : llvm::seq(map.getNumResults()))
    loops.push_back(map.getDimPosition(i));
  return loops;
}

bool Matcher::matchScores() {
  linalg::LinalgOp op = take();
  if (!op || !isProduct(op))
    return refuse("is no product of f32");
  found.scores = op;
  auto loops = loopsOf(op, op.getDpsInitOperand(0));
  if (!loops || loops->size() < 2 || loops->size() != op.getNumParallelLoops())
    return refuse("has results in an order of its own");
  found.scoreLoops = *loops;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  found.depthLoop = reductions.front();
  unsigned rows = loops->end()[-2], columns = loops->back();
  for (OpOperand *input : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(input);
    if (!map.isFunctionOfDim(columns))
      found.q = input;
    else if (!map.isFunctionOfDim(rows))
      found.k = input;
  }
  if (!found.q || !found.k)
    return refuse("has no rows of one and columns of the other factor");
  found.depth = op.getStaticLoopRanges()[found.depthLoop];
  found.element = getElementTypeOrSelf(found.q->get());
  if (found.element != getElementTypeOrSelf(found.k->get()) ||
      !(found.element.isF32() || found.isHalf()))
    return refuse("has factors of types that its tiles don't have");
  current = op.getDpsInits()[0];
  return takeFill(op, 0);
}

bool Matcher::isElementwise(linalg::LinalgOp op) {
  return op.getNumReductionLoops() == 0 && op.getNumDpsInits() == 1 &&
         op.getNumLoops() == found.rank() &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) &&
         (yieldOf(op).getType().isF32() ||
          yieldOf(op).getType() == found.element);
}

OpOperand *Matcher::readOf(linalg::LinalgOp op, Value buffer, bool byRows) {
  OpOperand *read = nullptr;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (input->get() != buffer)
      continue;
    AffineMap map = op.getMatchingIndexingMap(input);
    unsigned results = found.rank() - byRows;
    if (read ||
        map != AffineMap::getMultiDimIdentityMap(found.rank(), op.getContext())
                   .getMajorSubMap(results))
      return nullptr;
    read = input;
  }
  return read;
}

bool Matcher::matchBetween(linalg::LinalgOp op) {
  if (!isElementwise(op) || !readOf(op, current, /*byRows=*/false))
    return false;
  found.between.push_back(op);
  current = op.getDpsInits()[0];
  return true;
}

/// Whether `op` combines the elements of each row of `buffer`.
bool Matcher::isRowReduction(linalg::LinalgOp op, Value buffer) {
  if (!op || op.getNumReductionLoops() != 1 || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.getNumLoops() != found.rank() ||
      !readOf(op, buffer, /*byRows=*/false))
    return false;
  auto identity =
      AffineMap::getMultiDimIdentityMap(found.rank(), op.getContext());
  return op.getMatchingIndexingMap(op.getDpsInitOperand(0)) ==
         identity.getMajorSubMap(found.rank() - 1);
}

/// Whether a value is `Op`, in f32, of both arguments.
template <typename Op> static bool isOf(Value value, Value x, Value y) {
  auto op = value.getDefiningOp<Op>();
  if (!op || !op.getType().isF32())
    return false;
  Value left = beforeWidening(op.getLhs()), right = beforeWidening(op.getRhs());
  return (left == x && right == y) || (left == y && right == x);
}

bool Matcher::matchSoftmax(linalg::LinalgOp first) {
  found.maximum = first;
  Block *body = first.getBlock();
  if (!isRowReduction(first, current) ||
      !isOf<arith::MaximumFOp>(yieldOf(first), body->getArgument(0),
                               body->getArgument(1)) ||
      !takeFill(first, -std::numeric_limits<double>::infinity()))
    return refuse("has no row's largest score");

  linalg::LinalgOp exps = take();
  Value largest = first.getDpsInits()[0];
  OpOperand *score = exps ? readOf(exps, current, false) : nullptr;
  OpOperand *max = exps ? readOf(exps, largest, true) : nullptr;
  if (!score || !max || !isElementwise(exps) || exps.getNumDpsInputs() != 2)
    return refuse("has no exponentials of the scores");
  auto exp = yieldOf(exps).getDefiningOp<math::ExpOp>();
  auto difference =
      exp ? exp.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  if (!difference || !exp.getType().isF32() ||
      beforeWidening(difference.getLhs()) !=
          exps.getMatchingBlockArgument(score) ||
      difference.getRhs() != exps.getMatchingBlockArgument(max))
    return refuse("has no exponentials of the scores less the largest");
  found.exponentials = exps;

  linalg::LinalgOp sum = take();
  if (!isRowReduction(sum, exps.getDpsInits()[0]) ||
      !isOf<arith::AddFOp>(yieldOf(sum), sum.getBlock()->getArgument(0),
                           sum.getBlock()->getArgument(1)) ||
      !takeFill(sum, 0))
    return refuse("has no sums of the exponentials");
  found.sum = sum;

  linalg::LinalgOp weights = take();
  OpOperand *value =
      weights ? readOf(weights, exps.getDpsInits()[0], false) : nullptr;
  OpOperand *total =
      weights ? readOf(weights, sum.getDpsInits()[0], true) : nullptr;
  if (!value || !total || !isElementwise(weights) ||
      weights.getNumDpsInputs() != 2)
    return refuse("has no exponentials by their sum");
  Value x = weights.getMatchingBlockArgument(value),
        y = weights.getMatchingBlockArgument(total), result = yieldOf(weights);
  // They are rounded before they are multiplied in any case.
  if (auto narrow = result.getDefiningOp<arith::TruncFOp>())
    result = narrow.getIn();
  // select(w is NaN, 0, w)
  if (auto select = result.getDefiningOp<arith::SelectOp>()) {
    auto isNaN = select.getCondition().getDefiningOp<arith::CmpFOp>();
    result = select.getFalseValue();
    if (!isNaN || isNaN.getPredicate() != arith::CmpFPredicate::UNO ||
        isNaN.getLhs() != result || isNaN.getRhs() != result ||
        !matchPattern(select.getTrueValue(), m_PosZeroFloat()))
      return refuse("has no exponentials by their sum");
    found.zeroForNaN = true;
  }
  auto isQuotient = [](Value quotient, auto isLeft, Value right) {
    auto div = quotient.getDefiningOp<arith::DivFOp>();
    return div && isLeft(div.getLhs()) && div.getRhs() == right;
  };
  auto isOne = [](Value value) { return matchPattern(value, m_OneFloat()); };
  bool plain = isQuotient(result, [&](Value left) { return left == x; }, y);
  if (auto mul = result.getDefiningOp<arith::MulFOp>())
    plain = (mul.getLhs() == x && isQuotient(mul.getRhs(), isOne, y)) ||
            (mul.getRhs() == x && isQuotient(mul.getLhs(), isOne, y));
  if (!plain)
    return refuse("has no exponentials by their sum");
  found.weights = weights;
  current = weights.getDpsInits()[0];
  return true;
}

/// Finds out whether all that is between is a scale and what hides later
/// columns.
void Matcher::describeBetween() {
  if (found.between.empty())
    found.scale = 1;
  if (found.between.size() != 1)
    return;
  linalg::LinalgOp op = found.between.front();
  Value value = yieldOf(op);
  bool causal = false;
  if (auto select = value.getDefiningOp<arith::SelectOp>()) {
    auto compare = select.getCondition().getDefiningOp<arith::CmpIOp>();
    auto isIndex = [&](Value index, unsigned dim) {
      auto indexOp = index.getDefiningOp<linalg::IndexOp>();
      return indexOp && indexOp.getDim() == dim;
    };
    unsigned row = found.rank() - 2, column = found.rank() - 1;
    if (!compare || !matchPattern(select.getTrueValue(), m_NegInfFloat()) ||
        compare.getPredicate() != arith::CmpIPredicate::ult ||
        !isIndex(compare.getLhs(), row) || !isIndex(compare.getRhs(), column))
      return;
    value = select.getFalseValue();
    causal = true;
  }
  double scale = 1;
  if (auto product = value.getDefiningOp<arith::MulFOp>()) {
    FloatAttr factor;
    if (!matchPattern(product.getRhs(), m_Constant(&factor)))
      return;
    scale = factor.getValueAsDouble();
    value = product.getLhs();
  }
  OpOperand *score = readOf(op, found.scores.getDpsInits()[0],
                            /*byRows=*/false);
  if (!value.getType().isF32() || !(scale > 0) || !std::isfinite(scale) ||
      !score || value != op.getMatchingBlockArgument(score))
    return;
  found.scale = scale;
  found.causal = causal;
}

bool Matcher::matchOutput() {
  linalg::LinalgOp op = take();
  if (!op || !isProduct(op))
    return refuse("has no product of the weights");
  OpOperand *weights = nullptr;
  for (OpOperand *input : op.getDpsInputOperands())
    (input->get() == current ? weights : found.v) = input;
  if (!weights || !found.v)
    return refuse("has no product of the weights and something else");
  if (getElementTypeOrSelf(found.v->get()) != found.element)
    return refuse("has values of another type than the queries");
  found.output = op;
  auto loops = loopsOf(op, weights);
  auto out = loopsOf(op, op.getDpsInitOperand(0));
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (!loops || !out || loops->size() != found.rank() ||
      out->size() != op.getNumParallelLoops() ||
      op.getNumLoops() != found.rank() + 1 ||
      loops->back() != reductions.front())
    return refuse("doesn't add up the weights' columns");
  found.outputLoops = *loops;
  AffineMap map = op.getMatchingIndexingMap(found.v);
  for (unsigned loop : llvm::seq(op.getNumLoops()))
    if (!llvm::is_contained(*loops, loop))
      found.valueLoop = loop;
  if (map.isFunctionOfDim(loops->end()[-2]))
    return refuse("has other values for each row");
  found.values = op.getStaticLoopRanges()[found.valueLoop];
  if (!takeFill(op, 0))
    return false;
  found.epilogue = nvptx::findEpilogue(op, found.fills.back());
  return true;
}

/// Whether nothing else looks at what is between, and the result is no operand.
bool Matcher::checkBuffers() {
  llvm::SmallPtrSet<Operation *, 16> inside;
  for (linalg::LinalgOp op : {found.scores, found.maximum, found.exponentials,
                              found.sum, found.weights, found.output})
    inside.insert(op);
  for (linalg::LinalgOp op : found.between)
    inside.insert(op);
  SmallVector<linalg::LinalgOp> makers = {found.scores, found.maximum,
                                          found.exponentials, found.sum,
                                          found.weights};
  llvm::append_range(makers, found.between);
  for (linalg::FillOp fill : found.fills)
    inside.insert(fill);
  llvm::SmallDenseSet<Value> own;
  for (linalg::LinalgOp op : makers) {
    Value buffer = op.getDpsInits()[0];
    own.insert(buffer);
    if (!buffer.getDefiningOp<memref::AllocOp>() ||
        !llvm::all_of(buffer.getUsers(), [&](Operation *user) {
          return inside.contains(user) || isa<memref::DimOp>(user);
        }))
      return refuse("has scores that are needed elsewhere");
  }
  // Blocks write rows while others still read.
  Value result = baseOf(found.last().getDpsInits()[0]);
  SmallVector<OpOperand *> reads = {found.q, found.k, found.v};
  for (linalg::LinalgOp op : found.between)
    llvm::append_range(reads, op.getDpsInputOperands());
  for (OpOperand *read : reads)
    if (isa<MemRefType>(read->get().getType()) && baseOf(read->get()) == result)
      return refuse("writes what it reads");
  // What comes in between reads the scores through `current` only.
  for (linalg::LinalgOp op : found.between)
    for (OpOperand *input : op.getDpsInputOperands())
      if (own.contains(input->get()) &&
          !op.getMatchingIndexingMap(input).isIdentity())
        return refuse("has scores that are read in another order");
  for (OpOperand *operand : {found.q, found.k, found.v})
    if (own.contains(operand->get()))
      return refuse("has scores as an operand");
  return true;
}

std::optional<Attention> Matcher::run() {
  if (!matchScores())
    return std::nullopt;
  linalg::LinalgOp op = take();
  while (op && matchBetween(op))
    op = take();
  describeBetween();
  if (!op || !matchSoftmax(op) || !matchOutput() || !checkBuffers())
    return std::nullopt;
  // What tensor cores take at once, and what registers hold.
  constexpr int64_t most = 128;
  int64_t step = found.isHalf() ? 16 : 8;
  for (int64_t length : {found.depth, found.values})
    if (ShapedType::isDynamic(length) || length == 0 || length % step != 0 ||
        length > most) {
      refuse("has vectors of a length that its tiles don't have");
      return std::nullopt;
    }
  // Of fewer, most of what tensor cores compute would be for nothing.
  constexpr int64_t fewRows = 16;
  int64_t rows = found.scores.getStaticLoopRanges()[found.scoreLoops.end()[-2]];
  if (!ShapedType::isDynamic(rows) && rows < fewRows) {
    refuse("has few rows");
    return std::nullopt;
  }
  return found;
}

std::optional<Attention>
rac::attention::matchAttention(ArrayRef<linalg::LinalgOp> ops,
                               std::string &why) {
  return Matcher(ops, why).run();
}
