//===- FillConstants.cpp - Random data for constants without --------------===//

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "rac/Transforms/Passes.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/xxhash.h"

namespace rac {
#define GEN_PASS_DEF_FILLCONSTANTS
#include "rac/Transforms/Passes.h.inc"
} // namespace rac

using namespace mlir;
using namespace rac;

namespace {

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
/// OOPSLA 2014.
class SplitMix {
public:
  explicit SplitMix(uint64_t seed) : state(seed) {}
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

private:
  uint64_t state;
};

/// Uniform in [-1/8, 1/8).
void fillFloats(MutableArrayRef<char> data, FloatType type, SplitMix &random) {
  size_t width = type.getWidth() / 8;
  for (size_t i = 0; i + width <= data.size(); i += width) {
    constexpr double kSteps = 1 << 24;
    APFloat value((double(random.next() >> 40) / kSteps - 0.5) / 4);
    bool inexact;
    value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                  &inexact);
    uint64_t bits = value.bitcastToAPInt().getZExtValue();
    memcpy(data.data() + i, &bits, width);
  }
}

struct FillConstantsPass : rac::impl::FillConstantsBase<FillConstantsPass> {
  using FillConstantsBase::FillConstantsBase;

  LogicalResult fill(Operation *op, DenseResourceElementsAttr constant) {
    DenseResourceElementsHandle handle = constant.getRawHandle();
    if (handle.getBlob())
      return success();
    Type type = constant.getElementType();
    if (!type.isIntOrFloat() || type.getIntOrFloatBitWidth() > 64)
      return op->emitError("a constant of type ")
             << constant.getType() << " can't be filled";
    int64_t bytes = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
    for (int64_t size : constant.getType().getShape())
      if (size < 0 || llvm::MulOverflow(bytes, size, bytes))
        return op->emitError("a constant of type ")
               << constant.getType() << " has no size in memory";
    AsmResourceBlob blob = HeapAsmResourceBlob::allocate(bytes, /*align=*/64);
    MutableArrayRef<char> data = blob.getMutableData();
    memset(data.data(), 0, data.size());
    SplitMix random(seed ^ llvm::xxh3_64bits(handle.getKey()));
    if (auto floats = dyn_cast<FloatType>(type))
      fillFloats(data, floats, random);
    else if (type.isInteger(8))
      for (char &byte : data)
        byte = char(random.next() >> 56);
    handle.getResource()->setBlob(std::move(blob));
    ++numFilled;
    return success();
  }

  void runOnOperation() override {
    WalkResult result = getOperation().walk([&](Operation *op) {
      for (NamedAttribute attribute : op->getAttrDictionary())
        if (auto constant =
                dyn_cast<DenseResourceElementsAttr>(attribute.getValue()))
          if (failed(fill(op, constant)))
            return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
