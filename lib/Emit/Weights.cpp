//===- Weights.cpp - The constants of a model, as bytes -------------------===//

#include "rac/Emit/Weights.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace rac;

/// One value repeated to more than this is no weight that anybody trained: the
/// library would be larger than any model (B).
constexpr uint64_t kMostRepeated = uint64_t(1) << 32;

/// The initial value of a global at either level of lowering.
static Attribute initialValue(Operation *op) {
  if (auto global = dyn_cast<memref::GlobalOp>(op))
    return global.getInitialValueAttr();
  if (auto global = dyn_cast<LLVM::GlobalOp>(op))
    return global.getValueAttr();
  return nullptr;
}

static llvm::Expected<WeightSpan> spanOf(Attribute value, uint64_t offset) {
  auto elements = dyn_cast_or_null<ElementsAttr>(value);
  if (!elements)
    return llvm::createStringError("a weight has no data");
  Type type = elements.getElementType();
  if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() % 8)
    return llvm::createStringError("a weight's elements are not whole bytes");
  WeightSpan span;
  span.offset = offset;
  span.bytes = elements.getShapedType().getNumElements() *
               (type.getIntOrFloatBitWidth() / 8);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return llvm::createStringError("the data of constant '" +
                                     resource.getRawHandle().getKey() +
                                     "' is missing");
    span.data = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    span.data = dense.getRawData();
  } else {
    return llvm::createStringError("a weight's data is of an unknown kind");
  }
  // Fewer bytes than the type says are a splat's.
  if (span.bytes && (span.data.empty() || span.bytes % span.data.size()))
    return llvm::createStringError("a weight's data does not fit its type");
  if (span.bytes > kMostRepeated && span.bytes != span.data.size())
    return llvm::createStringError(
        "a constant of %llu bytes, all of one value, is not supported",
        static_cast<unsigned long long>(span.bytes));
  return span;
}

llvm::Expected<WeightImage> rac::takeWeights(ModuleOp module) {
  WeightImage image;
  if (auto size = module->getAttrOfType<IntegerAttr>("rac.weights_bytes"))
    image.size = size.getInt();
  SmallVector<Operation *> globals;
  for (Operation &op : *module.getBody()) {
    auto offset = op.getAttrOfType<IntegerAttr>("rac.offset");
    if (!offset)
      continue;
    auto span = spanOf(initialValue(&op), offset.getInt());
    if (!span)
      return span.takeError();
    image.spans.push_back(*span);
    globals.push_back(&op);
  }
  llvm::sort(image.spans, [](const WeightSpan &a, const WeightSpan &b) {
    return a.offset < b.offset;
  });
  // Equal constants share their place.
  image.spans.erase(llvm::unique(image.spans,
                                 [](const WeightSpan &a, const WeightSpan &b) {
                                   return a.offset == b.offset;
                                 }),
                    image.spans.end());
  uint64_t end = 0;
  for (const WeightSpan &span : image.spans) {
    if (span.offset < end || span.offset + span.bytes > image.size)
      return llvm::createStringError("the weights' places overlap");
    end = span.offset + span.bytes;
  }
  for (Operation *global : globals)
    global->erase();
  return image;
}

static void writeSpan(const WeightSpan &span, raw_ostream &os) {
  if (span.data.size() == span.bytes) {
    os.write(span.data.data(), span.bytes);
    return;
  }
  // In blocks, so that a splat isn't written element by element.
  SmallVector<char> block;
  while (block.size() < 4096)
    block.append(span.data.begin(), span.data.end());
  for (uint64_t left = span.bytes; left;) {
    uint64_t count = std::min<uint64_t>(left, block.size());
    os.write(block.data(), count);
    left -= count;
  }
}

void WeightImage::write(raw_ostream &os) const {
  uint64_t position = 0;
  for (const WeightSpan &span : spans) {
    os.write_zeros(span.offset - position);
    writeSpan(span, os);
    position = span.offset + span.bytes;
  }
  os.write_zeros(size - position);
}
