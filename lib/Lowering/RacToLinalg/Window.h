//===- Window.h - What convolutions and pools share -------------*- C++ -*-===//

#ifndef RAC_LOWERING_RACTOLINALG_WINDOW_H
#define RAC_LOWERING_RACTOLINALG_WINDOW_H

#include "Utils.h"

namespace rac::lowering {

/// Most window elements that are unrolled into operands of one generic.
constexpr int64_t kMostUnrolled = 25;

/// `values` for the spatial dimensions as amounts for N x spatial x C.
Sizes spatialAmounts(mlir::OpBuilder &b, llvm::ArrayRef<int64_t> values);
/// Checks that the window fits the padded input: no negative result size.
void checkWindowFits(mlir::OpBuilder &b, mlir::Location loc,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// All positions in a window, in row-major order.
llvm::SmallVector<llvm::SmallVector<int64_t>>
windowPositions(llvm::ArrayRef<int64_t> window);
/// The elements of `padded` that are at `position` in their windows, as a
/// tensor of the result's sizes.
mlir::Value windowSlice(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value padded, llvm::ArrayRef<int64_t> position,
                        llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        llvm::ArrayRef<int64_t> strides,
                        llvm::ArrayRef<int64_t> dilations);
/// Input position stride * o + dilation * k for each spatial dimension.
llvm::SmallVector<mlir::AffineExpr>
windowExprs(llvm::ArrayRef<mlir::AffineExpr> outs,
            llvm::ArrayRef<mlir::AffineExpr> window,
            llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations);

} // namespace rac::lowering

#endif // RAC_LOWERING_RACTOLINALG_WINDOW_H
