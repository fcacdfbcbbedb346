//===- Padding.cpp - Windows that reach over an input's border ------------===//

#include "Padding.h"
#include "Epilogue.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// A buffer that is filled with a constant, and then has a copy of `source`
/// somewhere in it.
struct PaddedCopy {
  memref::AllocOp buffer;
  linalg::FillOp fill;
  memref::SubViewOp middle;
  linalg::LinalgOp copy;
  Value source;
  SmallVector<OpOperand *> readers;
};

/// An op's input that is such a buffer, or a part of one.
class Reader {
public:
  Reader(PaddedCopy &padded, OpOperand *operand)
      : padded(padded), operand(operand),
        op(cast<linalg::LinalgOp>(operand->getOwner())),
        view(operand->get().getDefiningOp<memref::SubViewOp>()) {}

  std::optional<Padding> match(const VectorTarget &target,
                               ArrayRef<int64_t> wanted);
  void readInPlace() { operand->set(input); }
  Operation *getOp() { return op; }

private:
  Value partOfSource(OpBuilder &builder, const Padding &padding);
  std::optional<PaddedDim> matchDim(unsigned dim);
  bool isNeutral();
  bool isZeroThere(Value value);

  PaddedCopy &padded;
  OpOperand *operand;
  linalg::LinalgOp op;
  memref::SubViewOp view;
  Value input;
};

} // namespace

//===----------------------------------------------------------------------===//
// Padded copies
//===----------------------------------------------------------------------===//

static bool isPlainCopy(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      !llvm::hasSingleElement(*op.getBlock()) ||
      !llvm::all_of(op.getIndexingMapsArray(),
                    [](AffineMap map) { return map.isIdentity(); }))
    return false;
  return op.getBlock()->getTerminator()->getOperand(0) ==
         op.getBlock()->getArgument(0);
}

/// Whether something writes `buffer`, or may, after `copy` has read it.
static bool mayChangeAfter(Operation *copy, Value buffer) {
  auto function = copy->getParentOfType<func::FuncOp>();
  auto isOf = [&](Value value) {
    return isa<MemRefType>(value.getType()) && baseOf(value) == buffer;
  };
  return function
      .walk([&](Operation *op) {
        if (llvm::none_of(op->getOperands(), isOf) ||
            isa<ViewLikeOpInterface>(op) || isMemoryEffectFree(op))
          return WalkResult::advance();
        Operation *top = copy->getBlock()->findAncestorOpInBlock(*op);
        if (top && top->isBeforeInBlock(copy))
          return WalkResult::advance();
        auto computes = dyn_cast<linalg::LinalgOp>(op);
        return computes && llvm::none_of(computes.getDpsInits(), isOf)
                   ? WalkResult::advance()
                   : WalkResult::interrupt();
      })
      .wasInterrupted();
}

static std::optional<PaddedCopy> matchPaddedCopy(memref::AllocOp buffer) {
  PaddedCopy padded;
  padded.buffer = buffer;
  auto addReader = [&](OpOperand &use) {
    auto op = dyn_cast<linalg::LinalgOp>(use.getOwner());
    if (!op || op.isDpsInit(&use))
      return false;
    padded.readers.push_back(&use);
    return true;
  };
  for (OpOperand &use : buffer->getUses()) {
    Operation *user = use.getOwner();
    if (auto fill = dyn_cast<linalg::FillOp>(user); fill && !padded.fill) {
      padded.fill = fill;
      continue;
    }
    auto view = dyn_cast<memref::SubViewOp>(user);
    if (!view) {
      if (!addReader(use))
        return std::nullopt;
      continue;
    }
    if (view.getType().getRank() != buffer.getType().getRank() ||
        !view.hasUnitStride())
      return std::nullopt;
    for (OpOperand &inner : view->getUses()) {
      auto op = dyn_cast<linalg::LinalgOp>(inner.getOwner());
      if (op && op.isDpsInit(&inner) && !padded.copy && isPlainCopy(op) &&
          view->hasOneUse()) {
        padded.copy = op;
        padded.middle = view;
      } else if (!addReader(inner)) {
        return std::nullopt;
      }
    }
  }
  if (!padded.fill || !padded.copy || padded.readers.empty() ||
      ShapedType::isDynamicShape(padded.middle.getStaticOffsets()))
    return std::nullopt;
  // All is read after it was copied.
  Block *block = buffer->getBlock();
  if (padded.fill->getBlock() != block || padded.copy->getBlock() != block ||
      !padded.fill->isBeforeInBlock(padded.copy))
    return std::nullopt;
  for (OpOperand *reader : padded.readers) {
    Operation *top = block->findAncestorOpInBlock(*reader->getOwner());
    if (!top || !padded.copy->isBeforeInBlock(top))
      return std::nullopt;
  }
  padded.source = padded.copy.getDpsInputOperand(0)->get();
  if (mayChangeAfter(padded.copy, baseOf(padded.source)))
    return std::nullopt;
  return padded;
}

