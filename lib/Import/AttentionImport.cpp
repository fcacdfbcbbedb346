//===- AttentionImport.cpp - Attention ------------------------------------===//

#include "GraphImporter.h"
#include <cmath>

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// B x L x (heads * size) to B x heads x L x size.
static Value splitHeads(TensorBuilder &tb, Value x, int64_t heads) {
  if (!x)
    return {};
  Exprs dims = tb.dims(x);
  AffineExpr size = tb.div(dims[2], tb.constant(heads));
  Value split = tb.reshape(x, {dims[0], dims[1], tb.constant(heads), size});
  return tb.transpose(split, {0, 2, 1, 3});
}

static LogicalResult importAttention(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  // A cache, two masks, a soft cap or a look at the products: ONNX's own
  // definition has them all.
  bool causal = n.boolAttr("is_causal");
  if ((causal && n.hasInput(3)) || n.floatAttr("softcap", 0) != 0 ||
      n.hasInput(4) || n.hasInput(5) || n.hasInput(6) || n.hasOutput(1) ||
      n.hasOutput(2) || n.hasOutput(3) || n.has("softmax_precision") ||
      n.intAttr("left_window_size", -1) >= 0 ||
      n.intAttr("right_window_size", -1) >= 0)
    return n.importBody();
  for (size_t i : {0, 1, 2})
    if (n.rank(i) != n.rank(0) || (n.rank(i) != 3 && n.rank(i) != 4))
      return n.importBody();
  bool flat = n.rank(0) == 3;
  int64_t heads = n.intAttr("q_num_heads", 0);
  if (flat && (heads < 1 || n.intAttr("kv_num_heads", 0) != heads))
    return n.importBody();
  Value q = n.input(0), k = n.input(1), v = n.input(2);
  if (!q || !k || !v)
    return n.result(Value());
  if (flat) {
    q = splitHeads(tb, q, heads);
    k = splitHeads(tb, k, heads);
    v = splitHeads(tb, v, heads);
    if (!q || !k || !v)
      return n.result(Value());
  }
  Type type = tb.element(q);
  auto size = tb.constantOf(tb.dim(q, 3));
  auto queryHeads = tb.constantOf(tb.dim(q, 1));
  if (!size || tb.element(k) != type || tb.element(v) != type ||
      !isa<FloatType>(type) || !queryHeads ||
      tb.constantOf(tb.dim(k, 1)) != *queryHeads ||
      tb.constantOf(tb.dim(v, 1)) != *queryHeads)
    return n.importBody();

  Value mask, seen;
  if (n.hasInput(3)) {
    mask = n.input(3);
    if (!mask)
      return n.result(Value());
    // A mask shorter than the keys is padded there.
    if (tb.rank(mask) < 2 || tb.dim(mask, tb.rank(mask) - 1) != tb.dim(k, 2))
      return n.importBody();
    if (tb.element(mask).isInteger(1)) {
      // A query that sees no key gives 0, not what the softmax makes of it.
      seen = tb.reduce(ReduceKind::max, tb.cast(mask, tb.b.getI8Type()),
                       {tb.rank(mask) - 1}, /*keepDims=*/true);
      seen = tb.cast(seen, tb.b.getI1Type());
      mask = tb.select(mask, tb.scalar(0, type), tb.lowest(type));
    }
    if (!mask || tb.element(mask) != type)
      return n.importBody();
  }
  double scale =
      n.has("scale") ? n.floatAttr("scale", 1) : 1 / std::sqrt(double(*size));
  Value y = tb.finish(
      rac::AttentionOp::create(tb.b, tb.loc, TensorBuilder::shapeless(type), q,
                               k, v, mask, llvm::APFloat(scale), causal));
  if (seen)
    y = tb.select(seen, y, tb.scalar(0, type));
  if (flat && y) {
    Exprs dims = tb.dims(y);
    y = tb.reshape(tb.transpose(y, {0, 2, 1, 3}),
                   {dims[0], dims[2], tb.mul(dims[1], dims[3])});
  }
  return n.result(y);
}

void rac::onnximport::addAttentionImporters(ImporterTable &table) {
  table.add("Attention", importAttention);
}
