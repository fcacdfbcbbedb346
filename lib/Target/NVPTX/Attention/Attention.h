//===- Attention.h - softmax(f(q k)) v as one kernel ------------*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ATTENTION_ATTENTION_H
#define RAC_LIB_TARGET_NVPTX_ATTENTION_ATTENTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rac::gemm {
struct TileLimits;
} // namespace rac::gemm

namespace rac::attention {

/// Two products of f32, f16 or bf16, summed in f32, with a softmax over what
/// the first one gives, and elementwise ops before that. The scores' dimensions
/// are any number of outer ones, then rows (queries), then columns (keys).
struct Attention {
  mlir::linalg::LinalgOp scores;
  llvm::SmallVector<mlir::linalg::LinalgOp> between; ///< in order
  /// All that is between, if it is no more: scores are multiplied with a
  /// positive number, and those of columns after the row's number become -inf.
  std::optional<double> scale;
  bool causal = false;
  mlir::linalg::LinalgOp maximum, exponentials, sum, weights;
  mlir::linalg::LinalgOp output;
  llvm::SmallVector<mlir::linalg::FillOp> fills;

  mlir::OpOperand *q = nullptr, *k = nullptr, *v = nullptr;
  /// The scores' dimensions as loops of either product.
  llvm::SmallVector<unsigned> scoreLoops, outputLoops;
  /// Weights that are no numbers count as 0.
  bool zeroForNaN = false;
  /// Where an elementwise op alone reads the result; null: nowhere.
  mlir::OpOperand *epilogue = nullptr;
  unsigned depthLoop = 0;        ///< of `scores`: along a query
  unsigned valueLoop = 0;        ///< of `output`: along a value
  int64_t depth = 0, values = 0; ///< how long those are

  mlir::Type element; ///< of the queries, keys and values

  bool isHalf() const { return element.isF16() || element.isBF16(); }
  unsigned rank() const { return scoreLoops.size(); }
  /// The op that writes the result.
  mlir::linalg::LinalgOp last() const {
    return epilogue ? mlir::cast<mlir::linalg::LinalgOp>(epilogue->getOwner())
                    : output;
  }
};

/// The attention that begins with the first of `ops`, which follow each other
/// with nothing in between; or, in `why`, the reason that none does.
std::optional<Attention>
matchAttention(llvm::ArrayRef<mlir::linalg::LinalgOp> ops, std::string &why);

/// What a block of warp groups has: rows, a multiple of 64; columns at once;
/// and tiles of keys and values on their way.
struct WarpgroupTile {
  int64_t rows, columns, stages;
};

/// Builds the kernel in place of the ops: a block has some rows and goes over
/// all columns, of which it has a tile at a time. The scores of a tile are in
/// registers; as the largest of a row is known only at the end, what was summed
/// is scaled whenever it grows. `planned`: the tile where warp groups multiply.
void emitAttention(const Attention &attention, const gemm::TileLimits &limits,
                   std::optional<WarpgroupTile> planned);

} // namespace rac::attention

#endif // RAC_LIB_TARGET_NVPTX_ATTENTION_ATTENTION_H