//===----------------------------------------------------------------------===//
// What reads them
//===----------------------------------------------------------------------===//

/// The parallel loop's index that `index` is computed of, added to `found`;
/// false: it is computed of something else.
static bool findIndex(Value index, SmallPtrSetImpl<Value> &found) {
  if (getConstantIntValue(index))
    return true;
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    found.insert(argument);
    return isa<scf::ParallelOp>(argument.getOwner()->getParentOp());
  }
  Operation *op = index.getDefiningOp();
  return isa<affine::AffineApplyOp, affine::AffineMinOp>(op) &&
         llvm::all_of(op->getOperands(),
                      [&](Value operand) { return findIndex(operand, found); });
}

/// `index`, where the parallel loop's is `at`.
static std::optional<int64_t> evaluate(Value index, int64_t at) {
  if (auto known = getConstantIntValue(index))
    return known;
  if (isa<BlockArgument>(index))
    return at;
  Operation *op = index.getDefiningOp();
  auto apply = dyn_cast<affine::AffineApplyOp>(op);
  AffineMap map = apply ? apply.getAffineMap()
                        : cast<affine::AffineMinOp>(op).getAffineMap();
  SmallVector<Attribute> operands, results;
  for (Value operand : op->getOperands()) {
    auto value = evaluate(operand, at);
    if (!value)
      return std::nullopt;
    operands.push_back(OpBuilder(op).getIndexAttr(*value));
  }
  if (failed(map.constantFold(operands, results)))
    return std::nullopt;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (Attribute result : results)
    least = std::min(least, cast<IntegerAttr>(result).getInt());
  return least;
}

std::optional<SmallVector<std::pair<int64_t, int64_t>>>
rac::vectorize::valuesTogether(Value first, Value second) {
  SmallPtrSet<Value, 2> indices;
  if (!findIndex(first, indices) || !findIndex(second, indices) ||
      indices.size() > 1)
    return std::nullopt;
  int64_t low = 0, high = 1, step = 1;
  if (!indices.empty()) {
    auto index = cast<BlockArgument>(*indices.begin());
    auto loop = cast<scf::ParallelOp>(index.getOwner()->getParentOp());
    unsigned number = index.getArgNumber();
    auto from = getConstantIntValue(loop.getLowerBound()[number]),
         to = getConstantIntValue(loop.getUpperBound()[number]),
         by = getConstantIntValue(loop.getStep()[number]);
    if (!from || !to || !by || *by < 1)
      return std::nullopt;
    low = *from, high = *to, step = *by;
  }
  SmallVector<std::pair<int64_t, int64_t>> values;
  for (int64_t at = low; at < high; at += step) {
    auto a = evaluate(first, at), b = evaluate(second, at);
    if (!a || !b)
      return std::nullopt;
    values.push_back({*a, *b});
  }
  return values;
}

