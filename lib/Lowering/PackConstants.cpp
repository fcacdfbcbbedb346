//===- PackConstants.cpp - Constant operands in the order they are read ---===//

#include "Vectorize/LoopRoles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "rac/Lowering/Passes.h"

namespace rac {
#define GEN_PASS_DEF_PACKCONSTANTS
#include "rac/Lowering/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;
using namespace rac::vectorize;

namespace {

/// Where the elements of an operand go: its dimensions in another order, one of
/// them cut into panels, whose lanes are last; but for a few neighbours of
/// another dimension, where a lane has several terms.
struct PanelLayout {
  /// Dimensions of the operand, those of size one left out.
  SmallVector<int64_t> order;
  int64_t laneDim = 0;
  /// Lanes of a panel; 0: the dimension is one panel, as wide as it is.
  int64_t width = 0;
  /// Neighbours along `termDim` that lie side by side.
  int64_t termDim = 0, terms = 1;

  /// Of dimension `dim` of what isn't lanes or terms.
  int64_t sizeOf(ArrayRef<int64_t> from, int64_t dim) const {
    return llvm::divideCeil(from[dim], dim == termDim ? terms : 1);
  }
  SmallVector<int64_t> shape(ArrayRef<int64_t> from) const;
  AffineMap map(AffineMap from) const;
  /// Copies elements of `bytes` B; lanes and terms beyond the end of their
  /// dimensions become zero.
  void copy(ArrayRef<int64_t> shape, const char *from, char *to,
            int64_t bytes) const;
};

SmallVector<int64_t> PanelLayout::shape(ArrayRef<int64_t> from) const {
  SmallVector<int64_t> result;
  if (width)
    result.push_back(llvm::divideCeil(from[laneDim], width));
  for (int64_t dim : order)
    result.push_back(sizeOf(from, dim));
  result.push_back(width ? width : from[laneDim]);
  if (terms > 1)
    result.push_back(terms);
  return result;
}

AffineMap PanelLayout::map(AffineMap from) const {
  SmallVector<AffineExpr> exprs;
  AffineExpr lane = from.getResult(laneDim);
  if (width)
    exprs.push_back(lane.floorDiv(width));
  for (int64_t dim : order)
    exprs.push_back(dim == termDim && terms > 1
                        ? from.getResult(dim).floorDiv(terms)
                        : from.getResult(dim));
  exprs.push_back(width ? lane % width : lane);
  if (terms > 1)
    exprs.push_back(from.getResult(termDim) % terms);
  return AffineMap::get(from.getNumDims(), 0, exprs, from.getContext());
}

void PanelLayout::copy(ArrayRef<int64_t> shape, const char *from, char *to,
                       int64_t bytes) const {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = bytes;
  for (int64_t i = shape.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    stride *= shape[i];
  }
  int64_t lanes = shape[laneDim], step = width ? width : lanes, rows = 1;
  for (int64_t dim : order)
    rows *= sizeOf(shape, dim);
  SmallVector<int64_t> at(order.size());
  for (int64_t panel = 0; panel < lanes; panel += step) {
    std::fill(at.begin(), at.end(), 0);
    for (int64_t row = 0; row < rows; ++row) {
      const char *source = from + panel * strides[laneDim];
      int64_t count = std::min(step, lanes - panel), together = 1;
      for (auto [i, dim] : llvm::zip_equal(at, order)) {
        int64_t first = dim == termDim ? i * terms : i;
        source += first * strides[dim];
        if (dim == termDim)
          together = std::min(terms, shape[dim] - first);
      }
      std::memset(to, 0, step * terms * bytes);
      for (int64_t lane = 0; lane < count; ++lane)
        for (int64_t term = 0; term < together; ++term)
          std::memcpy(to + (lane * terms + term) * bytes,
                      source + lane * strides[laneDim] +
                          term * strides[termDim],
                      bytes);
      to += step * terms * bytes;
      for (size_t i = at.size(); i-- > 0 && ++at[i] == sizeOf(shape, order[i]);)
        at[i] = 0;
    }
  }
}

/// An operand of a contraction and how it should lie in memory.
struct Candidate {
  OpOperand *operand = nullptr;
  BlockArgument argument;
  PanelLayout layout;
};

struct PackConstantsPass : rac::impl::PackConstantsBase<PackConstantsPass> {
  using PackConstantsBase::PackConstantsBase;

