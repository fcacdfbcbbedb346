//===- ContractionNests.cpp - Loops of products, convolutions, pools ------===//

#include "mlir/IR/TypeUtilities.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"

using namespace mlir;
using namespace rac;

namespace {
using Nests = SmallVectorImpl<LoopNest>;

RankedTensorType typeOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType());
}
} // namespace

void MatmulOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult());
  unsigned lhsRank = typeOf(getLhs()).getRank();
  AffineExpr k = nest.loop(Extent(getLhs(), lhsRank - 1), /*reduction=*/true);
  AffineExpr n = out.back(), m = out[out.size() - 2];
  auto read = [&](Value factor, AffineExpr row, AffineExpr column) {
    SmallVector<AffineExpr> at(ArrayRef(out).drop_back(2));
    at.append({row, column});
    nest.readBroadcast(factor, at);
  };
  read(getLhs(), m, k);
  read(getRhs(), k, n);
  nest.write(getResult(), out);
  nests.push_back(nest.finish(getElementTypeOrSelf(getLhs()), 1, 0));
}

/// Loops n, spatial, [group,] f, window, c: those of the lowering.
static LoopNest convolutionNest(Operation *op, Value image, Value filter,
                                Value result, int64_t groups,
                                ArrayRef<int64_t> strides,
                                ArrayRef<int64_t> dilations, bool transposed) {
  NestBuilder nest(op->getContext());
  unsigned spatial = strides.size();
  auto filterType = typeOf(filter);
  AffineExpr n = nest.loop(Extent(result, 0));
  SmallVector<AffineExpr> outs;
  for (unsigned i = 0; i < spatial; ++i)
    outs.push_back(nest.loop(Extent(result, i + 1)));
  AffineExpr group = groups > 1 ? nest.loop(groups) : nest.zero();
  // Channels of a group: of the result and of the input.
  auto share = [&](Value tensor, unsigned dim) -> Extent {
    Extent whole(tensor, dim);
    if (!ShapedType::isDynamic(whole.size))
      whole.size = std::max<int64_t>(1, whole.size / groups);
    return whole;
  };
  Extent results = transposed ? Extent(filter, 1) : share(filter, 0);
  Extent terms = transposed ? share(filter, 0) : Extent(filter, 1);
  AffineExpr f = nest.loop(results);
  SmallVector<AffineExpr> window;
  for (unsigned i = 0; i < spatial; ++i)
    window.push_back(nest.loop(Extent(filter, i + 2), /*reduction=*/true));
  AffineExpr c = nest.loop(terms, /*reduction=*/true);

  auto inGroup = [&](AffineExpr channel, const Extent &size) {
    return ShapedType::isDynamic(size.size) ? group + channel
                                            : group * size.size + channel;
  };
  SmallVector<AffineExpr> in = {n}, out = {n}, taps;
  for (unsigned i = 0; i < spatial; ++i)
    in.push_back(outs[i] * strides[i] + window[i] * dilations[i]);
  in.push_back(inGroup(c, terms));
  llvm::append_range(out, outs);
  out.push_back(inGroup(f, results));
  if (transposed)
    taps = {inGroup(c, terms), f};
  else
    taps = {inGroup(f, results), c};
  llvm::append_range(taps, window);
  nest.read(image, in);
  nest.read(filter, taps);
  nest.write(result, out);
  return nest.finish(filterType.getElementType(), 1, 0);
}

void ConvOp::getLoopNests(Nests &nests) {
  nests.push_back(convolutionNest(*this, getInput(), getFilter(), getResult(),
                                  getGroups(), getStrides(), getDilations(),
                                  /*transposed=*/false));
}

/// Each result element takes the window's elements whose distance the stride
/// divides: the loops count the input elements, as they would without zeros
/// between them.
void ConvTransposeOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  unsigned spatial = getStrides().size();
  auto filter = typeOf(getFilter());
  AffineExpr n = nest.loop(Extent(getInput(), 0));
  SmallVector<AffineExpr> ins, window, out = {n}, in = {n};
  for (unsigned i = 0; i < spatial; ++i)
    ins.push_back(nest.loop(Extent(getInput(), i + 1)));
  AffineExpr f = nest.loop(Extent(getFilter(), 1));
  for (unsigned i = 0; i < spatial; ++i)
    window.push_back(nest.loop(Extent(getFilter(), i + 2), true));
  AffineExpr c =
      nest.loop(Extent(getInput(), typeOf(getInput()).getRank() - 1), true);
  for (unsigned i = 0; i < spatial; ++i)
    out.push_back(ins[i] * getStrides()[i] + window[i] * getDilations()[i]);
  llvm::append_range(in, ins);
  in.push_back(c);
  out.push_back(f);
  SmallVector<AffineExpr> taps = {c, f};
  llvm::append_range(taps, window);
  nest.read(getInput(), in);
  nest.read(getFilter(), taps);
  nest.write(getResult(), out);
  nests.push_back(nest.finish(filter.getElementType(), 1, 0));
}

