//===- MatmulImport.cpp - Products ----------------------------------------===//

#include "MatmulImport.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

/// numpy's matmul: a vector is a row on the left, a column on the right.
Value rac::onnximport::buildMatmul(NodeImporter &n, Value x, Value y) {
  TensorBuilder &tb = n.tb;
  if (!x || !y)
    return {};
  if (tb.rank(x) == 0 || tb.rank(y) == 0)
    return tb.fail("its inputs must not be scalars");
  bool row = tb.rank(x) == 1, column = tb.rank(y) == 1;
  if (row)
    x = tb.unsqueeze(x, {0});
  if (column)
    y = tb.unsqueeze(y, {1});
  Value product = tb.matmul(x, y);
  int64_t rank = tb.rank(product);
  SmallVector<int64_t> added;
  if (row)
    added.push_back(rank - 2);
  if (column)
    added.push_back(rank - 1);
  return added.empty() ? product : tb.squeeze(product, added);
}

static LogicalResult importMatmul(NodeImporter &n) {
  Value x = n.input(0), y = n.input(1);
  Value product = buildMatmul(n, x, y);
  // rac's integer products are i32; of 64 bits, ONNX's are 64.
  if (product && isa<IntegerType>(TensorBuilder::element(x)) &&
      TensorBuilder::element(x) != TensorBuilder::element(product)) {
    if (TensorBuilder::element(x).getIntOrFloatBitWidth() > 32)
      return n.unsupported("products of 64-bit integers are not supported");
    product = n.tb.cast(product, TensorBuilder::element(x));
  }
  return n.result(product);
}

/// alpha * A * B + beta * C, with A and B transposed as asked.
static LogicalResult importGemm(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  Value a = n.input(0), b = n.input(1);
  if (!a || !b)
    return n.result(Value());
  if (tb.rank(a) != 2 || tb.rank(b) != 2)
    return n.fail("its inputs must be matrices");
  Type type = tb.element(a);
  if (isa<IntegerType>(type) && type.getIntOrFloatBitWidth() > 32)
    return n.unsupported("products of 64-bit integers are not supported");
  if (n.boolAttr("transA"))
    a = tb.transpose(a, {1, 0});
  if (n.boolAttr("transB"))
    b = tb.transpose(b, {1, 0});
  Value product = tb.cast(tb.matmul(a, b), type);
  double alpha = n.floatAttr("alpha", 1), beta = n.floatAttr("beta", 1);
  if (alpha != 1)
    product = tb.mul(product, tb.scalar(alpha, type));
  if (n.hasInput(2) && beta != 0) {
    Value c = n.input(2);
    if (beta != 1)
      c = tb.mul(c, tb.scalar(beta, type));
    if (c && product && tb.rank(c) > 2)
      return n.fail("its addend must broadcast to the product");
    product = tb.add(product, c);
  }
  return n.result(product);
}

void rac::onnximport::addMatmulImporters(ImporterTable &table) {
  table.add("MatMul", importMatmul);
  table.add("Gemm", importGemm);
  table.refuse("Det", "determinants are not supported");
}
