//===- MovementNests.cpp - Loops that move and pick elements --------------===//

#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

using Nests = SmallVectorImpl<LoopNest>;

static int64_t rankOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getRank();
}

//===----------------------------------------------------------------------===//
// The same elements elsewhere
//===----------------------------------------------------------------------===//

/// Another view of the same memory.
void ReshapeOp::getLoopNests(Nests &) {}

void TransposeOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult()), in(out.size());
  for (auto [i, from] : llvm::enumerate(getPermutation()))
    in[from] = out[i];
  nest.read(getInput(), in);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

void ExpandOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  nest.readBroadcast(getInput(), out);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

/// A copy of each part.
void ConcatOp::getLoopNests(Nests &nests) {
  int64_t offset = 0;
  for (Value part : getInputs()) {
    NestBuilder nest(getContext());
    SmallVector<AffineExpr> in = nest.loopsOver(part), out = in;
    out[getAxis()] = in[getAxis()] + offset;
    nest.read(part, in);
    nest.write(getResult(), out);
    nests.push_back(nest.finish({}, 0, 0));
    // Where a size is unknown, parts are as well at the same place: what counts
    // is how much is written.
    int64_t size = cast<RankedTensorType>(part.getType()).getDimSize(getAxis());
    if (!ShapedType::isDynamic(size))
      offset += size;
  }
}

void SliceOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult()), in = out;
  for (auto [expr, step] : llvm::zip_equal(in, getSteps()))
    expr = expr * std::abs(step);
  nest.read(getInput(), in);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

void PadOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  nest.read(getInput(), out);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

void IotaOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  nest.write(getResult(), nest.loopsOver(getResult()));
  nests.push_back(nest.finish({}, 0, 0));
}

/// Each element of the result from its neighbours in the input: one, two or
/// four along each dimension that changes.
void ResizeOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  double taps = 1;
  auto from = getInput().getType().getShape(),
       to = cast<RankedTensorType>(getResult().getType()).getShape();
  int64_t each = getMode() == ResizeMode::nearest  ? 1
                 : getMode() == ResizeMode::linear ? 2
                                                   : 4;
  for (auto [dim, sizes] : llvm::enumerate(llvm::zip_equal(from, to)))
    if (std::get<0>(sizes) != std::get<1>(sizes) ||
        ShapedType::isDynamic(std::get<0>(sizes)))
      taps *= each;
  nest.read(getInput(), out);
  nest.write(getResult(), out);
  // A product and a sum for each neighbour, where there is more than one.
  double operations = taps > 1 ? 2 * taps : 0;
  nests.push_back(
      nest.finish(operations > 0 ? getElementTypeOrSelf(getInput()) : Type(), 0,
                  operations));
}

//===----------------------------------------------------------------------===//
// Elements that data picks
//===----------------------------------------------------------------------===//

/// One position for each of the loops' combinations: as many as there are
/// different ones, which is all that is known of them.
static AffineExpr oneOf(ArrayRef<AffineExpr> loops, Value sizes,
                        AffineExpr zero) {
  AffineExpr position = zero;
  auto shape = cast<RankedTensorType>(sizes.getType()).getShape();
  for (auto [i, loop] : llvm::enumerate(loops)) {
    int64_t size = shape[i];
    position =
        position *
            (ShapedType::isDynamic(size) ? 1 : std::max<int64_t>(size, 1)) +
        loop;
  }
  return position;
}

void GatherOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  int64_t axis = getAxis(), picked = rankOf(getIndices());
  ArrayRef<AffineExpr> indices = ArrayRef(out).slice(axis, picked);
  SmallVector<AffineExpr> in(ArrayRef(out).take_front(axis));
  in.push_back(oneOf(indices, getIndices(), nest.zero()));
  llvm::append_range(in, ArrayRef(out).drop_front(axis + picked));
  nest.read(getInput(), in, {axis});
  nest.read(getIndices(), indices);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

void GatherElementsOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  nest.read(getInput(), out, {static_cast<int64_t>(getAxis())});
  nest.read(getIndices(), out);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

/// What a tuple of indices names in `tensor`: `batch` dimensions go along, the
/// next ones are chosen, the others are whole.
static void accessSlices(NestBuilder &nest, Value tensor, Value indices,
                         ArrayRef<AffineExpr> loops, int64_t batch, bool read,
                         bool write) {
  int64_t tuples = rankOf(indices) - 1;
  int64_t depth = cast<RankedTensorType>(indices.getType()).getShape().back();
  ArrayRef<AffineExpr> at = loops.take_front(tuples);
  SmallVector<AffineExpr> in(at.take_front(batch));
  SmallVector<int64_t> scattered;
  // The first chosen dimension stands for the tuple: no more can differ.
  for (int64_t i = 0; i < depth; ++i) {
    scattered.push_back(in.size());
    in.push_back(oneOf(at.drop_front(batch), indices, nest.zero()));
  }
  llvm::append_range(in, loops.drop_front(tuples));
  if (read)
    nest.read(tensor, in, scattered);
  if (write)
    nest.write(tensor, in, scattered);
}

