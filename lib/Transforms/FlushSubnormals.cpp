//===- FlushSubnormals.cpp - Weights too small for a multiplication -------===//
//
// A processor multiplies a subnormal number in microcode: a hundred times as
// long. Trained weights that decayed are often such. Less than 2^-126, they are
// nothing beside any other term.
//
//===----------------------------------------------------------------------===//

#include "FlushSubnormals.h"
#include "Constants.h"
#include "rac/Dialect/Rac/IR/RacDialect.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace rac;

static bool isSubnormal(float value) {
  constexpr uint32_t kExponent = 0x7f800000, kMantissa = 0x007fffff;
  auto bits = llvm::bit_cast<uint32_t>(value);
  return (bits & kExponent) == 0 && (bits & kMantissa) != 0;
}

static ArrayRef<float> floatsOf(const ConstantBytes &data) {
  return {reinterpret_cast<const float *>(data.bytes.data()),
          data.bytes.size() / sizeof(float)};
}

/// The same with zeros for subnormal numbers; null: it has none.
static Value flushed(ConstantOp constant) {
  std::optional<ConstantBytes> data = getConstantBytes(constant);
  if (!data || llvm::none_of(floatsOf(*data), isSubnormal))
    return {};
  OpBuilder builder(constant);
  SmallVector<float> values = *getFloats(constant);
  for (float &value : values)
    if (isSubnormal(value))
      value = 0;
  return makeFloats(builder, constant.getLoc(), constant.getType(), values);
}

void rac::flushSubnormalWeights(func::FuncOp function) {
  llvm::DenseMap<Operation *, Value> known;
  function.walk([&](Operation *op) {
    if (!isa<MatmulOp, ConvOp, ConvTransposeOp>(op))
      return;
    for (OpOperand &operand : op->getOpOperands()) {
      auto constant = operand.get().getDefiningOp<ConstantOp>();
      if (!constant || !constant.getType().getElementType().isF32())
        continue;
      auto [place, isNew] = known.try_emplace(constant);
      if (isNew)
        place->second = flushed(constant);
      if (place->second)
        operand.set(place->second);
    }
  });
}
