//===- Result.h - From sums to the result in memory -------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_GEMM_RESULT_H
#define RAC_LIB_TARGET_NVPTX_GEMM_RESULT_H

#include "Access.h"
#include "Contraction.h"

namespace rac::gemm {

/// Writes elements of the result, after the epilogue if there is one. Made
/// where the launch will be, used inside.
class Result {
public:
  Result(Emit &e, const Contraction &contraction,
         llvm::ArrayRef<Index> extents);

  /// Whether elements that neighbour in memory are of neighbouring columns.
  bool alongColumns() const { return columnsFast; }
  /// Neighbours that are written together.
  int64_t vector() const { return count; }

  /// Writes the elements from (row, column) on whose sums those are.
  void write(Emit &e, Index batch, Index row, Index column,
             llvm::ArrayRef<mlir::Value> sums) const;

private:
  struct Operand {
    mlir::BlockArgument argument;
    Access access;
    Terms batch, rows, columns;
    int64_t together; ///< elements that lie together; 0: all are the same one
  };
  Operand operandOf(Emit &e, mlir::OpOperand &operand,
                    llvm::ArrayRef<Index> extents) const;
  Index startOf(Emit &e, const Operand &operand, Index batch, Index row,
                Index column) const;
  llvm::SmallVector<mlir::Value> load(Emit &e, const Operand &operand,
                                      Index batch, Index row,
                                      Index column) const;
  mlir::Value finish(Emit &e, mlir::Value sum) const;
  Index loopIndex(Emit &e, unsigned loop, Index batch, Index row,
                  Index column) const;

  Contraction contraction;
  llvm::SmallVector<Index> extents;
  bool columnsFast;
  int64_t count;
  std::vector<Operand> inputs;
  std::optional<Operand> output;
};

} // namespace rac::gemm

#endif // RAC_LIB_TARGET_NVPTX_GEMM_RESULT_H
