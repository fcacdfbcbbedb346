//===- ReductionNests.cpp - Loops that combine elements -------------------===//

#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

using Nests = SmallVectorImpl<LoopNest>;

/// Reads all of `input` in loops of which those in `axes` are reductions.
static SmallVector<AffineExpr> readAll(NestBuilder &nest, Value input,
                                       const llvm::SmallBitVector &axes) {
  SmallVector<AffineExpr> at;
  for (unsigned dim = 0; dim < axes.size(); ++dim)
    at.push_back(nest.loop(Extent(input, dim), axes.test(dim)));
  nest.read(input, at);
  return at;
}

static llvm::SmallBitVector bitsOf(Value tensor, ArrayRef<int64_t> axes) {
  llvm::SmallBitVector bits(cast<RankedTensorType>(tensor.getType()).getRank());
  for (int64_t axis : axes)
    bits.set(axis);
  return bits;
}

/// Writes the result of a reduction; dimensions that are kept have size 1.
static void writeRest(NestBuilder &nest, Value result, ArrayRef<AffineExpr> at,
                      const llvm::SmallBitVector &axes, bool keep) {
  SmallVector<AffineExpr> out;
  for (auto [dim, expr] : llvm::enumerate(at))
    if (!axes.test(dim))
      out.push_back(expr);
    else if (keep)
      out.push_back(nest.zero());
  nest.write(result, out);
}

void ReduceOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  llvm::SmallBitVector axes = bitsOf(getInput(), getAxes());
  SmallVector<AffineExpr> at = readAll(nest, getInput(), axes);
  writeRest(nest, getResult(), at, axes, getKeepDims());
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, 1));
}

/// A comparison and the choice of two.
void ArgReduceOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  llvm::SmallBitVector axes =
      bitsOf(getInput(), {static_cast<int64_t>(getAxis())});
  SmallVector<AffineExpr> at = readAll(nest, getInput(), axes);
  writeRest(nest, getResult(), at, axes, getKeepDims());
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, 3));
}

void ScanOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = readAll(
      nest, getInput(), bitsOf(getInput(), {static_cast<int64_t>(getAxis())}));
  nest.write(getResult(), at);
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, 1));
  nests.back().isScan = true;
}

/// A pass over the rows of `input` that combines them, for what it leaves.
static LoopNest rowPass(Value input, const llvm::SmallBitVector &axes,
                        double operations) {
  NestBuilder nest(input.getContext());
  readAll(nest, input, axes);
  return nest.finish(getElementTypeOrSelf(input), 0, operations);
}

/// Maximum, exponentials and their sum, product with its inverse. What passes
/// between them has the result's size, but its place only where it is written
/// once. A logarithm doesn't need the exponentials afterwards.
void SoftmaxOp::getLoopNests(Nests &nests) {
  llvm::SmallBitVector axes =
      bitsOf(getInput(), {static_cast<int64_t>(getAxis())});
  Type type = getElementTypeOrSelf(getInput());
  nests.push_back(rowPass(getInput(), axes, 1));
  NestBuilder exps(getContext());
  SmallVector<AffineExpr> at = exps.loopsOver(getInput());
  exps.read(getInput(), at);
  exps.write(getResult(), at);
  nests.push_back(exps.finish(type, 0, 1, 1));
  nests.push_back(rowPass(getResult(), axes, 1));
  NestBuilder scale(getContext());
  at = scale.loopsOver(getInput());
  scale.read(getLog() ? getInput() : getResult(), at);
  scale.write(getResult(), at);
  nests.push_back(scale.finish(type, 0, 1));
}

/// Sum, sum of squares, and the pass that scales and shifts.
void NormalizeOp::getLoopNests(Nests &nests) {
  SmallVector<int64_t> dims;
  for (int64_t dim = getAxis(), rank = getInput().getType().getRank();
       dim < rank; ++dim)
    dims.push_back(dim);
  llvm::SmallBitVector axes = bitsOf(getInput(), dims);
  bool layer = getKind() == NormalizeKind::layer;
  if (layer)
    nests.push_back(rowPass(getInput(), axes, 1));
  nests.push_back(rowPass(getInput(), axes, layer ? 3 : 2));
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> at = nest.loopsOver(getInput());
  nest.read(getInput(), at);
  nest.readBroadcast(getScale(), at);
  if (getBias())
    nest.readBroadcast(getBias(), at);
  nest.write(getResult(), at);
  double operations = 2 + (layer ? 1 : 0) + (getBias() ? 1 : 0);
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, operations));
}
