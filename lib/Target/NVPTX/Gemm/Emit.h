//===- Emit.h - Index arithmetic that folds as it is built ------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_EMIT_H
#define RAC_LIB_TARGET_NVPTX_GEMM_EMIT_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

namespace rac::gemm {

/// A number of type index, known or computed.
using Index = mlir::OpFoldResult;

/// Builds arithmetic of indices; what is known already is no op. Only what is
/// added or compared may be negative.
struct Emit {
  mlir::OpBuilder &b;
  mlir::Location loc;

  mlir::Value value(Index x);
  Index number(int64_t x) { return b.getIndexAttr(x); }
  Index add(Index x, Index y);
  Index sub(Index x, Index y);
  Index mul(Index x, Index y);
  Index div(Index x, Index y);
  Index rem(Index x, Index y);
  Index ceilDiv(Index x, Index y);
  Index min(Index x, Index y);
  Index exclusiveOr(Index x, Index y);
  /// 0 <= x < y; null where that always holds.
  mlir::Value less(Index x, Index y);
  /// Both hold; null stands for what always does.
  mlir::Value both(mlir::Value x, mlir::Value y);
  mlir::Value select(mlir::Value condition, Index yes, Index no);
  mlir::Value zero(mlir::Type type);
  /// Goes on where the condition holds; null: everywhere.
  void enter(mlir::Value condition);
};

/// The iterations of several loops together.
Index sizeOf(Emit &e, llvm::ArrayRef<unsigned> loops,
             llvm::ArrayRef<Index> extents);

std::optional<int64_t> known(Index x);
inline bool isKnown(Index x, int64_t value) { return known(x) == value; }

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_EMIT_H
