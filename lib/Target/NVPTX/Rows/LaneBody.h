//===- LaneBody.h - A linalg op's operands and body in a thread -*- C++ -*-===//

#ifndef RAC_LIB_TARGET_NVPTX_ROWS_LANEBODY_H
#define RAC_LIB_TARGET_NVPTX_ROWS_LANEBODY_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "rac/Lowering/ElementBytes.h"
#include "rac/Target/NVPTX/Passes.h"

namespace rac::nvptx {

using Values = llvm::SmallVector<mlir::Value>;

/// What a thread loads or stores at once, B: as much as buffers are aligned
/// for.
constexpr int64_t kAccessBytes = kBufferAlignment;
/// The most neighbours that a thread computes: of narrow types next to wide
/// ones more would take too many registers.
constexpr int64_t kMostLanes = 8;

/// Sizes that have to be multiples of the lanes, for accesses of 16 bytes to
/// be aligned: dimension `second` of buffer `first`.
using Multiples = llvm::SmallSetVector<std::pair<mlir::Value, int64_t>, 4>;

/// Whether all rows of the last dimension of `buffer` start at a multiple of
/// `elements`, if so do the sizes that are added to `multiples`.
bool hasAlignedRows(mlir::Value buffer, int64_t elements, Multiples &multiples);

/// How neighbouring lanes touch an operand.
enum class Access { same, contiguous, single };

/// Where `map` has `lane`, one of its dimensions (none: no lanes).
Access accessOf(mlir::Value buffer, mlir::AffineMap map,
                std::optional<unsigned> lane);

/// An op, and the loop of it that neighbours are along.
using LaneLoop = std::pair<mlir::linalg::LinalgOp, unsigned>;

/// The neighbours that 16 bytes hold of each operand that is contiguous along
/// the loop: of the narrowest; 1 where none is, or one may not be aligned.
/// Buffers that are `kept` in registers don't matter.
int64_t chooseLanes(
    llvm::ArrayRef<LaneLoop> loops, Multiples &multiples,
    llvm::function_ref<bool(mlir::Value)> kept = [](mlir::Value) {
      return false;
    });

/// Whether all `multiples`, and `sizes`, are such of `lanes`; null if that is
/// known.
mlir::Value areMultiples(mlir::OpBuilder &builder, mlir::Location loc,
                         const Multiples &multiples, mlir::ValueRange sizes,
                         int64_t lanes);

/// Where an operand has the element for `position`.
Values indicesOf(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::AffineMap map, mlir::ValueRange position);

/// The elements at `position` (an index for each dimension of `map`) and the
/// `lanes` - 1 next along `lane`.
Values loadLanes(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::Value buffer, mlir::AffineMap map,
                 mlir::ValueRange position, std::optional<unsigned> lane,
                 int64_t lanes);
void storeLanes(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::ValueRange values, mlir::Value buffer,
                mlir::AffineMap map, mlir::ValueRange position,
                std::optional<unsigned> lane);

/// `op`'s body on `arguments`, one of each operand, and what it yields. Where
/// it asks for the index of a loop, that is in `position`.
Values inlineBody(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
                  mlir::ValueRange position, mlir::ValueRange arguments);

/// `position` moved by `by` along `loop`.
Values moved(mlir::OpBuilder &builder, mlir::Location loc,
             mlir::ValueRange position, std::optional<unsigned> loop,
             int64_t by);

/// Values with `lanes` neighbours each in a row, and back: what loops carry.
Values flatten(llvm::ArrayRef<Values> values);
llvm::SmallVector<Values> unflatten(mlir::ValueRange flat, size_t lanes);

} // namespace rac::nvptx

#endif // RAC_LIB_TARGET_NVPTX_ROWS_LANEBODY_H