  void runOnOperation() override;

private:
  std::optional<Candidate> findCandidate(linalg::LinalgOp op, PlanAttr plan);
  std::optional<DotProduct> chooseTerms(linalg::LinalgOp op, PlanAttr plan,
                                        const VectorTarget &target,
                                        unsigned lanes, Candidate &candidate);
  FailureOr<linalg::LinalgOp> pack(func::FuncOp function, Candidate candidate,
                                   ArrayRef<func::CallOp> calls);
  arith::ConstantOp packConstant(arith::ConstantOp constant,
                                 RankedTensorType seen, RankedTensorType packed,
                                 const PanelLayout &layout);

  SmallVector<std::string> instructions; ///< `dots`, as findDotProducts has it
  /// What has been packed, by the constant, its new type, its layout and where
  /// it is needed.
  llvm::DenseMap<std::tuple<Attribute, Type, Attribute, Block *>,
                 arith::ConstantOp>
      known;
};

/// The argument that `value` is, but for its shape.
BlockArgument argumentBehind(Value value) {
  while (value.hasOneUse() &&
         isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
             value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && argument.hasOneUse() ? argument : BlockArgument();
}

/// The dense bytes of a constant; empty if they aren't there.
ArrayRef<char> rawBytes(Attribute value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? blob->getData() : ArrayRef<char>();
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  return dense && !dense.isSplat() ? dense.getRawData() : ArrayRef<char>();
}

} // namespace

/// The loop that will be lanes: what the result is contiguous along, if all
/// that doesn't come from constants is so too.
static std::optional<unsigned> findLaneLoop(linalg::LinalgOp op,
                                            OpOperand &operand) {
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (out.getNumResults() == 0)
    return std::nullopt;
  auto last = dyn_cast<AffineDimExpr>(out.getResults().back());
  if (!last)
    return std::nullopt;
  unsigned loop = last.getPosition();
  if (op.getStaticLoopRanges()[loop] == 1)
    return std::nullopt;
  for (OpOperand *other : op.getDpsInputOperands()) {
    AffineMap map = op.getMatchingIndexingMap(other);
    if (other != &operand && !isIndependent(map, loop) &&
        !isContiguous(*other, map, loop))
      return std::nullopt;
  }
  return loop;
}

/// The last loop that sums up and that the other factor is contiguous along, of
/// a product of bytes: tensor cores read those along their terms.
static std::optional<unsigned> findTermLoop(linalg::LinalgOp op,
                                            OpOperand &operand) {
  constexpr unsigned byte = 8;
  if (op.getNumDpsInputs() != 2 ||
      llvm::any_of(op.getDpsInputOperands(), [](OpOperand *input) {
        Type type = getElementTypeOrSelf(input->get().getType());
        return !type.isIntOrFloat() || type.getIntOrFloatBitWidth() != byte;
      }))
    return std::nullopt;
  OpOperand &other = *op.getDpsInputOperand(1 - operand.getOperandNumber());
  SmallVector<unsigned> reduced;
  op.getReductionDims(reduced);
  for (unsigned loop : llvm::reverse(reduced))
    if (isContiguous(other, op.getMatchingIndexingMap(&other), loop))
      return loop;
  return std::nullopt;
}

/// Whether all operands are contiguous along the last loop that sums up, so
/// that neighbouring terms can be read together.
static bool isAlongTerms(linalg::LinalgOp op) {
  SmallVector<unsigned> reduced;
  op.getReductionDims(reduced);
  unsigned last = reduced.back();
  return llvm::all_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    if (!type)
      return false;
    // Dimensions of size one at the end don't part neighbours.
    SmallVector<AffineExpr> exprs(
        op.getMatchingIndexingMap(operand).getResults());
    for (int64_t i = type.getRank(); i > 0 && type.getDimSize(i - 1) == 1; --i)
      exprs.pop_back();
    auto dim = exprs.empty() ? AffineDimExpr(nullptr)
                             : dyn_cast<AffineDimExpr>(exprs.back());
    return dim && dim.getPosition() == last;
  });
}

/// The widest panels, of whole vectors and at most `width`, that the plan's
/// tiles of columns don't cut elsewhere than at their ends; 0: there are none.
static int64_t fittingWidth(int64_t width, int64_t lanes,
                            ArrayRef<int64_t> tiles) {
  int64_t tile = tiles.empty() ? 0 : tiles.back();
  while (width > 0 && tile != 0 && tile % width != 0 && width % tile != 0)
    width -= lanes;
  return std::max<int64_t>(0, width);
}

