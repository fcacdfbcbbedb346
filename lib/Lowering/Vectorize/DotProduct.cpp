//===- DotProduct.cpp - Sums of a few products in one step ----------------===//

#include "DotProduct.h"
#include "LoopRoles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

/// A lane's, in which products are summed.
constexpr int64_t kLaneBits = 32;

std::optional<Interleave> rac::vectorize::splitLast(AffineMap map) {
  if (map.getNumResults() < 2)
    return std::nullopt;
  auto part = [](AffineExpr expr, AffineExprKind kind, unsigned &loop,
                 int64_t &terms) {
    auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
    if (!binary || binary.getKind() != kind)
      return false;
    auto dim = dyn_cast<AffineDimExpr>(binary.getLHS());
    auto constant = dyn_cast<AffineConstantExpr>(binary.getRHS());
    if (!dim || !constant)
      return false;
    loop = dim.getPosition();
    terms = constant.getValue();
    return true;
  };
  Interleave found;
  if (!part(map.getResults().back(), AffineExprKind::Mod, found.loop,
            found.terms))
    return std::nullopt;
  found.groups = AffineMap::get(map.getNumDims(), map.getNumSymbols(),
                                map.getResults().drop_back(), map.getContext());
  unsigned count = 0;
  for (auto [i, expr] : llvm::enumerate(found.groups.getResults())) {
    if (!expr.isFunctionOfDim(found.loop))
      continue;
    unsigned loop = 0;
    int64_t terms = 0;
    if (!part(expr, AffineExprKind::FloorDiv, loop, terms) ||
        terms != found.terms)
      return std::nullopt;
    ++count;
  }
  return count == 1 ? std::optional(found) : std::nullopt;
}

std::optional<Interleave> rac::vectorize::interleaveOf(OpOperand &operand) {
  auto op = cast<linalg::LinalgOp>(operand.getOwner());
  auto found = splitLast(op.getMatchingIndexingMap(&operand));
  bool reduces = found && op.getIteratorTypesArray()[found->loop] ==
                              utils::IteratorType::reduction;
  return reduces ? found : std::nullopt;
}

/// The type of a factor as `dots` name it, and which argument of the body it
/// is.
static std::optional<std::pair<std::string, unsigned>> readFactor(Value value) {
  Operation *widen = value.getDefiningOp();
  if (!isa_and_present<arith::ExtSIOp, arith::ExtUIOp, arith::ExtFOp>(widen))
    return std::nullopt;
  auto argument = dyn_cast<BlockArgument>(widen->getOperand(0));
  if (!argument)
    return std::nullopt;
  Type type = argument.getType();
  std::string name;
  llvm::raw_string_ostream os(name);
  if (isa<arith::ExtFOp>(widen))
    os << type;
  else
    os << (isa<arith::ExtSIOp>(widen) ? 's' : 'u')
       << type.getIntOrFloatBitWidth();
  return std::pair(name, argument.getArgNumber());
}

/// The product that the body adds to its result; null if it does anything else.
static Operation *findProduct(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumReductionLoops() == 0)
    return nullptr;
  Operation *sum = findCombiner(op);
  if (!isa_and_present<arith::AddIOp, arith::AddFOp>(sum) ||
      op.getBlock()->getTerminator()->getOperand(0) != sum->getResult(0))
    return nullptr;
  Value accumulator = op.getRegionOutputArgs()[0];
  Value product = sum->getOperand(sum->getOperand(0) == accumulator ? 1 : 0);
  Operation *multiply = product.getDefiningOp();
  if (!isa_and_present<arith::MulIOp, arith::MulFOp>(multiply) ||
      product.getType().getIntOrFloatBitWidth() != kLaneBits)
    return nullptr;
  return multiply;
}

std::optional<unsigned>
rac::vectorize::innermostReduction(linalg::LinalgOp op) {
  auto iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (unsigned loop = op.getNumLoops(); loop-- > 0;)
    if (iterators[loop] == utils::IteratorType::reduction && ranges[loop] != 1)
      return loop;
  return std::nullopt;
}