void PoolOp::getLoopNests(Nests &nests) {
  NestBuilder nest(getContext());
  SmallVector<AffineExpr> out = nest.loopsOver(getResult()), in = out;
  for (auto [i, size] : llvm::enumerate(getWindow())) {
    AffineExpr k = nest.loop(size, /*reduction=*/true);
    in[i + 1] = out[i + 1] * getStrides()[i] + k * getDilations()[i];
  }
  nest.read(getInput(), in);
  nest.write(getResult(), out);
  nests.push_back(nest.finish(getElementTypeOrSelf(getInput()), 0, 1));
}

/// Scores, their softmax and the product with the values; the scores are no
/// tensor of the model and are taken to stay near.
void AttentionOp::getLoopNests(Nests &nests) {
  Type type = getElementTypeOrSelf(getQuery());
  unsigned rank = typeOf(getQuery()).getRank();
  auto product = [&](Value factor, bool first) {
    NestBuilder nest(getContext());
    SmallVector<AffineExpr> at;
    for (unsigned dim = 0; dim + 1 < rank; ++dim)
      at.push_back(nest.loop(Extent(getResult(), dim)));
    AffineExpr s = nest.loop(Extent(getKey(), rank - 2), !first);
    AffineExpr d = nest.loop(Extent(factor, rank - 1), first);
    SmallVector<AffineExpr> row(at), position(ArrayRef(at).drop_back());
    row.push_back(d);
    position.append({s, d});
    nest.readBroadcast(factor, position);
    if (first)
      nest.read(getQuery(), row);
    else
      nest.write(getResult(), row);
    return nest.finish(type, 1, 0);
  };
  nests.push_back(product(getKey(), true));
  NestBuilder softmax(getContext());
  SmallVector<AffineExpr> at;
  for (unsigned dim = 0; dim + 1 < rank; ++dim)
    at.push_back(softmax.loop(Extent(getResult(), dim)));
  at.push_back(softmax.loop(Extent(getKey(), rank - 2)));
  if (getMask())
    softmax.readBroadcast(getMask(), at);
  // Scale, mask, maximum, difference, sum, quotient; exponential.
  nests.push_back(softmax.finish(type, 0, 6, 1));
  nests.back().isTriangle = getCausal();
  nests.push_back(product(getValue(), false));
}

void LstmOp::getLoopNests(Nests &nests) {
  Type type = getElementTypeOrSelf(getInput());
  auto gates = [&](Value vector, Value weight, bool input) {
    NestBuilder nest(getContext());
    // Each step needs the one before.
    AffineExpr t = nest.loop(Extent(getInput(), 0), /*reduction=*/true);
    AffineExpr b = nest.loop(Extent(getInput(), 1));
    AffineExpr gate = nest.loop(Extent(weight, 0));
    AffineExpr i = nest.loop(Extent(weight, 1), /*reduction=*/true);
    if (input)
      nest.read(vector, {t, b, i});
    else
      nest.read(vector, {b, i});
    nest.read(weight, {gate, i});
    return nest.finish(type, 1, 0);
  };
  nests.push_back(gates(getInput(), getWeight(), true));
  nests.push_back(gates(getHidden(), getRecurrence(), false));
  NestBuilder cell(getContext());
  AffineExpr t = cell.loop(Extent(getInput(), 0), /*reduction=*/true);
  AffineExpr b = cell.loop(Extent(getCell(), 0));
  AffineExpr h = cell.loop(Extent(getCell(), 1));
  cell.read(getCell(), {b, h});
  cell.write(getStates(), {t, b, h});
  // Four biases, two products, a sum, the gate's product; five functions.
  nests.push_back(cell.finish(type, 0, 8, 5));
}