/// An operand of a reduction that lanes run along, and that isn't in their
/// order yet.
std::optional<Candidate> PackConstantsPass::findCandidate(linalg::LinalgOp op,
                                                          PlanAttr plan) {
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 ||
      (!panels && isAlongTerms(op)))
    return std::nullopt;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    if (!type || !type.hasStaticShape() || type.getNumElements() == 0 ||
        !type.getElementType().isIntOrFloat() ||
        type.getElementTypeBitWidth() % 8 != 0)
      continue;
    BlockArgument argument = argumentBehind(operand->get());
    std::optional<unsigned> loop;
    if (argument && !panels)
      loop = findTermLoop(op, *operand);
    if (argument && !loop)
      loop = findLaneLoop(op, *operand);
    AffineMap map = op.getMatchingIndexingMap(operand);
    if (!loop || isIndependent(map, *loop))
      continue;

    // The other dimensions in the order in which loops run over them.
    Candidate candidate{operand, argument, {}};
    SmallVector<std::pair<std::pair<bool, unsigned>, int64_t>> dims;
    bool plain = true, found = false;
    auto iterators = op.getIteratorTypesArray();
    for (int64_t i : llvm::seq<int64_t>(map.getNumResults())) {
      AffineExpr expr = map.getResult(i);
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (dim && dim.getPosition() == *loop) {
        candidate.layout.laneDim = i;
        found = true;
      } else if (dim) {
        bool reduced =
            iterators[dim.getPosition()] == utils::IteratorType::reduction;
        dims.push_back({{reduced, dim.getPosition()}, i});
      } else if (type.getDimSize(i) != 1) {
        plain = false;
      }
    }
    if (!plain || !found)
      continue;
    llvm::sort(dims);
    for (auto &dim : dims)
      candidate.layout.order.push_back(dim.second);

    // Panels are as wide as the tile that will be in registers.
    VectorTarget target{vectorBits, scalable, this->registers, multiplyAdds,
                        instructions};
    if (panels) {
      auto dot = chooseTerms(op, plan, target, *loop, candidate);
      candidate.layout.width =
          fittingWidth(panelWidth(op, target, plan.getRegisters(), *loop, dot),
                       lanesOf(op, target), plan.getTiles());
    }
    if (candidate.layout.width >= type.getDimSize(candidate.layout.laneDim))
      candidate.layout.width = 0;
    bool isSame = candidate.layout.width == 0 && candidate.layout.terms == 1 &&
                  llvm::is_sorted(candidate.layout.order) &&
                  candidate.layout.laneDim == type.getRank() - 1;
    if (!isSame)
      return candidate;
  }
  return std::nullopt;
}

/// Has terms lie side by side where an instruction sums so many: gives that of
/// a plain product.
std::optional<DotProduct>
PackConstantsPass::chooseTerms(linalg::LinalgOp op, PlanAttr plan,
                               const VectorTarget &target, unsigned lanes,
                               Candidate &candidate) {
  AffineMap map = op.getMatchingIndexingMap(candidate.operand);
  auto place = [&](unsigned loop, int64_t terms) {
    AffineExpr term = getAffineDimExpr(loop, op.getContext());
    for (int64_t dim : candidate.layout.order)
      if (map.getResult(dim) == term) {
        candidate.layout.termDim = dim;
        candidate.layout.terms = terms;
        return true;
      }
    return false;
  };
  auto integers = findIntegerSum(op, instructions);
  if (integers && plan.getReduction().empty() &&
      integers->bytes == candidate.operand->getOperandNumber()) {
    place(integers->loop, integers->terms);
    return std::nullopt;
  }
  SmallVector<DotProduct> products =
      findDotProducts(op, *candidate.operand, instructions);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  llvm::erase_if(products, [&](const DotProduct &product) {
    return ranges[product.loop] < product.terms ||
           // Blocks of the reduction that would cut a group.
           llvm::any_of(
               plan.getReduction(),
               [&](int64_t size) { return size % product.terms != 0; });
  });
  auto dot = cheapest(op, target, plan.getRegisters(), lanes, products);
  return dot && place(dot->loop, dot->terms) ? dot : std::nullopt;
}

