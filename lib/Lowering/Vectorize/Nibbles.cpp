//===- Nibbles.cpp - Floats of four bits ----------------------------------===//

#include "Nibbles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace rac::vectorize;

static bool isConstant(Value value, int64_t wanted) {
  APInt number;
  return matchPattern(value, m_ConstantInt(&number)) &&
         number.getSExtValue() == wanted;
}

std::optional<Nibble> rac::vectorize::halfOf(Value value) {
  Value wide;
  bool high = false;
  if (auto masked = value.getDefiningOp<arith::AndIOp>();
      masked && isConstant(masked.getRhs(), 15)) {
    wide = masked.getLhs();
  } else if (auto shifted = value.getDefiningOp<arith::ShRUIOp>();
             shifted && isConstant(shifted.getRhs(), 4)) {
    wide = shifted.getLhs();
    high = true;
  }
  auto extended =
      wide ? wide.getDefiningOp<arith::ExtUIOp>() : arith::ExtUIOp();
  if (!extended || !extended.getIn().getType().isInteger(8))
    return std::nullopt;
  return Nibble{extended.getIn(), high};
}

std::optional<Nibble> rac::vectorize::nibbleOf(Operation *widening) {
  auto toFloat = dyn_cast<arith::SIToFPOp>(widening);
  if (!toFloat || !toFloat.getType().isF32())
    return std::nullopt;
  auto step = toFloat.getIn().getDefiningOp<arith::SubIOp>();
  if (!step || !step.getType().isInteger(32) || !isConstant(step.getRhs(), 8))
    return std::nullopt;
  return halfOf(step.getLhs());
}

llvm::StringRef rac::vectorize::findNibbleLookup(ArrayRef<std::string> dots) {
  for (StringRef known : dots)
    if (known.consume_front("i4:f32:"))
      return known;
  return "";
}

Value rac::vectorize::lookUpNibbles(OpBuilder &builder, Location loc,
                                    StringRef intrinsic, Value bytes,
                                    bool high) {
  auto type = cast<VectorType>(bytes.getType());
  VectorType wide = type.clone(builder.getI32Type()),
             floats = type.clone(builder.getF32Type());
  // Of a lane's index only the lowest four bits count.
  Value index = arith::ExtUIOp::create(builder, loc, wide, bytes);
  if (high)
    index = arith::ShRUIOp::create(
        builder, loc, index,
        arith::ConstantOp::create(
            builder, loc,
            DenseElementsAttr::get(wide, builder.getI32IntegerAttr(4))));
  SmallVector<float> values;
  for (int step : llvm::seq(16))
    values.push_back(static_cast<float>(step - 8));
  Value table = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(floats, ArrayRef(values)));
  return LLVM::CallIntrinsicOp::create(builder, loc, floats,
                                       builder.getStringAttr(intrinsic),
                                       ValueRange{table, index})
      .getResult(0);
}