/// Dimension `dim` of the operand as a window's position and what is in it.
std::optional<PaddedDim> Reader::matchDim(unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  AffineExpr expr = map.getResult(dim);
  PaddedDim result;
  result.dim = dim;
  bool hasWindow = false;
  for (auto [loop, type] : llvm::enumerate(op.getIteratorTypesArray())) {
    auto steps = stepsAlong(map, loop);
    if (!steps)
      return std::nullopt;
    int64_t step = (*steps)[dim];
    if (step == 0)
      continue;
    if (step < 0)
      return std::nullopt;
    if (type == utils::IteratorType::parallel) {
      if (result.parallel)
        return std::nullopt;
      result.parallel = loop;
      result.stride = step;
      continue;
    }
    // What is left out along a loop must be so for nothing else.
    if (hasWindow || llvm::count_if(*steps, [](int64_t s) { return s; }) != 1)
      return std::nullopt;
    hasWindow = true;
    result.window = loop;
    result.dilation = step;
  }
  if (!hasWindow ||
      ShapedType::isDynamic(op.getStaticLoopRanges()[result.window]))
    return std::nullopt;
  SmallVector<AffineExpr> zeros(map.getNumDims(),
                                getAffineConstantExpr(0, op.getContext()));
  auto constant = dyn_cast<AffineConstantExpr>(expr.replaceDims(zeros));
  if (!constant)
    return std::nullopt;
  result.constant = constant.getValue();
  return result;
}

/// Whether a value of the body is zero where the padding is read.
bool Reader::isZeroThere(Value value) {
  APFloat number(0.0);
  APInt whole, other;
  if (value == op.getMatchingBlockArgument(operand)) {
    Value fill = padded.fill.value();
    if (matchPattern(fill, m_ConstantFloat(&number)))
      return number.isZero();
    return matchPattern(fill, m_ConstantInt(&whole)) && whole.isZero();
  }
  Operation *computed = value.getDefiningOp();
  if (isa_and_nonnull<arith::ExtFOp, arith::TruncFOp, arith::ExtSIOp,
                      arith::ExtUIOp, arith::SIToFPOp, arith::UIToFPOp>(
          computed))
    return isZeroThere(computed->getOperand(0));
  if (isa_and_nonnull<arith::MulFOp, arith::MulIOp>(computed))
    return isZeroThere(computed->getOperand(0)) ||
           isZeroThere(computed->getOperand(1));
  // The zero point of a quantised type.
  auto shifted = dyn_cast_or_null<arith::SubIOp>(computed);
  if (!shifted || !matchPattern(shifted.getRhs(), m_ConstantInt(&other)) ||
      !matchPattern(padded.fill.value(), m_ConstantInt(&whole)))
    return false;
  Operation *wide = shifted.getLhs().getDefiningOp();
  if (!isa_and_nonnull<arith::ExtSIOp, arith::ExtUIOp>(wide) ||
      wide->getOperand(0) != op.getMatchingBlockArgument(operand))
    return false;
  unsigned width = other.getBitWidth();
  return other ==
         (isa<arith::ExtSIOp>(wide) ? whole.sext(width) : whole.zext(width));
}

/// Whether what the padding gives leaves the result as it was.
bool Reader::isNeutral() {
  Operation *combiner = findCombiner(op);
  if (!combiner)
    return false;
  Value out = op.getRegionOutputArgs()[0];
  Value term = combiner->getOperand(0) == out ? combiner->getOperand(1)
                                              : combiner->getOperand(0);
  if (isa<arith::AddFOp, arith::AddIOp>(combiner))
    return isZeroThere(term);
  if (!isa<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(combiner))
    return false;
  if (auto wide = term.getDefiningOp<arith::ExtFOp>())
    term = wide.getIn();
  auto neutral = arith::getNeutralElement(combiner);
  Attribute fill;
  if (term != op.getMatchingBlockArgument(operand) || !neutral ||
      !matchPattern(padded.fill.value(), m_Constant(&fill)))
    return false;
  // Infinities are the same in all types.
  auto least = dyn_cast<FloatAttr>(*neutral),
       number = dyn_cast<FloatAttr>(fill);
  if (least && number && least.getValue().isInfinity())
    return number.getValue().isInfinity() &&
           number.getValue().isNegative() == least.getValue().isNegative();
  return fill == *neutral;
}

/// What is read of the source: all of its padded dimensions, and of the others
/// what is read of the copy.
Value Reader::partOfSource(OpBuilder &builder, const Padding &padding) {
  if (!view)
    return padded.source;
  SmallVector<OpFoldResult> offsets = view.getMixedOffsets(),
                            sizes = view.getMixedSizes(),
                            all = memref::getMixedSizes(builder, op.getLoc(),
                                                        padded.source),
                            steps(offsets.size(), builder.getIndexAttr(1));
  for (const PaddedDim &dim : padding.dims) {
    offsets[dim.dim] = builder.getIndexAttr(0);
    sizes[dim.dim] = all[dim.dim];
  }
  return memref::SubViewOp::create(builder, op.getLoc(), padded.source, offsets,
                                   sizes, steps);
}