arith::ConstantOp PackConstantsPass::packConstant(arith::ConstantOp constant,
                                                  RankedTensorType seen,
                                                  RankedTensorType packed,
                                                  const PanelLayout &layout) {
  OpBuilder builder(constant);
  SmallVector<int64_t> how(seen.getShape());
  llvm::append_range(how, layout.order);
  how.append({layout.laneDim, layout.termDim, layout.terms});
  auto &place =
      known[{constant.getValue(), packed, builder.getDenseI64ArrayAttr(how),
             constant->getBlock()}];
  if (place) {
    // What is used must come before its users.
    if (constant->isBeforeInBlock(place))
      place->moveBefore(constant);
    return place;
  }
  TypedAttr value;
  if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue())) {
    value = splat.resizeSplat(packed);
  } else {
    int64_t bytes = seen.getElementTypeBitWidth() / 8;
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
        packed.getNumElements() * bytes, /*align=*/64);
    layout.copy(seen.getShape(), rawBytes(constant.getValue()).data(),
                blob.getMutableData().data(), bytes);
    value = DenseResourceElementsAttr::get(packed, "panels", std::move(blob));
  }
  place = arith::ConstantOp::create(builder, constant.getLoc(), value);
  return place;
}

FailureOr<linalg::LinalgOp>
PackConstantsPass::pack(func::FuncOp function, Candidate candidate,
                        ArrayRef<func::CallOp> calls) {
  unsigned number = candidate.argument.getArgNumber();
  auto seen = cast<RankedTensorType>(candidate.operand->get().getType());
  auto packed = RankedTensorType::get(candidate.layout.shape(seen.getShape()),
                                      seen.getElementType());
  SmallVector<arith::ConstantOp> constants;
  for (func::CallOp call : calls) {
    auto constant = call.getOperand(number).getDefiningOp<arith::ConstantOp>();
    if (!constant || (!isa<SplatElementsAttr>(constant.getValue()) &&
                      rawBytes(constant.getValue()).empty()))
      return failure();
    constants.push_back(constant);
  }
  for (auto [call, constant] : llvm::zip_equal(calls, constants))
    call->setOperand(number,
                     packConstant(constant, seen, packed, candidate.layout));

  auto op = cast<linalg::LinalgOp>(candidate.operand->getOwner());
  OpBuilder builder(op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  unsigned operandNumber = candidate.operand->getOperandNumber();
  maps[operandNumber] = candidate.layout.map(maps[operandNumber]);
  candidate.argument.setType(packed);
  SmallVector<Value> inputs;
  for (OpOperand *input : op.getDpsInputOperands())
    inputs.push_back(input->getOperandNumber() == operandNumber
                         ? Value(candidate.argument)
                         : input->get());
  auto generic = linalg::GenericOp::create(
      builder, op.getLoc(), op->getResultTypes(), inputs, op.getDpsInits(),
      maps, op.getIteratorTypesArray());
  generic.getRegion().takeBody(op->getRegion(0));
  Value old = candidate.operand->get();
  op->replaceAllUsesWith(generic);
  op.erase();
  // Changes of shape that led there.
  while (Operation *shape = old.getDefiningOp()) {
    old = shape->getOperand(0);
    shape->erase();
  }
  SmallVector<Type> arguments(function.getArgumentTypes());
  arguments[number] = packed;
  function.setFunctionType(
      FunctionType::get(&getContext(), arguments, function.getResultTypes()));
  return cast<linalg::LinalgOp>(generic.getOperation());
}

void PackConstantsPass::runOnOperation() {
  ModuleOp module = getOperation();
  instructions.assign(dots.begin(), dots.end());
  llvm::DenseMap<StringAttr, SmallVector<func::CallOp>> calls;
  module.walk([&](func::CallOp call) {
    calls[call.getCalleeAttr().getAttr()].push_back(call);
  });
  for (auto function : module.getOps<func::FuncOp>()) {
    auto plan = function->getAttrOfType<PlanAttr>("rac.plan");
    ArrayRef<func::CallOp> users = calls[function.getSymNameAttr()];
    if (!plan || plan.getKind() != KernelKind::generated || users.empty())
      continue;
    SmallVector<linalg::LinalgOp> ops;
    function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops)
      while (auto candidate = findCandidate(op, plan)) {
        auto packed = pack(function, *candidate, users);
        if (failed(packed)) {
          ++numPlain;
          break;
        }
        op = *packed;
        ++numPacked;
      }
  }
}