static void readIndices(NestBuilder &nest, Value indices,
                        ArrayRef<AffineExpr> loops) {
  SmallVector<AffineExpr> tuple(loops.take_front(rankOf(indices) - 1));
  tuple.push_back(nest.zero());
  nest.read(indices, tuple);
}

void GatherNdOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  accessSlices(nest, getInput(), getIndices(), out, getBatchDims(), true,
               false);
  readIndices(nest, getIndices(), out);
  nest.write(getResult(), out);
  nests.push_back(nest.finish({}, 0, 0));
}

/// What is updated starts as a copy.
static LoopNest copyNest(Value from, Value to) {
  NestBuilder nest(from.getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(from);
  nest.read(from, at);
  nest.write(to, at);
  return nest.finish({}, 0, 0);
}

void ScatterElementsOp::getLoopNests(Nests &nests) {
  nests.push_back(copyNest(getInput(), getResult()));
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(getUpdates());
  bool combines = getKind() != ScatterKind::replace;
  SmallVector<int64_t> axis = {static_cast<int64_t>(getAxis())};
  nest.read(getIndices(), at);
  nest.read(getUpdates(), at);
  nest.sort(at[axis.front()]);
  if (combines)
    nest.read(getResult(), at, axis);
  nest.write(getResult(), at, axis);
  nests.push_back(nest.finish(
      combines ? getElementTypeOrSelf(getInput()) : Type(), 0, combines));
}

void ScatterNdOp::getLoopNests(Nests &nests) {
  nests.push_back(copyNest(getInput(), getResult()));
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(getUpdates());
  bool combines = getKind() != ScatterKind::replace;
  readIndices(nest, getIndices(), at);
  nest.read(getUpdates(), at);
  accessSlices(nest, getResult(), getIndices(), at, 0, combines, true);
  for (AffineExpr loop : ArrayRef(at).take_front(rankOf(getIndices()) - 1))
    nest.sort(loop);
  nests.push_back(nest.finish(
      combines ? getElementTypeOrSelf(getInput()) : Type(), 0, combines));
}

/// Each element is compared with those kept so far, of which it passes the last
/// most of the time.
void TopKOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at;
  for (int64_t dim = 0, rank = rankOf(getInput()); dim < rank; ++dim)
    at.push_back(nest.loop(Extent(getInput(), dim),
                           dim == static_cast<int64_t>(getAxis())));
  nest.read(getInput(), at);
  nest.sort(at[getAxis()]);
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, 2));
  NestBuilder out(getContext());
  at = out.loopsOver(getValues());
  out.write(getValues(), at);
  out.write(getIndices(), at);
  nests.push_back(out.finish({}, 0, 0));
}

/// A pass that counts, and one that writes where they are.
void NonZeroOp::getLoopNests(Nests &nests) {
  Type type = getElementTypeOrSelf(getInput());
  for (bool writes : {false, true}) {
    NestBuilder nest(getContext());
    SmallVector<AffineExpr> at;
    for (int64_t dim = 0, rank = rankOf(getInput()); dim < rank; ++dim)
      at.push_back(nest.loop(Extent(getInput(), dim), /*reduction=*/true));
    nest.read(getInput(), at);
    nests.push_back(nest.finish(type, 0, 1));
    if (!writes)
      continue;
    nests.back().isScan = true;
    NestBuilder out(getContext());
    out.write(getResult(), out.loopsOver(getResult()));
    nests.push_back(out.finish({}, 0, 0));
  }
}

/// Boxes that one is compared with, of those of its group that are kept; how
/// many these are only the run can tell. A picture of COCO has 7.7 objects of
/// 3.5 classes (Lin et al., 2014), two of a class, which may be found twice.
constexpr int64_t kComparedBoxes = 4;
/// Operations of a comparison for each of a box's four ends: lower and upper
/// ends of the intersection, three areas, a quotient.
constexpr double kOperationsOfEnd = 5;

void SuppressOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  AffineExpr box = nest.loop(Extent(getBoxes(), 0));
  nest.loop(kComparedBoxes, /*reduction=*/true);
  AffineExpr end = nest.loop(Extent(getBoxes(), 1), /*reduction=*/true);
  nest.read(getBoxes(), {box, end}, /*scattered=*/{0});
  nest.read(getGroups(), box);
  nest.write(getResult(), box);
  nests.push_back(
      nest.finish(getElementTypeOrSelf(getBoxes()), 0, kOperationsOfEnd));
}