std::optional<Padding> Reader::match(const VectorTarget &target,
                                     ArrayRef<int64_t> wanted) {
  // Two inputs of one op that are both padded are rare.
  for (OpOperand *other : op.getDpsInputOperands())
    if (other != operand && baseOf(other->get()) == padded.buffer.getResult())
      return std::nullopt;
  if (op.getNumReductionLoops() == 0 || !isNeutral())
    return std::nullopt;
  Padding padding;
  padding.operand = operand->getOperandNumber();
  auto source = cast<MemRefType>(padded.source.getType());
  for (int64_t dim = 0; dim < source.getRank(); ++dim) {
    int64_t low = padded.middle.getStaticOffset(dim);
    if (low == 0 &&
        isEqualConstantIntOrValue(padded.buffer.getMixedSizes()[dim],
                                  padded.middle.getMixedSizes()[dim]))
      continue;
    auto matched = matchDim(dim);
    if (!matched)
      return std::nullopt;
    padding.dims.push_back(*matched);
  }

  OpBuilder builder(op);
  Location loc = op.getLoc();
  input = partOfSource(builder, padding);
  Value before = operand->get();
  operand->set(input);
  std::string why;
  auto roles = chooseRoles(op, target, wanted, why);
  operand->set(before);
  if (failed(roles) || roles->horizontal || roles->factor)
    return std::nullopt;
  // Few registers hold what is multiplied by lane: with loops for borders
  // beside the one inside, LLVM keeps it on the stack (0.67 of neoverse-v2's
  // rate).
  if (roles->byLane)
    return std::nullopt;
  bool blocks = roles->dot && roles->dot->blockRows > 1;
  for (const PaddedDim &dim : padding.dims) {
    if (dim.parallel == roles->vectorLoop ||
        (roles->dot && roles->dot->loop == dim.window))
      return std::nullopt;
    if (!dim.parallel || dim.parallel != roles->rowLoop)
      continue;
    if (blocks) // a register has parts of two rows
      return std::nullopt;
    padding.rows = dim;
  }

  Value none = arith::ConstantIndexOp::create(builder, loc, 0);
  padding.first.assign(source.getRank(), none);
  for (const PaddedDim &dim : padding.dims) {
    int64_t low = padded.middle.getStaticOffset(dim.dim);
    Value start = view ? getValueOrCreateConstantIndexOp(
                             builder, loc, view.getMixedOffsets()[dim.dim])
                       : none;
    if (padding.rows && padding.rows->dim == dim.dim) {
      padding.start = start;
      padding.low = low;
    }
    padding.first[dim.dim] = builder.createOrFold<arith::SubIOp>(
        loc, start, arith::ConstantIndexOp::create(builder, loc, low));
  }
  return padding;
}

Paddings rac::vectorize::readInPlace(func::FuncOp function,
                                     const VectorTarget &target,
                                     ArrayRef<int64_t> wanted) {
  Paddings paddings;
  SmallVector<memref::AllocOp> buffers;
  function.walk([&](memref::AllocOp buffer) { buffers.push_back(buffer); });
  for (memref::AllocOp buffer : buffers) {
    auto padded = matchPaddedCopy(buffer);
    if (!padded)
      continue;
    SmallVector<std::pair<Reader, Padding>> found;
    for (OpOperand *operand : padded->readers) {
      Reader reader(*padded, operand);
      auto padding = reader.match(target, wanted);
      if (!padding || paddings.contains(reader.getOp()))
        break;
      found.push_back({reader, std::move(*padding)});
    }
    if (found.size() != padded->readers.size())
      continue;
    for (auto &[reader, padding] : found) {
      reader.readInPlace();
      paddings.insert({reader.getOp(), std::move(padding)});
    }
    padded->copy.erase();
    padded->fill.erase();
    for (Operation *user : llvm::make_early_inc_range(buffer->getUsers()))
      user->erase(); // views that nobody looks through
    buffer.erase();
  }
  return paddings;
}
