//===- MatmulNBitsImport.cpp - onnxruntime's products of few bits ---------===//
//
// com.microsoft.MatMulNBits multiplies with weights in unsigned steps of 4 or 8
// bits, blocks of a column's terms sharing a scale and a zero point. A column's
// blocks lie one after the other there, terms first; here rows are terms.
//
//===----------------------------------------------------------------------===//

#include "MatmulImport.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rac;
using namespace rac::onnximport;

namespace {
/// What the attributes say.
struct Form {
  int64_t terms, columns, bits, block;

  int64_t blocks() const { return llvm::divideCeil(terms, block); }
  int64_t blockBytes() const { return block * bits / 8; }
  /// Zero points of a column begin with a byte.
  int64_t zeroBytes() const { return llvm::divideCeil(blocks() * bits, 8); }
  /// Steps count from there if no zero points are given.
  int64_t middle() const { return int64_t(1) << (bits - 1); }
};
} // namespace

/// A matrix of new data.
template <typename T>
static Value matrix(TensorBuilder &tb, ArrayRef<int64_t> shape, Type element,
                    StringRef name,
                    llvm::function_ref<T(int64_t row, int64_t column)> at) {
  auto type = RankedTensorType::get(shape, element);
  AsmResourceBlob blob = HeapAsmResourceBlob::allocate(
      type.getNumElements() * sizeof(T), alignof(T));
  MutableArrayRef<T> data(reinterpret_cast<T *>(blob.getMutableData().data()),
                          type.getNumElements());
  for (int64_t row : llvm::seq(shape[0]))
    for (int64_t column : llvm::seq(shape[1]))
      data[row * shape[1] + column] = at(row, column);
  return tb.constant(
      DenseResourceElementsAttr::get(type, name, std::move(blob)));
}

/// Of 8 bits the middle has been subtracted from each step; of 4 bits, of which
/// neighbours share a byte there, a block's halves do.
static Value buildSteps(NodeImporter &n, const Form &form, const Tensor &b) {
  int64_t inBlock = form.blockBytes(), rows = form.blocks() * inBlock;
  auto nibble = [&](const char *block, int64_t term) {
    uint8_t both = block[term / 2];
    return term % 2 ? both >> 4 : both & 15;
  };
  return matrix<char>(n.tb, {rows, form.columns}, n.tb.b.getI8Type(), "steps",
                      [&](int64_t row, int64_t column) {
                        const char *bytes = b.data + column * rows;
                        if (form.bits == 8)
                          return char(bytes[row] ^ 0x80);
                        int64_t term = row % inBlock;
                        const char *block = bytes + (row - term);
                        return char(nibble(block, term) |
                                    nibble(block, term + inBlock) << 4);
                      });
}

/// Null where all of them are the middle.
static Value buildZeros(NodeImporter &n, const Form &form, const Tensor &z) {
  auto at = [&](int64_t block, int64_t column) -> int64_t {
    const char *bytes = z.data + column * form.zeroBytes();
    if (form.bits == 8)
      return static_cast<uint8_t>(bytes[block]) - form.middle();
    uint8_t both = bytes[block / 2];
    return (block % 2 ? both >> 4 : both & 15) - form.middle();
  };
  bool anywhere = false;
  for (int64_t column : llvm::seq(form.columns))
    for (int64_t block : llvm::seq(form.blocks()))
      anywhere |= at(block, column) != 0;
  if (!anywhere)
    return {};
  return matrix<char>(
      n.tb, {form.blocks(), form.columns}, n.tb.b.getI8Type(), "zeros",
      [&](int64_t block, int64_t column) { return char(at(block, column)); });
}

