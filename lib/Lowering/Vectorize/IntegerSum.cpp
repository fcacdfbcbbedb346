//===- IntegerSum.cpp - Sums of products with halves of bytes -------------===//

#include "IntegerSum.h"
#include "LoopRoles.h"
#include "Nibbles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rac::vectorize;

/// The argument of the body that `value` is a signed byte of.
static std::optional<unsigned> signedByte(Value value) {
  auto extended = value.getDefiningOp<arith::ExtSIOp>();
  auto argument =
      extended ? dyn_cast<BlockArgument>(extended.getIn()) : BlockArgument();
  if (!argument || !argument.getType().isInteger(8))
    return std::nullopt;
  return argument.getArgNumber();
}

/// The same of an unsigned one, of which `half` is a half.
static std::optional<unsigned> byteOf(const Nibble &half) {
  auto argument = dyn_cast<BlockArgument>(half.byte);
  return argument ? std::optional(argument.getArgNumber()) : std::nullopt;
}

/// Adds what `sum`, times 2^shift, is a sum of; false if that is anything else.
static bool addProducts(Value sum, int64_t shift,
                        std::optional<unsigned> &bytes, IntegerSum &found) {
  if (auto add = sum.getDefiningOp<arith::AddIOp>())
    return addProducts(add.getLhs(), shift, bytes, found) &&
           addProducts(add.getRhs(), shift, bytes, found);
  if (auto left = sum.getDefiningOp<arith::ShLIOp>()) {
    APInt by;
    return matchPattern(left.getRhs(), m_ConstantInt(&by)) &&
           addProducts(left.getLhs(), shift + by.getSExtValue(), bytes, found);
  }
  auto multiply = sum.getDefiningOp<arith::MulIOp>();
  for (unsigned i : {0, 1}) {
    auto half = multiply ? halfOf(multiply->getOperand(i)) : std::nullopt;
    auto row =
        multiply ? signedByte(multiply->getOperand(1 - i)) : std::nullopt;
    auto byte = half ? byteOf(*half) : std::nullopt;
    if (!byte || !row || (bytes && *bytes != *byte))
      continue;
    bytes = byte;
    found.products.push_back({half->high, *row, shift});
    return true;
  }
  return false;
}

static std::string findInstruction(ArrayRef<std::string> dots) {
  for (StringRef known : dots)
    if (known.consume_front("u8:s8:"))
      return known.str();
  return "";
}

std::optional<IntegerSum>
rac::vectorize::findIntegerSum(linalg::LinalgOp op,
                               ArrayRef<std::string> dots) {
  IntegerSum found;
  found.intrinsic = findInstruction(dots);
  auto factor = findBlockFactor(op);
  if (found.intrinsic.empty() || !factor)
    return std::nullopt;
  found.loop = factor->loop;
  std::optional<unsigned> bytes;
  for (Value term : factor->terms) {
    if (isSameAlong(op, term, factor->loop)) {
      found.same.push_back(term);
      continue;
    }
    auto toFloat = term.getDefiningOp<arith::SIToFPOp>();
    if (!toFloat || !toFloat.getIn().getType().isInteger(32) ||
        !found.products.empty() ||
        !addProducts(toFloat.getIn(), 0, bytes, found))
      return std::nullopt;
  }
  int64_t extent = op.getStaticLoopRanges()[found.loop];
  if (!bytes || ShapedType::isDynamic(extent) || extent % found.terms != 0)
    return std::nullopt;
  found.bytes = *bytes;
  for (const IntegerSum::Product &product : found.products) {
    OpOperand *row = op.getDpsInputOperand(product.row);
    if (!isContiguous(*row, op.getMatchingIndexingMap(row), found.loop))
      return std::nullopt;
    if (!llvm::is_contained(found.shifts, product.shift))
      found.shifts.push_back(product.shift);
  }
  llvm::sort(found.shifts, std::greater<>());
  return found;
}
