//===- GpuFloat8.cpp - Floats of 8 bits by a GPU's instructions -----------===//
//
// The instructions convert two at a time, and what is too large to the largest:
// PTX ISA, cvt. What has no neighbour is converted with a zero.
//
//===----------------------------------------------------------------------===//

#include "Gemm/Atom.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac {
#define GEN_PASS_DEF_GPUFLOAT8
#include "rac/Target/NVPTX/Passes.h.inc"
} // namespace rac

using namespace mlir;

namespace {

/// The largest f8E4M3FN, and the last number that is rounded to it.
constexpr double kMost = 448, kRoundedToMost = 464;

bool isConstant(Value value, double number) {
  FloatAttr attribute;
  return matchPattern(value, m_Constant(&attribute)) &&
         attribute.getValueAsDouble() == number;
}

/// What `value` is where that is no more than `most` away from zero: the
/// operand of a selection of `bound` where it lies beyond.
Value beforeBound(Value value, double bound) {
  auto select = value.getDefiningOp<arith::SelectOp>();
  auto beyond = select ? select.getCondition().getDefiningOp<arith::CmpFOp>()
                       : arith::CmpFOp();
  if (!beyond || !isConstant(select.getTrueValue(), bound))
    return {};
  using arith::CmpFPredicate;
  Value small = beyond.getLhs(), large = beyond.getRhs();
  if (beyond.getPredicate() == CmpFPredicate::OGT)
    std::swap(small, large);
  else if (beyond.getPredicate() != CmpFPredicate::OLT)
    return {};
  Value x = select.getFalseValue();
  Value limit = bound > 0 ? small : large, other = bound > 0 ? large : small;
  return isConstant(limit, bound) && other == x ? x : Value();
}

/// A conversion's operand in f32, and whether what is too large becomes the
/// largest, as the instruction has it, or NaN, as arith.truncf does.
struct Operand {
  Value value;
  bool saturates = false;
};

Operand operandOf(OpBuilder &b, arith::TruncFOp op) {
  Value x = op.getIn();
  bool saturates = false;
  if (Value below = beforeBound(x, kMost))
    if (Value both = beforeBound(below, -kMost)) {
      x = both;
      saturates = true;
    }
  Type f32 = b.getF32Type();
  if (x.getType().getIntOrFloatBitWidth() < 32)
    x = arith::ExtFOp::create(b, op.getLoc(), f32, x);
  else if (x.getType() != f32)
    x = arith::TruncFOp::create(b, op.getLoc(), f32, x);
  return {x, saturates};
}

/// The bits of NaN where `x` isn't rounded to a finite number.
Value orNan(OpBuilder &b, Location loc, Value bits, Value x) {
  Value most =
      arith::ConstantOp::create(b, loc, b.getF32FloatAttr(kRoundedToMost));
  Value beyond = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                       math::AbsFOp::create(b, loc, x), most);
  // They differ from the largest's in the last.
  return arith::OrIOp::create(
      b, loc, bits, arith::ExtUIOp::create(b, loc, bits.getType(), beyond));
}

void convert(MutableArrayRef<arith::TruncFOp> ops) {
  OpBuilder b(ops.back());
  Location loc = ops.back().getLoc();
  SmallVector<Operand, 2> operands;
  for (arith::TruncFOp op : ops)
    operands.push_back(operandOf(b, op));
  Value first = operands.front().value;
  Value second = ops.size() > 1
                     ? operands.back().value
                     : arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  Value pair = NVVM::ConvertF32x2ToF8x2Op::create(
      b, loc, VectorType::get(2, b.getI8Type()), second, first,
      NVVM::FPRoundingMode::RN, NVVM::SaturationMode::SATFINITE,
      /*relu=*/false, Float8E4M3FNType::get(b.getContext()));
  for (auto [i, op] : llvm::enumerate(ops)) {
    Value bits = vector::ExtractOp::create(b, loc, pair, i);
    if (!operands[i].saturates)
      bits = orNan(b, loc, bits, operands[i].value);
    op.replaceAllUsesWith(
        arith::BitcastOp::create(b, loc, op.getType(), bits).getResult());
    op.erase();
  }
}

/// Through f16, which has all of them.
void convert(MutableArrayRef<arith::ExtFOp> ops) {
  OpBuilder b(ops.back());
  Location loc = ops.back().getLoc();
  Type i8 = b.getI8Type(), f16 = b.getF16Type(), f32 = b.getF32Type();
  SmallVector<Value, 2> bytes;
  for (arith::ExtFOp op : ops)
    bytes.push_back(arith::BitcastOp::create(b, loc, i8, op.getIn()));
  if (ops.size() == 1)
    bytes.push_back(arith::ConstantIntOp::create(b, loc, i8, 0));
  Value pair =
      vector::FromElementsOp::create(b, loc, VectorType::get(2, i8), bytes);
  Value halves = NVVM::ConvertF8x2ToF16x2Op::create(
      b, loc, VectorType::get(2, f16), pair, /*relu=*/false,
      Float8E4M3FNType::get(b.getContext()));
  for (auto [i, op] : llvm::enumerate(ops)) {
    Value x = vector::ExtractOp::create(b, loc, halves, i);
    Type type = op.getType();
    if (type != f16)
      x = arith::ExtFOp::create(b, loc, type.isF64() ? type : f32, x);
    if (type.isBF16())
      x = arith::TruncFOp::create(b, loc, type, x);
    op.replaceAllUsesWith(x);
    op.erase();
  }
}

bool isConversion(arith::TruncFOp op) {
  return isa<Float8E4M3FNType>(op.getType());
}
bool isConversion(arith::ExtFOp op) {
  return isa<Float8E4M3FNType>(op.getIn().getType());
}

/// Whether nobody uses what `op` gives before `later`.
bool canWait(Operation *op, Operation *later) {
  return llvm::all_of(op->getUsers(), [&](Operation *user) {
    Operation *here = op->getBlock()->findAncestorOpInBlock(*user);
    return here && later->isBeforeInBlock(here);
  });
}

/// Converts neighbours in a block together. Returns how many there were.
template <typename OpT> unsigned convertAll(gpu::GPUFuncOp kernel) {
  llvm::MapVector<Block *, SmallVector<OpT>> blocks;
  kernel.walk([&](OpT op) {
    if (isConversion(op))
      blocks[op->getBlock()].push_back(op);
  });
  unsigned count = 0;
  for (auto &[block, ops] : blocks) {
    count += ops.size();
    for (MutableArrayRef<OpT> left = ops; !left.empty();) {
      size_t taken = left.size() > 1 && canWait(left[0], left[1]) ? 2 : 1;
      convert(left.take_front(taken));
      left = left.drop_front(taken);
    }
  }
  return count;
}

struct GpuFloat8Pass : rac::impl::GpuFloat8Base<GpuFloat8Pass> {
  using GpuFloat8Base::GpuFloat8Base;

  void runOnOperation() override {
    if (!rac::gemm::hasFloat8(chip))
      return;
    numConverted += convertAll<arith::TruncFOp>(getOperation());
    numConverted += convertAll<arith::ExtFOp>(getOperation());
  }
};

} // namespace