static LogicalResult importMatmulNBits(NodeImporter &n) {
  TensorBuilder &tb = n.tb;
  constexpr size_t kGroups = 4, kBias = 5, kMostInputs = 6;
  if (n.numInputs() > kMostInputs)
    return n.fail("it has " + Twine(n.numInputs()) + " inputs");
  for (StringRef name : {"K", "N", "block_size"})
    if (!n.has(name))
      return n.fail("its attribute '" + name + "' is missing");
  Form form{n.intAttr("K", 0), n.intAttr("N", 0), n.intAttr("bits", 4),
            n.intAttr("block_size", 0)};
  constexpr int64_t kMost = int64_t(1) << 30;
  if (form.terms < 1 || form.columns < 1 || form.terms > kMost ||
      form.columns > kMost)
    return n.fail("a matrix of " + Twine(form.terms) + " x " +
                  Twine(form.columns) + " is none");
  if (form.bits != 4 && form.bits != 8)
    return n.unsupported("weights of " + Twine(form.bits) +
                         " bits are not supported, only of 4 and 8");
  if (form.block < 16 || !llvm::isPowerOf2_64(form.block) || form.block > kMost)
    return n.fail("its block_size is " + Twine(form.block) +
                  ", which is no power of two from 16 on");
  if (n.hasInput(kGroups))
    return n.unsupported("terms in groups of any order (g_idx) are not "
                         "supported");
  for (size_t i : {1, 2})
    if (!n.hasInput(i))
      return n.fail("its input " + Twine(i) + " is missing");
  const Tensor *b = n.constTensor(1), *scales = n.constTensor(2);
  const Tensor *zeros = n.hasInput(3) ? n.constTensor(3) : nullptr;
  if (!b || !scales || (n.hasInput(3) && !zeros))
    return n.unsupported("weights that are not constant are not supported");
  auto checkCount = [&](const Tensor &tensor, StringRef what, int64_t count) {
    if (tensor.elements == count)
      return success();
    return n.fail("its " + what + " have " + Twine(tensor.elements) +
                  " elements, not " + Twine(count));
  };
  if (b->element != ElementType::UInt8)
    return n.fail("its weights must be unsigned bytes");
  if (failed(checkCount(*b, "weights",
                        form.columns * form.blocks() * form.blockBytes())) ||
      failed(checkCount(*scales, "scales", form.columns * form.blocks())))
    return failure();
  if (zeros && zeros->element != ElementType::UInt8)
    return n.unsupported("zero points that are no bytes are not supported");
  if (zeros && failed(checkCount(*zeros, "zero points",
                                 form.columns * form.zeroBytes())))
    return failure();
  Type type = n.elementType(0);
  if (!isa_and_present<FloatType>(type) || n.elementType(2) != type)
    return n.fail("its scales must be floats of its input's type");
  auto scale = floatsOf(*scales, scales->elements);
  Value x = tb.cast(n.input(0), tb.b.getF32Type());
  if (!x || !scale)
    return n.result(Value());

  Value zeroPoints = zeros ? buildZeros(n, form, *zeros) : Value();
  bool filled = form.terms % form.block != 0;
  Value weights = tb.finish(rac::DequantizeWeightsOp::create(
      tb.b, tb.loc, TensorBuilder::shapeless(tb.b.getF32Type()),
      buildSteps(n, form, *b),
      matrix<float>(tb, {form.blocks(), form.columns}, tb.b.getF32Type(),
                    "scales",
                    [&](int64_t block, int64_t column) {
                      return float((*scale)[column * form.blocks() + block]);
                    }),
      zeroPoints, tb.b.getDenseI64ArrayAttr({form.block, 1}),
      form.bits == 4 ? tb.b.getUnitAttr() : UnitAttr(),
      filled ? tb.b.getI64IntegerAttr(form.terms) : IntegerAttr()));
  Value y = tb.cast(buildMatmul(n, x, weights), type);
  if (n.hasInput(kBias)) {
    if (n.rank(kBias) != 1)
      return n.fail("its bias must be a vector");
    y = tb.add(y, n.input(kBias));
  }
  return n.result(y);
}

void rac::onnximport::addMatmulNBitsImporters(ImporterTable &table) {
  table.add("MatMulNBits", importMatmulNBits, "com.microsoft");
}