/// Of blocks: two rows by two columns.
constexpr int64_t kBlockRows = 2;

SmallVector<DotProduct>
rac::vectorize::findDotProducts(linalg::LinalgOp op, OpOperand &vectors,
                                ArrayRef<std::string> dots) {
  Operation *multiply = findProduct(op);
  if (!multiply || needsOrder(findCombiner(op)))
    return {};
  auto lhs = readFactor(multiply->getOperand(0)),
       rhs = readFactor(multiply->getOperand(1));
  if (!lhs || !rhs || lhs->second == rhs->second)
    return {};

  DotProduct dot;
  dot.vectors = vectors.getOperandNumber();
  dot.rows = 1 - dot.vectors;
  OpOperand *other = op.getDpsInputOperand(dot.rows);
  int64_t width =
      getElementTypeOrSelf(vectors.get().getType()).getIntOrFloatBitWidth();
  auto loop = innermostReduction(op);
  if (width != getElementTypeOrSelf(other->get().getType())
                   .getIntOrFloatBitWidth() ||
      !loop || !isContiguous(*other, op.getMatchingIndexingMap(other), *loop))
    return {};
  dot.loop = *loop;

  std::string rows = lhs->second == dot.rows ? lhs->first : rhs->first;
  std::string lanes = lhs->second == dot.rows ? rhs->first : lhs->first;
  SmallVector<DotProduct> found;
  for (StringRef known : dots) {
    auto [first, rest] = known.split(':');
    auto [second, intrinsic] = rest.split(':');
    dot.blockRows = first.consume_front("2x") ? kBlockRows : 1;
    bool straight = first == rows && second == lanes;
    // The other way round a block would be transposed.
    if (!straight && (dot.blockRows > 1 || first != lanes || second != rows))
      continue;
    dot.intrinsic = intrinsic.str();
    dot.vectorsFirst = !straight;
    dot.terms = dot.blockRows * kLaneBits / width;
    found.push_back(dot);
  }
  return found;
}

std::optional<LaneProduct>
rac::vectorize::findLaneProduct(linalg::LinalgOp op, unsigned vectorLoop,
                                ArrayRef<std::string> dots) {
  Operation *multiply = findProduct(op);
  if (!multiply)
    return std::nullopt;
  auto lhs = dyn_cast<BlockArgument>(multiply->getOperand(0)),
       rhs = dyn_cast<BlockArgument>(multiply->getOperand(1));
  if (!lhs || !rhs || lhs.getArgNumber() + rhs.getArgNumber() != 1)
    return std::nullopt;
  LaneProduct product;
  std::string element;
  llvm::raw_string_ostream(element) << lhs.getType();
  for (StringRef known : dots) {
    auto [first, rest] = known.split(':');
    auto [second, intrinsics] = rest.split(':');
    auto [name, terms] = first.rsplit('x');
    if (name != element || second != element ||
        terms.getAsInteger(10, product.terms))
      continue;
    std::tie(product.multiply, product.repeat) = intrinsics.split(':');
    break;
  }
  if (product.multiply.empty())
    return std::nullopt;
  for (unsigned number : {0, 1})
    if (isIndependent(op.getMatchingIndexingMap(op.getDpsInputOperand(number)),
                      vectorLoop))
      product.rows = number;
  product.vectors = 1 - product.rows;
  OpOperand *rows = op.getDpsInputOperand(product.rows);
  AffineMap map = op.getMatchingIndexingMap(rows);
  auto loop = innermostReduction(op);
  if (!loop || !isIndependent(map, vectorLoop) ||
      !isContiguous(*rows, map, *loop))
    return std::nullopt;
  int64_t extent = op.getStaticLoopRanges()[*loop];
  if (!ShapedType::isDynamic(extent) && extent < product.terms)
    return std::nullopt;
  product.loop = *loop;
  return product;
}
