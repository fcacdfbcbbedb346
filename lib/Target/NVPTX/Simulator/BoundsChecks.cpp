//===- BoundsChecks.cpp - Kernels stay inside of their buffers ------------===//

#include "Calls.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace {

/// Where an op reads or writes: `last` elements after the one at `indices`,
/// too.
struct Access {
  Value buffer;
  ValueRange indices;
  int64_t last = 0;
};

std::optional<Access> accessOf(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::optional<Access>>(op)
      .Case<memref::LoadOp, memref::StoreOp, memref::AtomicRMWOp>(
          [](auto op) { return Access{op.getMemref(), op.getIndices()}; })
      .Case<vector::LoadOp, vector::StoreOp>(
          [](auto op) -> std::optional<Access> {
            VectorType type = op.getVectorType();
            if (type.getRank() != 1 || type.isScalable())
              return std::nullopt;
            return Access{op.getBase(), op.getIndices(),
                          type.getDimSize(0) - 1};
          })
      .Default([](Operation *) { return std::nullopt; });
}

/// Asserts that all indices are below the sizes, as numbers without sign.
void check(Operation *op, const Access &access) {
  auto type = cast<MemRefType>(access.buffer.getType());
  OpBuilder builder(op);
  Location loc = op->getLoc();
  Value inside;
  for (auto [dim, index] : llvm::enumerate(access.indices)) {
    Value end = index;
    if (access.last && dim + 1 == access.indices.size())
      end = arith::AddIOp::create(
          builder, loc, index,
          arith::ConstantIndexOp::create(builder, loc, access.last));
    Value size = memref::DimOp::create(builder, loc, access.buffer, dim);
    Value fits = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                       end, size);
    inside = inside ? arith::AndIOp::create(builder, loc, inside, fits) : fits;
  }
  if (!inside)
    return;
  std::string message;
  llvm::raw_string_ostream(message)
      << op->getName() << " outside of its " << type;
  cf::AssertOp::create(builder, loc, inside, message);
}

} // namespace

void rac::simulator::addBoundsChecks(Operation *kernel) {
  SmallVector<std::pair<Operation *, Access>> accesses;
  kernel->walk([&](Operation *op) {
    if (auto access = accessOf(op))
      accesses.emplace_back(op, *access);
  });
  for (auto &[op, access] : accesses)
    check(op, access);
}
